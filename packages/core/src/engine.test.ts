// The engine as a whole: what stops it, what it skips, and that a restart from any state it ever captured comes to the
// same. What it does across workers is in footprint.test.ts, and all of it at random in the differential tests.

import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { formatVersion } from './batch-codec.ts'
import { thaw } from './datum.ts'
import { Engine } from './engine.ts'
import { StreamyError } from './errors.ts'
import type { Execution, Slot } from './execution.ts'
import { limits } from './limits.ts'
import { MemoryStateStore } from './memory-state-store.ts'
import { Packed } from './packed.ts'
import { endOfBatch, positionOf } from './position.ts'
import { poisonedMessage } from './run-transaction.ts'
import { encodeProgress, progressKey, stateVersion } from './state-format.ts'
import type { StateChange } from './state-store.ts'
import { CELL_BYTES } from './cell-budget.ts'
import { MemoryCluster } from './testing/memory-cluster.ts'
import { ToyProgram } from './testing/toy-program.ts'
import { lookCall, scriptCall, toyRef, type Script } from './testing/toy-script.ts'
import { keyIn, request, toyTransaction } from './testing/toy-transactions.ts'
import type { Call, Transaction } from './transaction.ts'

const add: Script = [['add', 1]]
const addTo = (key: string): Call => scriptCall(key, add)

describe('a large entry', () => {
  it('is executed in parts where that is asked for, and comes to the same', () => {
    const cluster = new MemoryCluster({ placement: [0, 0] })
    const transactions = Array.from({ length: 10 }, (_, index) => toyTransaction(index, [addTo(`k${index % 3}`)]))
    cluster.append(...transactions)
    cluster.append(toyTransaction(10, [addTo('k0')]))
    const engine = cluster.engine(0)
    engine.stepsMax = 4
    const replied: number[] = []
    engine.deliver(cluster.log[0]!)
    for (;;) {
      replied.push(engine.takeEffects().replies.length)
      if (!engine.canAdvance) break
      expect(engine.resolvedBatch).toBe(0)
      engine.advance()
    }
    // One step opens the entry.
    expect(replied).toEqual([3, 4, 3])
    expect([engine.resolvedBatch, engine.wantsMore]).toEqual([1, true])
    cluster.settle()
    expect(['k0', 'k1', 'k2'].map((key) => cluster.countOf(key))).toEqual([5, 3, 3])
  })
})

describe('the log', () => {
  it('must follow on: a gap, or an entry that comes again, stops the engine for good', () => {
    for (const wrong of [1, 3]) {
      const cluster = new MemoryCluster({ placement: [0] })
      for (let batch = 1; batch <= 3; batch++) cluster.append(toyTransaction(batch, [addTo('a')]))
      cluster.deliver(0, 1)
      const engine = cluster.engine(0)
      const diverged = expect.objectContaining({ code: 'LOG_DIVERGED' })
      expect(() => engine.deliver(cluster.log[wrong - 1]!)).toThrow(diverged)
      expect(() => engine.deliver(cluster.log[1]!)).toThrow(diverged)
      expect(() => engine.receive({ kind: 'ask', position: 1, from: 0, to: 0 })).toThrow(diverged)
      expect(engine.version(toyRef('a'))).toBe(positionOf(1, 1))
    }
  })

  it('may hold what nobody can read: it is skipped and reported, and log time moves on', () => {
    const cluster = new MemoryCluster({ placement: [0] })
    cluster.appendBytes(new Uint8Array(0))
    cluster.appendBytes(new Uint8Array(100).fill(7))
    cluster.append(toyTransaction(1, [scriptCall('', add)]), toyTransaction(2, [addTo('a')]))
    cluster.settle()
    expect(cluster.incidents.map(({ kind, position }) => [kind, position])).toEqual([
      ['void-batch', positionOf(1, 0)],
      ['void-batch', positionOf(2, 0)],
      ['void-transaction', positionOf(3, 1)],
    ])
    expect([...cluster.replies.keys()]).toEqual([positionOf(3, 2)])
    expect(cluster.engine(0).scanned.logTime).toBe(cluster.log[2]!.appendTime)
  })

  it('has a time that always moves on, whatever the clock of the log does', () => {
    const cluster = new MemoryCluster({ placement: [0] })
    const first = cluster.clock
    for (const back of [0, -5_000_000, -5_000_000, 60_000_000]) {
      cluster.tick(back)
      cluster.settle()
    }
    expect(cluster.engine(0).scanned.logTime).toBe(cluster.log[3]!.appendTime)
    expect(cluster.log[2]!.appendTime).toBeLessThan(first)
  })

  it('may hold arguments that nobody can read: the call aborts, and nobody stops', () => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    const nested = new Packed(Uint8Array.from({ length: 200_000 }, (_, index) => (index % 2 === 0 ? 16 : 1)))
    const hostile = [nested, new Packed(new Uint8Array(0)), new Packed(Uint8Array.of(99))]
    hostile.forEach((packed, index) =>
      cluster.append(toyTransaction(index, [{ ...addTo('a'), args: [packed, packed] }, addTo('b')])),
    )
    cluster.append(toyTransaction(9, [addTo('a')]))
    cluster.settle()
    const codes = [...cluster.replies.values()].map(({ outcome }) => outcome.kind === 'aborted' && outcome.error.code)
    expect(codes).toEqual(['VALUE_NOT_ENCODABLE', 'VALUE_NOT_ENCODABLE', 'VALUE_NOT_ENCODABLE', false])
  })

  it('of a newer format stops the engine, and changes nothing', () => {
    const cluster = new MemoryCluster({ placement: [0] })
    const bytes = Buffer.from(cluster.log[cluster.append(toyTransaction(1, [addTo('a')])) - 1]!.bytes)
    bytes[5] = formatVersion + 1
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0)
    const unknown = expect.objectContaining({ code: 'FORMAT_UNKNOWN' })
    expect(() => cluster.engine(0).deliver({ sequence: 1, appendTime: 1, bytes })).toThrow(unknown)
    expect(() => cluster.engine(0).deliver(cluster.log[0]!)).toThrow(unknown)
    expect(cluster.engine(0).version(toyRef('a'))).toBeUndefined()
  })
})

describe('a state of another version', () => {
  it('is refused when the engine opens', async () => {
    const store = new MemoryStateStore()
    const value = Buffer.from(encodeProgress({ sequence: 1, logTime: 2, logHash: 3 }))
    value[0] = stateVersion + 1
    await store.advance([{ key: progressKey, value }])
    const options = { program: new ToyProgram(), store, partitions: 1, seed: '', owned: (): boolean => true }
    expect(() => new Engine(options)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }))
  })
})

describe('a handler that is fatal', () => {
  class FatalProgram extends ToyProgram {
    override runMessage(call: Call, slot: Slot, execution: Execution): ReturnType<ToyProgram['runMessage']> {
      if (call.ref.key === 'fatal') throw new StreamyError('HANDLER_FATAL', 'The stack overflowed.')
      return super.runMessage(call, slot, execution)
    }
  }

  const failing = (transaction: Transaction, placement: readonly number[]): MemoryCluster => {
    const cluster = new MemoryCluster({ placement, program: new FatalProgram() })
    cluster.append(toyTransaction(1, [addTo('a')]), transaction)
    return cluster
  }

  it('stops the engine at its position, and says how to go on', () => {
    const cluster = failing(toyTransaction(2, [addTo('fatal')]), [0])
    const stopped = expect.objectContaining({
      code: 'HANDLER_FATAL',
      message: expect.stringContaining('skip: [4098]') as string,
    })
    expect(() => cluster.settle()).toThrow(stopped)
    expect(() => cluster.engine(0).deliver(cluster.log[0]!)).toThrow(stopped)
    expect(() => cluster.engine(0).captureState()).toThrow(stopped)
  })

  it.each([
    ['alone', toyTransaction(2, [addTo('fatal')]), [0, 0]],
    ['by votes', toyTransaction(2, [addTo('fatal'), addTo(keyIn(0, 2)), addTo(keyIn(1, 2))]), [0, 0]],
    [
      'by home',
      toyTransaction(2, [scriptCall(keyIn(0, 2), [['call', 'fatal', []]])], {
        touches: [{ ref: toyRef('fatal'), mode: 'write' }],
      }),
      [0, 0],
    ],
  ])('is no outcome, whatever the protocol: %s', (_, transaction, placement) => {
    const cluster = failing(transaction, placement)
    expect(() => cluster.settle()).toThrow(expect.objectContaining({ code: 'HANDLER_FATAL' }))
    expect([...cluster.replies.keys()]).toEqual([])
  })

  it.each([
    ['where P = 1', [0]],
    ['on one worker', [0, 0]],
    ['on two workers', [0, 1]],
  ])('can be skipped by an operator: it aborts as poisoned, once and for ever: %s', (_, placement) => {
    const skip = new Set([positionOf(1, 1), positionOf(1, 2)])
    const cluster = new MemoryCluster({ placement, program: new FatalProgram(), skip })
    const asserts = [{ ref: toyRef(keyIn(1, 2)), version: 5 }]
    const both = [addTo(keyIn(0, 2)), addTo(keyIn(1, 2))]
    cluster.append(toyTransaction(1, [addTo('fatal')]), toyTransaction(2, both, { asserts }))
    cluster.append(toyTransaction(1, [addTo('fatal')]), toyTransaction(3, [addTo(keyIn(0, 2))]))
    cluster.settle()
    const outcomes = [...cluster.replies.values()]
      .toSorted((a, b) => a.position - b.position)
      .map(({ outcome }) => outcome)
    const error = { name: 'StreamyError', code: 'TRANSACTION_POISONED', message: poisonedMessage, data: undefined }
    const poisoned = { kind: 'aborted', operation: 0, error }
    expect(outcomes).toEqual([poisoned, poisoned, poisoned, { kind: 'committed', results: [1] }])
  })

  it('reports no poison for what would not have counted anyway', () => {
    const cluster = new MemoryCluster({ placement: [0], skip: new Set([positionOf(2, 1)]) })
    cluster.append(toyTransaction(1, [addTo('a')]))
    cluster.append(toyTransaction(1, [addTo('a')]))
    cluster.settle()
    expect(cluster.replies.get(positionOf(2, 1))?.outcome).toEqual({ kind: 'committed', results: [1] })
  })
})

describe('too much at once', () => {
  it('stops the scan until something resolves, and forgets nothing', () => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    const [a, b] = [keyIn(0, 2), keyIn(1, 2)]
    const perBatch = limits.transactionsPerBatchMax
    const batches = Math.ceil(limits.unresolvedMax / perBatch) + 1
    cluster.append(toyTransaction(1, [addTo(a), addTo(b)]))
    for (let batch = 0; batch < batches; batch++)
      cluster.append(
        ...Array.from({ length: perBatch }, (_, index) => toyTransaction(batch * perBatch + index + 2, [addTo(a)])),
      )
    cluster.deliver(0)
    expect(cluster.engine(0).wantsMore).toBe(false)
    expect(cluster.engine(0).next).toBeLessThanOrEqual(cluster.log.length)
    expect(cluster.replies.size).toBe(0)
    cluster.settle()
    expect(cluster.replies.size).toBe(perBatch * batches + 1)
    expect(cluster.countOf(a)).toBe(perBatch * batches + 1)
  })
})

describe('a query', () => {
  it('reads what is committed, names what it read, and changes nothing', () => {
    const cluster = new MemoryCluster({ placement: [0] })
    cluster.append(toyTransaction(1, [addTo('a')]))
    cluster.settle()
    const before = cluster.hashes()
    const { value, reads } = cluster.engine(0).query(lookCall('a', ['b']))
    expect((thaw(value) as unknown[])[0]).toBe(1)
    expect(reads).toEqual([
      { ref: toyRef('a'), version: positionOf(1, 1) },
      { ref: toyRef('b'), version: undefined },
    ])
    expect(cluster.hashes()).toEqual(before)
  })
})

describe('a restart', () => {
  it.each([
    ['where P = 1', [0], 3],
    ['where P = 1 and hardly anything stays in memory', [0], 1],
    ['on one worker', [0, 0, 0], 3],
    ['on three workers', [0, 1, 2], 3],
  ])(
    'from the state of any batch comes to the same state and the same answers: %s',
    async (_, placement, actorsCachedMax) => {
      const whole = new MemoryCluster({ placement })
      for (const batch of story()) whole.append(...batch)
      whole.settle()
      for (let restarted = 1; restarted <= whole.log.length; restarted++) {
        const again = new MemoryCluster({ placement, cacheBytesMax: actorsCachedMax * CELL_BYTES })
        again.log.push(...whole.log.slice(0, restarted))
        again.settle({ appends: false })
        for (const worker of new Set(placement)) {
          await again.flush(worker)
          again.restart(worker)
        }
        expect(again.engine(0).next).toBe(restarted + 1)
        again.log.push(...whole.log.slice(restarted))
        again.settle({ appends: false })
        expect(again.hashes()).toEqual(whole.hashes())
        for (const [position, reply] of whole.replies) expect(again.replies.get(position)).toEqual(reply)
      }
    },
  )

  it('of one worker in the middle gets again from its peers whatever it needs', async () => {
    const placement = [0, 1, 2]
    const whole = new MemoryCluster({ placement })
    for (const batch of story()) whole.append(...batch)
    whole.settle()
    for (const restarted of placement) {
      const again = new MemoryCluster({ placement, seed: `${restarted}`, faults: { loss: 0.3, reorder: true } })
      again.log.push(...whole.log)
      again.settle({ appends: false })
      // It held nothing yet: all it knows comes from the log, and from what its peers kept.
      again.restart(restarted)
      again.settle({ appends: false })
      expect(again.hashes()).toEqual(whole.hashes())
    }
  })

  it('finds exactly the state as of the batch that was captured, while others were under way', () => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    const [a, b, c] = [keyIn(0, 2), keyIn(1, 2), keyIn(0, 2, 1)]
    cluster.append(toyTransaction(1, [addTo(a)]), toyTransaction(2, [addTo(c)]))
    cluster.append(toyTransaction(3, [addTo(a), addTo(b)]))
    cluster.append(toyTransaction(4, [addTo(c)]))
    cluster.deliver(0)
    const capture = cluster.engine(0).captureState()!
    expect(capture.progress.sequence).toBe(1)
    const keys = changes(capture.changes()).filter((key) => key.startsWith('a'))
    expect(keys).toEqual([`a0000/toy/${a}`, `a0000/toy/${c}`].sort())
    cluster.engine(0).stateFlushed()
    expect(cluster.engine(0).captureState()).toBeUndefined()
    cluster.settle()
    expect(cluster.engine(0).resolved).toBe(endOfBatch(3))
    expect(cluster.engine(0).captureState()?.progress.sequence).toBe(3)
  })
})

// A bit of everything: transfers, misses, votes, timers, tells, duplicates, aborts, destroyed and reborn actors.
function story(): Transaction[][] {
  const keys = ['a', 'b', 'c', 'd', 'e']
  const of = (index: number): string => keys[index % keys.length]!
  return Array.from({ length: 8 }, (_, index) => {
    const script: Script = [
      ['add', index],
      ['random'],
      ['call', of(index + 1), [['append', index]]],
      ['tell', of(index + 2), [['add', 1]], []],
      ['timer', 2000 * (index % 3), [['append', 'timer']], []],
      ...(index % 5 === 4 ? ([['destroy']] as const) : []),
    ]
    return [
      toyTransaction(3 * index, [scriptCall(of(index), script)]),
      toyTransaction(request(3 * index + 1, { answeredBelow: Math.max(0, 3 * index - 9) }), [
        addTo(of(index)),
        addTo(of(index + 3)),
      ]),
      toyTransaction(3 * Math.floor(index / 2), [scriptCall(of(Math.floor(index / 2)), [['add', 1000]])]),
      toyTransaction(3 * index + 2, [
        scriptCall(of(index + 1), [
          ['add', 1],
          ['throw', 'no'],
        ]),
      ]),
    ]
  })
}

function changes(iterable: Iterable<StateChange>): string[] {
  return [...iterable].map(({ key }) => key).sort()
}
