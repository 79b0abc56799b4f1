// Registers: the smallest histories of each fault; agreement with a search that tries every order, on thousands of tiny
// random histories, right and wrong; and the bounds.

import { expect, test } from 'vitest'
import { failed, historyOf, ok, unknown } from './hand-made.ts'
import { checkRegisters } from './register.ts'
import { SeededRandom } from './seeded-random.ts'
import { registers } from './simulated-models.ts'
import { simulate } from './simulated-store.ts'
import type { RegisterCall, RegisterOperation, RegisterReply, Value } from './workloads.ts'

type Call = RegisterCall
type Reply = RegisterReply

const read: Call = ['read', 'x']
const write = (value: Value | null): Call => ['write', 'x', value]
const cas = (expected: Value | null, value: Value | null): Call => ['cas', 'x', expected, value]

function resultOf(...operations: readonly RegisterOperation[]): string {
  return checkRegisters(historyOf(...operations)).result
}

test('a read before any write is null', () => {
  expect(resultOf(ok<Call, Reply>('a', [0, 1], read, null))).toBe('valid')
  expect(resultOf(ok<Call, Reply>('a', [0, 1], read, 1))).toBe('violated')
})

test('a stale read is found', () => {
  const written = ok<Call, Reply>('a', [0, 1], write(1), null)
  expect(resultOf(written, ok<Call, Reply>('b', [2, 3], read, 1))).toBe('valid')
  expect(resultOf(written, ok<Call, Reply>('b', [2, 3], read, null))).toBe('violated')
  expect(resultOf(written, ok<Call, Reply>('b', [1, 3], read, null))).toBe('valid')
})

test('a write is seen and then not seen any more: found', () => {
  const written = ok<Call, Reply>('a', [0, 100], write(1), null)
  const seen = ok<Call, Reply>('b', [10, 20], read, 1)
  expect(resultOf(written, seen, ok<Call, Reply>('b', [30, 40], read, 1))).toBe('valid')
  expect(resultOf(written, seen, ok<Call, Reply>('b', [30, 40], read, null))).toBe('violated')
})

test('two compare-and-sets of the same value cannot both match', () => {
  const first = ok<Call, Reply>('a', [0, 9], cas(null, 1), true)
  expect(resultOf(first, ok<Call, Reply>('b', [0, 9], cas(null, 2), false))).toBe('valid')
  expect(resultOf(first, ok<Call, Reply>('b', [0, 9], cas(null, 2), true))).toBe('violated')
})

test('a compare-and-set that missed, though nothing else was there, is found', () => {
  expect(resultOf(ok<Call, Reply>('a', [0, 1], cas(null, 1), false))).toBe('violated')
  expect(resultOf(unknown<Call>('b', 0, write(7)), ok<Call, Reply>('a', [1, 2], cas(null, 1), false))).toBe('valid')
})

test('what failed has not happened', () => {
  expect(resultOf(failed<Call>('a', [0, 1], write(1)), ok<Call, Reply>('b', [2, 3], read, 1))).toBe('violated')
})

test('what timed out happens once at most, but at any later time', () => {
  const timedOut = unknown<Call>('a', 0, write(1))
  const reads = (...values: readonly number[]): RegisterOperation[] =>
    values.map((value, at) => ok<Call, Reply>('b', [at * 10 + 20, at * 10 + 25], read, value))
  const written = ok<Call, Reply>('b', [10, 11], write(2), null)
  expect(resultOf(timedOut, written, ...reads(2, 2, 1))).toBe('valid')
  expect(resultOf(timedOut, written, ...reads(2, 1, 2))).toBe('violated')
})

test('what timed out cannot happen before it was invoked', () => {
  expect(resultOf(unknown<Call>('a', 10, write(1)), ok<Call, Reply>('b', [0, 9], read, 1))).toBe('violated')
})

test('keys are judged each for itself', () => {
  const other = ok<Call, Reply>('a', [0, 1], ['write', 'y', 1], null)
  expect(resultOf(other, ok<Call, Reply>('b', [2, 3], read, null))).toBe('valid')
})

test('the failing window is explained', () => {
  const { anomalies } = checkRegisters(
    historyOf(
      ok<Call, Reply>('a', [0, 1], write(1), null),
      ok<Call, Reply>('a', [2, 30], write(2), null),
      ok<Call, Reply>('b', [3, 20], read, 7),
    ),
  )
  expect(anomalies.map(({ explanation }) => explanation)).toEqual([
    [
      'register x: up to 20 µs the order of completions can be explained, with the register then holding 1; from there ' +
        'no order of these operations, which were under way, explains read → 7, operation 2 (process b, 3 µs to 20 µs):',
      '  write 2 → null, operation 1 (process a, 2 µs to 30 µs)',
    ].join('\n'),
  ])
})

test('a search that reaches a bound is undecided and names it, and claims nothing', () => {
  const history = historyOf(
    ...Array.from({ length: 12 }, (_, at) => unknown<Call>(`u${at}`, 0, write(at))),
    ...Array.from({ length: 12 }, (_, at) => ok<Call, Reply>(`w${at}`, [0, 100 + at], write(at), null)),
    ok<Call, Reply>('r', [200, 201], read, 99),
    ok<Call, Reply>('s', [0, 50], cas(3, 4), true),
  )
  const few = checkRegisters(history, { configurationsMax: 10, stepsMax: 1e6, narrowWidth: 1 })
  expect([few.result, few.undecided[0]]).toEqual(['undecided', expect.stringContaining('configurationsMax (10)')])
  const short = checkRegisters(history, { configurationsMax: 1e6, stepsMax: 100, narrowWidth: 1 })
  expect([short.result, short.undecided[0]]).toEqual(['undecided', expect.stringContaining('stepsMax (100)')])
})

test.each([1, 2, 3, 4])('what the simulated store did is linearizable: seed %i', (seed) => {
  const options = { seed, processes: 8, operations: 2000, unknown: 0.02, failed: 0.02 }
  expect(checkRegisters(simulate(registers(10, 5), options))).toMatchObject({ result: 'valid', undecided: [] })
})

test.each([1, 2, 3, 4])('the search agrees with trying every order: seed %i', (seed) => {
  const random = new SeededRandom(seed)
  const seen = { valid: 0, violated: 0, undecided: 0 }
  for (let round = 0; round < 1500; round++) {
    const options = { seed: random.below(2 ** 31), processes: 4, operations: 7, unknown: 0.3, failed: 0 }
    const history = simulate(registers(1, 3), options).map((operation) => tamper(operation, random))
    // A first search that keeps a single configuration must not change the verdict.
    const { result } = checkRegisters(history, {
      configurationsMax: 1e6,
      stepsMax: 1e6,
      narrowWidth: (round % 2) * 63 + 1,
    })
    seen[result]++
    expect({ result, history }).toEqual({ result: someOrderFits(history) ? 'valid' : 'violated', history })
  }
  expect(seen.undecided).toBe(0)
  expect(seen.valid).toBeGreaterThan(100)
  expect(seen.violated).toBeGreaterThan(100)
})

// Every eighth reply becomes another.
function tamper(operation: RegisterOperation, random: SeededRandom): RegisterOperation {
  if (operation.outcome !== 'ok' || !random.happens(0.125) || operation.call[0] === 'write') return operation
  return { ...operation, reply: operation.call[0] === 'cas' ? !operation.reply : random.below(3) }
}

// Every order that agrees with real time, with every set of unknown operations, by plain recursion.
function someOrderFits(operations: readonly RegisterOperation[], content: Value | null = null): boolean {
  if (operations.every(({ outcome }) => outcome === 'unknown')) return true
  return operations.some((operation) => {
    if (operations.some(({ completedUs }) => completedUs < operation.invokedUs)) return false
    const rest = operations.filter((other) => other !== operation)
    const { call, outcome, reply } = operation
    const replied = call[0] === 'read' ? content : call[0] === 'cas' ? content === call[2] : null
    if (outcome === 'ok' && replied !== reply) return false
    if (call[0] === 'write') return someOrderFits(rest, call[2])
    return someOrderFits(rest, call[0] === 'cas' && replied === true ? call[3] : content)
  })
}
