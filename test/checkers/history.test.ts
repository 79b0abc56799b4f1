// Histories and their files: what was recorded comes back, what a kill leaves is understood, and what makes no sense is an
// error that says where.

import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkHistory, report } from './check-history.ts'
import { HistoryWriter, readHistory, type History } from './history-file.ts'
import { HistoryError } from './history.ts'
import type { Workload } from './workloads.ts'

const program = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? 'main.js' : '../dist/checkers/main.js', import.meta.url),
)
const register: Workload = { kind: 'register' }
let folder = ''
let files = 0

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamy-history-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function newPath(): string {
  return join(folder, `client-${files++}.ndjson`)
}

/** Writes a history on a clock that goes on by 10 µs an event. */
function recorded(write: (writer: HistoryWriter) => void, workload = register, startUs = 0): string {
  const path = newPath()
  let nowUs = startUs
  const writer = new HistoryWriter(path, workload, () => (nowUs += 10))
  write(writer)
  writer.close()
  return path
}

function lines(...events: readonly (object | string)[]): string {
  const path = newPath()
  const header = { format: 'streamy-history', version: 1, workload: register }
  const texts = [header, ...events].map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  writeFileSync(path, `${texts.join('\n')}\n`)
  return path
}

const invocation = { id: 0, process: 'a', atUs: 1, call: ['read', 'x'] }
const completion = { id: 0, atUs: 2, outcome: 'ok', reply: null }

test('what was written is read, in order of invocation', () => {
  const path = recorded((writer) => {
    const write = writer.invoke('a', ['write', 'x', 1])
    const read = writer.invoke('b', ['read', 'x'])
    writer.complete(read, { outcome: 'ok', reply: 1, position: 7 })
    writer.complete(write, { outcome: 'ok' })
    writer.complete(writer.invoke('a', ['cas', 'x', 1, 2]), { outcome: 'failed' })
    writer.complete(writer.invoke('b', ['write', 'x', 3]), { outcome: 'unknown' })
    writer.invoke('b', ['write', 'x', 4])
  })
  const { workload, operations } = readHistory([path])
  expect(workload).toEqual(register)
  const unanswered = { reply: undefined, position: undefined }
  const [a, b] = [{ process: 'a' }, { process: 'b' }]
  expect(operations).toEqual([
    {
      index: 0,
      ...a,
      call: ['write', 'x', 1],
      invokedUs: 10,
      completedUs: 40,
      outcome: 'ok',
      ...unanswered,
      reply: null,
    },
    { index: 1, ...b, call: ['read', 'x'], invokedUs: 20, completedUs: 30, outcome: 'ok', reply: 1, position: 7 },
    { index: 2, ...a, call: ['cas', 'x', 1, 2], invokedUs: 50, completedUs: 60, outcome: 'failed', ...unanswered },
    {
      index: 3,
      ...b,
      call: ['write', 'x', 3],
      invokedUs: 70,
      completedUs: Infinity,
      outcome: 'unknown',
      ...unanswered,
    },
    {
      index: 4,
      ...b,
      call: ['write', 'x', 4],
      invokedUs: 90,
      completedUs: Infinity,
      outcome: 'unknown',
      ...unanswered,
    },
  ])
})

test('an invocation is in the file before the operation is invoked', () => {
  const path = newPath()
  const writer = new HistoryWriter(path, register)
  writer.invoke('a', ['read', 'x'])
  expect(readHistory([path]).operations).toHaveLength(1)
  writer.close()
})

test('a file is never written over', () => {
  const path = recorded(() => undefined)
  expect(() => new HistoryWriter(path, register)).toThrow('EEXIST')
})

test('a last line that a kill has torn is passed over, wherever it is torn', () => {
  const whole = readFileSync(lines(invocation, completion))
  const bare = lines()
  const headerEnd = readFileSync(bare).length
  for (let length = headerEnd; length <= whole.length; length++) {
    const path = newPath()
    writeFileSync(path, whole.subarray(0, length))
    const outcomes = readHistory([path]).operations.map(({ outcome }) => outcome)
    const invoked = whole.subarray(headerEnd, length).includes(10) ? ['unknown'] : []
    expect(outcomes).toEqual(length === whole.length ? ['ok'] : invoked)
  }
})

test('lines longer than what is read at once are read whole', () => {
  const long = 'ü'.repeat(3 << 20)
  const path = recorded((writer) => {
    writer.complete(writer.invoke('a', ['write', 'x', long]), { outcome: 'ok' })
    writer.complete(writer.invoke('a', ['read', 'x']), { outcome: 'ok', reply: long })
  })
  expect(checkHistory(readHistory([path])).result).toBe('valid')
})

test.each([
  ['a line that is torn in the middle', ['{"id":0,"pro', completion], 'line 2: the line is not JSON'],
  ['an id that is used twice', [invocation, { ...invocation, process: 'b' }], 'operation 0 is invoked twice'],
  ['a completion of nothing', [completion], 'operation 0 completes but is not under way'],
  ['a second completion', [invocation, completion, completion], 'operation 0 completes but is not under way'],
  [
    'a process that does two things at once',
    [invocation, { ...invocation, id: 1 }],
    'is under way; record one process',
  ],
  ['a clock that goes back', [invocation, { ...completion, atUs: 0 }], 'earlier than the event recorded before'],
  ['a time that is no integer', [{ ...invocation, atUs: 0.5 }], 'no count of microseconds'],
  ['an outcome nobody knows', [invocation, { ...completion, outcome: 'maybe' }], 'neither an invocation nor'],
  ['a position that is no integer', [invocation, { ...completion, position: '7' }], 'position is "7"'],
  ['a call of another workload', [{ ...invocation, call: ['next', 's'] }], 'is no call of register: ["next","s"]'],
  ['a reply of another workload', [invocation, { ...completion, reply: [1] }], 'has no reply of register'],
])('an error: %s', (_, events, message) => {
  const path = lines(...events)
  expect(() => readHistory([path])).toThrow(HistoryError)
  expect(() => readHistory([path])).toThrow(message)
})

test('an error: no history at all, another version, an unknown workload', () => {
  const of = (text: string): string => {
    const path = newPath()
    writeFileSync(path, text)
    return path
  }
  const header = { format: 'streamy-history', version: 1, workload: register }
  expect(() => readHistory([of('')])).toThrow('no complete first line')
  expect(() => readHistory([of('{"a":1}\n')])).toThrow('this is no history')
  expect(() => readHistory([of(`${JSON.stringify({ ...header, version: 2 })}\n`)])).toThrow('version 2')
  expect(() => readHistory([of(`${JSON.stringify({ ...header, workload: { kind: 'x' } })}\n`)])).toThrow('not known')
})

test('several files are one history, whose processes are told apart though they have the same names', () => {
  const first = recorded((writer) => {
    writer.complete(writer.invoke('a', ['write', 'x', 1]), { outcome: 'ok' })
  })
  const second = recorded(
    (writer) => {
      writer.complete(writer.invoke('a', ['read', 'x']), { outcome: 'ok', reply: null })
    },
    register,
    5,
  )
  const { operations } = readHistory([second, first])
  expect(operations.map(({ index, call }) => [index, (call as string[])[0]])).toEqual([
    [0, 'write'],
    [1, 'read'],
  ])
  expect(new Set(operations.map(({ process }) => process)).size).toBe(2)
  expect(() => readHistory([first, recorded(() => undefined, { kind: 'ids' })])).toThrow('different workloads')
})

test.each<[Workload, readonly (readonly [call: unknown, reply: unknown])[], string]>([
  [
    { kind: 'list-append' },
    [
      [[['append', 'x', 1]], [null]],
      [[['read', 'x']], [[]]],
    ],
    'lost-append',
  ],
  [
    register,
    [
      [['write', 'x', 1], null],
      [['read', 'x'], null],
    ],
    'not-linearizable',
  ],
  [{ kind: 'bank', accounts: { a: 1 }, overdrafts: 'refused' }, [[['snapshot'], { a: 2 }]], 'wrong-total'],
  [
    { kind: 'ids' },
    [
      [['next', 's'], 1],
      [['next', 's'], 1],
    ],
    'duplicate-id',
  ],
  [
    { kind: 'requests' },
    [
      [['send', 'q'], 1],
      [['effects'], []],
    ],
    'lost-effect',
  ],
])('each workload has its checkers: %o', (workload, calls, kind) => {
  const path = recorded((writer) => {
    for (const [call, reply] of calls) writer.complete(writer.invoke('a', call), { outcome: 'ok', reply })
  }, workload)
  const history = readHistory([path])
  expect([...checkHistory(history).counts.keys()]).toContain(kind)
  expect(report(history, checkHistory(history))).toMatch(new RegExp(`^${workload.kind}, .*VIOLATED: .*${kind}`, 's'))
})

test('a history in which nothing was acknowledged proves nothing', () => {
  const history: History = { workload: register, operations: [] }
  expect(checkHistory(history)).toMatchObject({ result: 'undecided', undecided: [expect.stringContaining('nothing')] })
})

test('the command says valid, violated, undecided or unusable, and ends accordingly', () => {
  const run = (...args: readonly string[]): { status: number | null; output: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
    return { status, output: stdout + stderr }
  }
  const good = lines(invocation, completion)
  expect(run(good)).toEqual({ status: 0, output: 'register, operations: 1 ok, 0 failed, 0 unknown\n\nvalid\n' })
  const bad = run(lines(invocation, { ...completion, reply: 7 }))
  expect([bad.status, bad.output]).toEqual([1, expect.stringContaining('VIOLATED: not-linearizable 1')])
  expect(run(lines())).toMatchObject({ status: 3, output: expect.stringContaining('nothing was acknowledged') })
  appendFileSync(good, 'nonsense\n')
  expect(run(good)).toMatchObject({ status: 2, output: expect.stringContaining('line 4') })
  expect(run(join(folder, 'absent'))).toMatchObject({ status: 2, output: expect.stringContaining('There is no file') })
  expect(run()).toMatchObject({ status: 2, output: expect.stringContaining('Usage') })
})
