// The invariants of the KeyTransactionProcessor, by their numbers. K4 and K5 are kept by the scanner, so they are tried
// through engines.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ActorRecord } from './actor-record.ts'
import { KeyTransactionProcessor, LockNode, noWrite } from './key-transaction-processor.ts'
import { positionOf } from './position.ts'
import { MemoryCluster } from './testing/memory-cluster.ts'
import { scriptCall, toyRef } from './testing/toy-script.ts'
import { keyIn, toyTransaction } from './testing/toy-transactions.ts'

describe('KeyTransactionProcessor', () => {
  it('K1: a read at t sees exactly the writes before t', () => {
    const actor = new Actor()
    const before = actor.read(1)
    const first = actor.write(2)
    const between = actor.read(3)
    const second = actor.write(4)
    const after = actor.read(5)
    actor.advance()
    expect(before.seen).toEqual([undefined])
    expect([between.seen, after.seen]).toEqual([[], []])
    second.resolve(20)
    actor.advance()
    expect([between.seen, after.seen]).toEqual([[], []])
    first.resolve(10)
    actor.advance()
    expect([between.seen, second.seen, after.seen]).toEqual([[10], [10], [20]])
  })

  it('K1: a node that becomes known late takes its place by position', () => {
    const actor = new Actor()
    const first = actor.write(1)
    actor.advance()
    const last = actor.read(9)
    const late = actor.run(5, () => actor.set(55, 5))
    actor.advance()
    expect([late.runs, last.seen]).toEqual([0, []])
    first.resolve(11)
    actor.advance()
    expect([late.runs, last.seen]).toEqual([1, [55]])
  })

  it('K1: a read never holds up the writer behind it', () => {
    const actor = new Actor()
    actor.read(1)
    const writer = actor.write(2)
    actor.advance()
    expect(writer.seen).toEqual([undefined])
  })

  it('K2: writes that are resolved out of order leave the value of the later position (failed in the 2018 prototype)', () => {
    const actor = new Actor()
    const writers = [1, 2, 3].map((position) => actor.write(position))
    actor.advance()
    for (const index of [2, 0, 1]) {
      writers[index]!.resolve((index + 1) * 10)
      actor.advance()
    }
    expect(actor.value).toBe(30)
    expect(actor.commits).toEqual([1, 2, 3])
    expect(actor.idle).toBe(true)
  })

  it('K3: an abort is invisible to those behind it (failed in the 2018 prototype)', () => {
    const actor = new Actor()
    const first = actor.write(1)
    const aborted = actor.write(2)
    const behind = actor.read(3)
    const writer = actor.write(4)
    actor.advance()
    aborted.abort()
    first.resolve(10)
    actor.advance()
    expect([behind.seen, writer.seen]).toEqual([[10], [10]])
    expect(actor.commits).toEqual([1])
    expect(aborted.done).toBe(1)
  })

  it('K3: an abort of the first write of an actor leaves it absent', () => {
    const actor = new Actor()
    actor.write(1).abort()
    const behind = actor.read(2)
    actor.advance()
    expect(behind.seen).toEqual([undefined])
    expect(actor.commits).toEqual([])
  })

  it('K6: a repeated resolution, or another one, is ignored', () => {
    const actor = new Actor()
    const blocked = actor.write(1)
    const writer = actor.write(2)
    actor.advance()
    writer.resolve(20)
    writer.resolve(21)
    writer.abort()
    blocked.resolve(10)
    blocked.resolve(11)
    actor.advance()
    writer.resolve(22)
    blocked.resolve(12)
    actor.advance()
    expect(actor.value).toBe(20)
    expect([blocked.done, writer.done]).toEqual([1, 1])
  })

  it('a node that must wait at the head is asked again, and holds back those behind it', () => {
    const actor = new Actor()
    let may = false
    const waiting = actor.run(
      1,
      () => (actor.set(5, 1), may),
      () => may,
    )
    const behind = actor.read(2)
    actor.advance()
    actor.advance()
    expect([waiting.runs, behind.seen]).toEqual([2, []])
    may = true
    actor.advance()
    expect([waiting.runs, behind.seen]).toEqual([3, [5]])
  })

  it('a node that comes too late for its place is our bug, never a wrong value', () => {
    const actor = new Actor()
    actor.write(5)
    actor.advance()
    expect(() => actor.read(3)).toThrow(expect.objectContaining({ code: 'INVARIANT_BROKEN' }))
  })

  it('K1, K2, K3: any order of resolving comes to what one after the other comes to', () => {
    const node = fc.constantFrom('read', 'write', 'abort')
    const scenario = fc
      .array(node, { minLength: 1, maxLength: 12 })
      .chain((kinds) =>
        fc.tuple(
          fc.constant(kinds),
          fc.shuffledSubarray([...kinds.keys()], { minLength: kinds.length }),
          fc.array(fc.nat(kinds.length)),
        ),
      )
    fc.assert(
      fc.property(scenario, ([kinds, order, advances]) => {
        const actor = new Actor()
        const nodes = kinds.map((kind, index) => (kind === 'read' ? actor.read(index + 1) : actor.write(index + 1)))
        order.forEach((index, step) => {
          if (advances.includes(step)) actor.advance()
          if (kinds[index] === 'write') (nodes[index] as Writer).resolve(index + 1)
          if (kinds[index] === 'abort') (nodes[index] as Writer).abort()
        })
        actor.advance()
        let value: number | undefined = undefined
        kinds.forEach((kind, index) => {
          expect(nodes[index]!.seen).toEqual([value])
          if (kind === 'write') value = index + 1
        })
        expect(actor.value).toBe(value)
        expect(actor.idle).toBe(true)
      }),
    )
  })
})

describe('the scanner', () => {
  const [a, b] = [keyIn(0, 2), keyIn(1, 2)]
  const write = (to: string, value: number): ReturnType<typeof scriptCall> => scriptCall(to, [['append', value]])

  it('K4: two transactions over the same actors in opposite order do not deadlock', () => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    const touching = (from: string, to: string, value: number): ReturnType<typeof scriptCall> =>
      scriptCall(from, [['call', to, [['append', value]]]])
    for (let round = 0; round < 10; round++)
      cluster.append(
        toyTransaction(2 * round, [touching(a, b, round)], { touches: [{ ref: toyRef(b), mode: 'write' }] }),
        toyTransaction(2 * round + 1, [touching(b, a, round)], { touches: [{ ref: toyRef(a), mode: 'write' }] }),
      )
    cluster.settle()
    expect(cluster.log).toHaveLength(10)
    expect([...cluster.replies.values()].map(({ outcome }) => outcome.kind)).toEqual(Array(20).fill('committed'))
  })

  it('K4: a worker that is far ahead keeps the order of the log on every actor', () => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    cluster.append(toyTransaction(1, [write(a, 1), write(b, 1)]))
    cluster.append(toyTransaction(2, [write(a, 2)]))
    cluster.append(toyTransaction(3, [write(b, 3), write(a, 3)]))
    cluster.append(toyTransaction(4, [write(a, 4)]))
    cluster.deliver(0)
    cluster.exchange()
    expect(cluster.replies.size).toBe(0)
    cluster.settle()
    expect(cluster.engine(0).version(toyRef(a))).toBe(positionOf(4, 1))
    expect([...cluster.replies.keys()].sort((x, y) => x - y)).toEqual([1, 2, 3, 4].map((batch) => positionOf(batch, 1)))
  })

  it('K5: what is blocked in one batch holds back nothing else in the next', () => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    const [c, d] = [keyIn(0, 2, 1), keyIn(0, 2, 2)]
    cluster.append(toyTransaction(1, [write(a, 1), write(b, 1)]))
    cluster.append(toyTransaction(2, [write(c, 2)]))
    cluster.append(toyTransaction(3, [write(c, 3), write(d, 3)]))
    cluster.deliver(0)
    expect([...cluster.replies.keys()]).toEqual([positionOf(2, 1), positionOf(3, 1)])
    expect(cluster.engine(0).resolved).toBe(positionOf(1, 1) - 1)
  })

  it('K6: what comes for a position not yet scanned is kept, what comes again is ignored', () => {
    const cluster = new MemoryCluster({ placement: [0, 1], faults: { repeat: 0.7, reorder: true } })
    for (let round = 1; round <= 20; round++)
      cluster.append(toyTransaction(round, [write(keyIn(0, 2, round), 1), write(keyIn(1, 2, round), 1)]))
    cluster.deliver(0)
    cluster.exchange()
    expect(cluster.network.sent).toHaveLength(20)
    cluster.settle()
    expect(cluster.replies.size).toBe(20)
    // One vote each way and not one question: nothing that came early was forgotten.
    expect(cluster.network.sent.map(({ kind }) => kind)).toEqual(Array(40).fill('vote'))
  })
})

interface Reader {
  readonly seen: (number | undefined)[]
}

interface Writer extends Reader {
  resolve(value: number): void
  abort(): void
  readonly done: number
}

interface Runner {
  readonly runs: number
}

// One actor whose values are numbers, its processor, and what its nodes saw.
class Actor {
  value: number | undefined = undefined
  readonly commits: number[] = []
  readonly #processor = new KeyTransactionProcessor(
    (() => {
      const value = (): number | undefined => this.value
      return {
        get record(): ActorRecord | undefined {
          return value() as unknown as ActorRecord
        },
        commit: (record: ActorRecord | undefined, position: number): void =>
          this.set(record as unknown as number, position),
      }
    })(),
  )

  get idle(): boolean {
    return this.#processor.idle
  }

  set(value: number, position: number): void {
    this.value = value
    this.commits.push(position)
  }

  advance(): void {
    this.#processor.advance()
  }

  read(position: number): Reader {
    const seen: (number | undefined)[] = []
    const captured = (record: unknown): number => seen.push(record as number | undefined)
    this.#processor.enqueue(new LockNode(position, { kind: 'read', captured }))
    return { seen }
  }

  write(position: number): Writer {
    const seen: (number | undefined)[] = []
    const ends = { done: 0 }
    const captured = (record: unknown): number => seen.push(record as number | undefined)
    const done = (): number => (ends.done += 1)
    const node = new LockNode(position, { kind: 'write', captured, done })
    this.#processor.enqueue(node)
    return {
      seen,
      get done(): number {
        return ends.done
      },
      resolve: (value) => node.resolve({ kind: 'write', record: value as unknown as ActorRecord }),
      abort: () => node.resolve(noWrite),
    }
  }

  run(position: number, body: () => void, ready: () => boolean = () => true): Runner {
    const counted = { runs: 0 }
    const run = (): boolean => {
      counted.runs += 1
      body()
      return ready()
    }
    this.#processor.enqueue(new LockNode(position, { kind: 'run', run }))
    return counted
  }
}
