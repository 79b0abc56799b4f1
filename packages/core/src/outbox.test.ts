// Tells and the outbox (DESIGN §11): the table by itself, and through engines what becomes of a tell.

import { describe, expect, it } from 'vitest'
import { limits } from './limits.ts'
import { MemoryStateStore } from './memory-state-store.ts'
import { Outbox } from './outbox.ts'
import { tellTransaction } from './tell-transaction.ts'
import { endOfBatch, positionOf, type Position } from './position.ts'
import { MemoryCluster } from './testing/memory-cluster.ts'
import { ToyProgram } from './testing/toy-program.ts'
import { scriptCall, toyRef, type Script } from './testing/toy-script.ts'
import { keyIn, toyTransaction } from './testing/toy-transactions.ts'
import type { Transaction } from './transaction.ts'

const everySource = (): boolean => true

const add: Script = [['add', 1]]

describe('Outbox', () => {
  it('hands out each tell once, in the order of the commits, until asked to do it again', () => {
    const { outbox } = create()
    const tells = [positionOf(1, 1), positionOf(1, 2), positionOf(2, 1)].map((position) => tellAt(position))
    for (const tell of tells) outbox.add(tell, tell.request!.sequence)
    expect(sequences(outbox.take(endOfBatch(2), everySource))).toEqual(tells.map((tell) => tell.request!.sequence))
    expect(outbox.take(endOfBatch(2), everySource)).toEqual([])
    outbox.takeAgain()
    expect(sequences(outbox.take(endOfBatch(2), everySource))).toEqual(tells.map((tell) => tell.request!.sequence))
  })

  it('says below which position nothing is unresolved or still in it', () => {
    const { outbox } = create()
    const [first, second] = [tellAt(positionOf(1, 1)), tellAt(positionOf(3, 1))]
    outbox.add(first, positionOf(1, 1))
    expect(answeredBelow(outbox.take(positionOf(2, 5), everySource))).toEqual([positionOf(1, 1)])
    outbox.remove(0, first.request!, positionOf(2, 6))
    outbox.add(second, positionOf(3, 1))
    expect(answeredBelow(outbox.take(positionOf(2, 7), everySource))).toEqual([positionOf(2, 7) + 1])
    outbox.takeAgain()
    expect(answeredBelow(outbox.take(positionOf(9, 1), everySource))).toEqual([positionOf(3, 1)])
  })

  it('forgets a tell whose entry was read, and does not mind a repeat of it', () => {
    const { outbox } = create()
    const tell = tellAt(positionOf(1, 1))
    outbox.add(tell, positionOf(1, 1))
    outbox.remove(0, tell.request!, positionOf(2, 1))
    outbox.remove(0, tell.request!, positionOf(3, 1))
    outbox.takeAgain()
    expect(outbox.take(endOfBatch(3), everySource)).toEqual([])
    expect(values(outbox)).toEqual([])
  })

  it('knows a tell whose entry was read before its sender committed, as happens in a replay', async () => {
    const { outbox, store } = create()
    const tell = tellAt(positionOf(1, 1))
    outbox.remove(0, tell.request!, positionOf(3, 1))
    outbox.add(tell, positionOf(1, 1))
    expect(outbox.take(endOfBatch(3), everySource)).toEqual([])
    expect(values(outbox)).toEqual([])
    // As of the batches between, it was in the outbox all the same.
    await flush(outbox, store, endOfBatch(2))
    expect([...store.scan('o')]).toHaveLength(1)
    await flush(outbox, store, endOfBatch(3))
    expect([...store.scan('o')]).toHaveLength(0)
  })

  it(`hands out at most ${limits.tellsInFlightMax} that were not read back`, () => {
    const { outbox } = create()
    const count = limits.tellsInFlightMax + 10
    const tells = Array.from({ length: count }, (_, index) => tellAt(positionOf(1 + index, 1)))
    for (const tell of tells) outbox.add(tell, tell.request!.sequence)
    expect(outbox.take(endOfBatch(count), everySource)).toHaveLength(limits.tellsInFlightMax)
    expect(outbox.take(endOfBatch(count), everySource)).toEqual([])
    for (const tell of tells.slice(0, 5)) outbox.remove(0, tell.request!, endOfBatch(count))
    expect(outbox.take(endOfBatch(count), everySource)).toHaveLength(5)
  })

  it('finds its tells again in a store', async () => {
    const { outbox, store } = create()
    const [first, second] = [tellAt(positionOf(1, 1)), tellAt(positionOf(2, 1))]
    outbox.add(first, positionOf(1, 1))
    outbox.add(second, positionOf(2, 1))
    outbox.remove(0, first.request!, positionOf(2, 2))
    await flush(outbox, store, endOfBatch(2))
    const again = new Outbox(store, [0], false)
    expect(sequences(again.take(endOfBatch(2), everySource))).toEqual([positionOf(2, 1)])
  })

  it('declares nothing for a call whose touches cannot be told', () => {
    const broken = { ...scriptCall('a', add), args: [] }
    expect(tellTransaction(new ToyProgram(), 0, positionOf(1, 1), '0', broken).touches).toEqual([])
  })
})

describe('a tell', () => {
  const [a, b, c] = [keyIn(0, 3), keyIn(1, 3), keyIn(2, 3)]
  const telling: Script = [
    ['add', 1],
    [
      'tell',
      b,
      [
        ['add', 1],
        ['tell', c, add, []],
      ],
      [],
    ],
    ['tell', c, add, []],
  ]

  it.each([
    ['P = 1', [0]],
    ['one worker', [0, 0, 0]],
    ['three workers', [0, 1, 2]],
  ])('is a transaction of its own, exactly once: %s', (_, placement) => {
    const cluster = new MemoryCluster({ placement })
    cluster.append(toyTransaction(1, [scriptCall(a, telling)]))
    cluster.settle()
    cluster.askAgain()
    expect(cluster.submissions).toEqual([])
    expect([a, b, c].map((key) => cluster.countOf(key))).toEqual([1, 1, 2])
    expect(cluster.engine(cluster.ownerOf(b)).version(toyRef(b))).toBeGreaterThan(positionOf(2, 0))
  })

  it('is sent only by what commits', () => {
    const cluster = new MemoryCluster({ placement: [0] })
    const caught: Script = [
      ['tell', 'c', add, []],
      ['throw', 'no'],
    ]
    cluster.append(
      toyTransaction(1, [
        scriptCall('a', [
          ['tell', 'b', add, []],
          ['throw', 'no'],
        ]),
      ]),
    )
    cluster.append(
      toyTransaction(2, [
        scriptCall('a', [
          ['try', 'b', caught],
          ['tell', 'd', add, []],
        ]),
      ]),
    )
    cluster.settle()
    expect(['b', 'c', 'd'].map((key) => cluster.countOf(key))).toEqual([0, 0, 1])
  })

  it('may be appended any number of times', () => {
    const cluster = new MemoryCluster({ placement: [0, 1, 2] })
    cluster.append(toyTransaction(1, [scriptCall(a, [['tell', b, add, []]])]))
    cluster.deliver(0)
    const [tell] = cluster.submissions.splice(0)
    cluster.append(tell!, tell!)
    cluster.append(tell!)
    cluster.settle()
    expect(cluster.countOf(b)).toBe(1)
  })

  it('survives the restart of its source, and is appended by whoever owns it then', async () => {
    const cluster = new MemoryCluster({ placement: [0, 1, 2] })
    cluster.append(toyTransaction(1, [scriptCall(a, [['tell', b, add, []]])]))
    cluster.deliver(0)
    await cluster.flush(0)
    cluster.submissions.length = 0
    cluster.restart(0)
    cluster.askAgain()
    expect(cluster.submissions).toHaveLength(1)
    cluster.settle()
    expect(cluster.countOf(b)).toBe(1)
  })

  it('that fails is reported, and tried no second time', () => {
    const cluster = new MemoryCluster({ placement: [0, 1, 2] })
    cluster.append(
      toyTransaction(1, [
        scriptCall(a, [
          [
            'tell',
            b,
            [
              ['add', 1],
              ['throw', 'no'],
            ],
            [],
          ],
        ]),
      ]),
    )
    cluster.settle()
    expect(cluster.incidents).toEqual([{ kind: 'tell-failed', position: positionOf(2, 1), reason: 'no' }])
    expect(cluster.countOf(b)).toBe(0)
    cluster.askAgain()
    expect(cluster.submissions).toEqual([])
  })

  it('that misses is tried again like any request', () => {
    const cluster = new MemoryCluster({ placement: [0, 1, 2] })
    cluster.append(toyTransaction(1, [scriptCall(a, [['tell', b, [['call', c, add]], []]])]))
    cluster.settle()
    expect(cluster.attempts()).toEqual([1, 1, 2])
    expect(cluster.countOf(c)).toBe(1)
  })

  it('leaves no record for ever: later tells say what is answered', () => {
    const cluster = new MemoryCluster({ placement: [0, 1, 2] })
    for (let round = 1; round <= 20; round++) {
      cluster.append(toyTransaction(round, [scriptCall(a, [['tell', b, add, []]])]))
      cluster.settle()
    }
    const keys = [...cluster.engine(1).captureState()!.changes()].filter(({ value }) => value !== undefined)
    expect(keys.filter(({ key }) => key.startsWith('r')).length).toBeLessThan(3)
    expect(cluster.countOf(b)).toBe(20)
  })

  it('that pretends to come from another partition is void', () => {
    const cluster = new MemoryCluster({ placement: [0, 1, 2] })
    const forged = { ...tellAt(positionOf(1, 1)), request: { ...tellAt(positionOf(1, 1)).request!, session: '~1' } }
    cluster.append(forged, { ...tellAt(positionOf(1, 1)), source: undefined })
    cluster.settle()
    expect(cluster.incidents.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['void-transaction', 'void-transaction']),
    )
    expect(cluster.replies.size).toBe(0)
  })
})

interface Created {
  readonly outbox: Outbox
  readonly store: MemoryStateStore
}

function create(): Created {
  const store = new MemoryStateStore()
  return { outbox: new Outbox(store, [0], false), store }
}

function tellAt(position: Position): Transaction {
  return tellTransaction(new ToyProgram(), 0, position, '0', scriptCall('b', add))
}

function sequences(transactions: readonly Transaction[]): number[] {
  return transactions.map((transaction) => transaction.request!.sequence)
}

function answeredBelow(transactions: readonly Transaction[]): number[] {
  return transactions.map((transaction) => transaction.request!.answeredBelow)
}

function values(outbox: Outbox): string[] {
  return [...outbox.unflushed()].filter(({ value }) => value !== undefined).map(({ key }) => key)
}

async function flush(outbox: Outbox, store: MemoryStateStore, position: Position): Promise<void> {
  for (const changes of outbox.capture(position)) await store.advance(changes)
  outbox.flushed()
}
