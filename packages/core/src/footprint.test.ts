// Footprints F1 to F5 and the message counts of DESIGN §6, through engines that a memory network connects.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { footprintOf, homeOf, indexedPartitions, nextAttempt, partitionOf, protocolOf } from './footprint.ts'
import type { Outcome } from './outcome.ts'
import { positionOf } from './position.ts'
import type { Position } from './position.ts'
import { MemoryCluster } from './testing/memory-cluster.ts'
import { scriptCall, toyRef, type Script } from './testing/toy-script.ts'
import { keyIn, toyTransaction } from './testing/toy-transactions.ts'
import type { AccessMode, Touch, Transaction } from './transaction.ts'

const add: Script = [['add', 1]]
const touch = (key: string, mode: AccessMode = 'write'): Touch => ({ ref: toyRef(key), mode })

describe('the footprint of an entry', () => {
  const transaction = toyTransaction(1, [scriptCall('a', add), scriptCall('b', add), scriptCall('a', add)], {
    asserts: [
      { ref: toyRef('c'), version: undefined },
      { ref: toyRef('b'), version: 5 },
    ],
    touches: [touch('c', 'write'), touch('d', 'read'), touch('a', 'read')],
  })

  it('names each actor once, with the strongest mode', () => {
    const modes = Object.fromEntries(footprintOf(transaction).map(({ ref, mode }) => [ref.key, mode]))
    expect(modes).toEqual({ a: 'write', b: 'write', c: 'write', d: 'read' })
  })

  it('has its home where its first call goes', () => {
    expect(homeOf(transaction, 8)).toBe(partitionOf(toyRef('a'), 8))
  })

  it('is the whole database where P = 1, by votes without touches, by home with them, exclusive at the fourth attempt', () => {
    expect(protocolOf(transaction, 1)).toBe('whole')
    expect(protocolOf(transaction, 2)).toBe('home')
    expect(protocolOf({ ...transaction, touches: [] }, 2)).toBe('votes')
    expect(protocolOf({ ...transaction, attempt: 3 }, 2)).toBe('home')
    expect(protocolOf({ ...transaction, attempt: 4, touches: [] }, 2)).toBe('exclusive')
    expect(protocolOf({ ...transaction, attempt: 4 }, 1)).toBe('whole')
  })

  it('is indexed by its partitions ascending with those of the source, or by none for all of them', () => {
    const [a, b] = [keyIn(5, 8), keyIn(2, 8)]
    const small = toyTransaction(1, [scriptCall(a, add), scriptCall(b, add)])
    expect(indexedPartitions(small, 8)).toEqual([2, 5])
    expect(indexedPartitions({ ...small, source: 3 }, 8)).toEqual([2, 3, 5])
    expect(indexedPartitions({ ...small, attempt: 4 }, 8)).toEqual([])
    expect(indexedPartitions(small, 1)).toEqual([])
  })

  it('spreads actors over all partitions', () => {
    const counts = Array(8).fill(0) as number[]
    for (let key = 0; key < 8000; key++) counts[partitionOf(toyRef(`key ${key}`), 8)]! += 1
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })

  it('grows by what was missed, and by nothing else', () => {
    const next = nextAttempt({ ...transaction, source: 3 }, toyRef('d'), 'write')
    expect(next).toEqual({
      ...transaction,
      source: undefined,
      attempt: 2,
      touches: [touch('c', 'write'), touch('a', 'read'), touch('d', 'write')],
    })
  })
})

describe('F1: touching an undeclared actor', () => {
  const reach = (to: string): Script => [['call', to, [['append', 1]]]]

  it.each([
    ['on another worker', [0, 1]],
    ['on the same worker', [0, 0]],
  ])('is a miss %s', (_, placement) => {
    const cluster = new MemoryCluster({ placement })
    const [a, b] = [keyIn(0, 2), keyIn(1, 2)]
    cluster.append(toyTransaction(1, [scriptCall(a, reach(b))]))
    cluster.settle()
    expect(cluster.attempts()).toEqual([1, 2])
    expect(answers(cluster)).toEqual([[positionOf(2, 1), 'committed']])
    expect(cluster.replies.get(positionOf(2, 1))?.attempt).toBe(2)
    expect(cluster.incidents.map(({ kind }) => kind)).toEqual(['footprint-missed'])
  })

  it('is a miss in the same partition too', () => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    cluster.append(toyTransaction(1, [scriptCall(keyIn(0, 2), reach(keyIn(0, 2, 1)))]))
    cluster.settle()
    expect(cluster.attempts()).toEqual([1, 2])
  })

  it('is a miss for a call that another call of the same list uses', () => {
    const cluster = new MemoryCluster({ placement: [0, 0] })
    const [a, b] = [keyIn(0, 2), keyIn(0, 2, 1)]
    cluster.append(toyTransaction(1, [scriptCall(a, reach(b)), scriptCall(b, add)]))
    cluster.settle()
    expect(cluster.attempts()).toEqual([1, 2])
    expect(answers(cluster)).toEqual([[positionOf(2, 1), 'committed']])
  })

  it('is a miss when it writes what was declared as read', () => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    const [a, b] = [keyIn(0, 2), keyIn(1, 2)]
    cluster.append(toyTransaction(1, [scriptCall(a, reach(b))], { touches: [touch(b, 'read')] }))
    cluster.settle()
    expect(cluster.attempts()).toEqual([1, 2])
    expect(cluster.itemsOf(b)).toEqual([1])
  })

  it('is sticky: a handler that catches the miss cannot commit', () => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    const [a, b] = [keyIn(0, 2), keyIn(1, 2)]
    cluster.append(
      toyTransaction(1, [
        scriptCall(a, [
          ['try', b, add],
          ['add', 10],
        ]),
      ]),
    )
    cluster.settle()
    expect(cluster.attempts()).toEqual([1, 2])
    expect(cluster.countOf(a)).toBe(10)
    expect(cluster.itemsOf(a)).toEqual([1])
    expect(cluster.countOf(b)).toBe(1)
  })

  it('is a miss even when the handler throws afterwards', () => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    const [a, b] = [keyIn(0, 2), keyIn(1, 2)]
    cluster.append(
      toyTransaction(1, [
        scriptCall(a, [
          ['try', b, add],
          ['throw', 'no'],
        ]),
      ]),
    )
    cluster.settle()
    expect(cluster.attempts()).toEqual([1, 2])
    expect(answers(cluster)).toEqual([[positionOf(2, 1), 'aborted']])
  })
})

describe('F2: where P = 1', () => {
  it('nothing is ever missed', () => {
    const cluster = new MemoryCluster({ placement: [0] })
    cluster.append(toyTransaction(undefined, [scriptCall('a', [['call', 'b', [['call', 'c', add]]]])]))
    cluster.settle()
    expect(cluster.attempts()).toEqual([1])
    expect(cluster.replies.get(positionOf(1, 1))?.outcome.kind).toBe('committed')
    expect(cluster.network.sent).toEqual([])
  })
})

describe('F3: a miss', () => {
  const chain: Script = [['call', keyIn(1, 3), [['call', keyIn(2, 3), add]]]]

  it('leaves no writes, and the client sees only the last attempt', () => {
    const cluster = new MemoryCluster({ placement: [0, 1, 2] })
    const first = toyTransaction(1, [scriptCall(keyIn(0, 3), [['add', 7], ...chain])])
    cluster.append(first)
    cluster.deliver(0)
    cluster.deliver(1)
    cluster.deliver(2)
    expect(cluster.replies.size).toBe(0)
    expect(cluster.engine(0).version(first.calls[0]!.ref)).toBeUndefined()
    cluster.settle()
    expect(cluster.replies.size).toBe(1)
    expect(cluster.countOf(keyIn(0, 3))).toBe(7)
  })

  it('is pending state: whoever restarts at home appends the next attempt', async () => {
    const cluster = new MemoryCluster({ placement: [0, 1, 2] })
    cluster.append(toyTransaction(1, [scriptCall(keyIn(0, 3), chain)]))
    cluster.deliver(0)
    await cluster.flush(0)
    cluster.submissions.length = 0
    cluster.restart(0)
    cluster.askAgain()
    expect(cluster.submissions.map(({ attempt }) => attempt)).toEqual([2])
    cluster.settle()
    expect(answers(cluster).map(([, kind]) => kind)).toEqual(['committed'])
    cluster.askAgain()
    expect(cluster.submissions).toEqual([])
  })

  it('counts each attempt once, however often it is appended', () => {
    const cluster = new MemoryCluster({ placement: [0, 1, 2] })
    cluster.append(toyTransaction(1, [scriptCall(keyIn(0, 3), chain)]))
    cluster.deliver(0)
    const [second] = cluster.submissions.splice(0)
    cluster.append(second!, second!)
    cluster.append(second!)
    cluster.settle()
    cluster.append(second!)
    cluster.settle()
    expect(cluster.countOf(keyIn(2, 3))).toBe(1)
    // The first of them that counted, and the last, which repeats its answer.
    const outcomes = [...cluster.replies.values()].map(({ outcome }) => outcome)
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0])
  })

  it('decides the next attempt when the one before has resolved, never when it is scanned', () => {
    const cluster = new MemoryCluster({ placement: [0, 1, 2] })
    const first = toyTransaction(1, [scriptCall(keyIn(0, 3), [['call', keyIn(1, 3), chain]])], {
      touches: [touch(keyIn(1, 3))],
    })
    // Known to miss keyIn(2), but home cannot know before worker 1 has sent its values.
    const second = nextAttempt(first, toyRef(keyIn(2, 3)), 'write')
    cluster.append(first, second)
    cluster.deliver(0)
    expect(cluster.replies.size).toBe(0)
    cluster.settle()
    expect(answers(cluster)[0]).toEqual([positionOf(1, 2), 'committed'])
    cluster.askAgain()
    expect(cluster.submissions).toEqual([])
  })

  it('ignores an attempt that nobody missed', () => {
    const cluster = new MemoryCluster({ placement: [0, 1, 2] })
    const first = toyTransaction(1, [scriptCall(keyIn(0, 3), add)])
    cluster.append({ ...first, attempt: 2 }, { ...first, attempt: 3, touches: [touch(keyIn(1, 3))] })
    cluster.append({ ...first, attempt: 4 })
    cluster.settle()
    expect(cluster.replies.size).toBe(0)
    expect(cluster.engine(0).version(toyRef(keyIn(0, 3)))).toBeUndefined()
  })
})

describe('F4: the fourth attempt', () => {
  // Each look decides whom to call next, so no prediction survives the writes between the attempts.
  const [a, ...others] = [0, 1, 2, 3].flatMap((partition) => [keyIn(partition, 4), keyIn(partition, 4, 1)])

  function moving(placement: readonly number[]): MemoryCluster {
    const cluster = new MemoryCluster({ placement })
    cluster.append(toyTransaction(1, [scriptCall(a!, [['callPicked', others, add]])]))
    // Whatever an attempt predicts, the counter that it rests on moves before the attempt is in the log.
    for (let round = 2; round < 8; round++) {
      for (const worker of new Set(placement)) cluster.deliver(worker)
      cluster.exchange()
      const next = cluster.submissions.splice(0)
      cluster.append(toyTransaction(round, [scriptCall(a!, add)]), ...next)
    }
    cluster.settle()
    return cluster
  }

  it.each([[[0, 0, 0, 0]], [[0, 1, 0, 1]], [[0, 1, 2, 3]]])(
    'ends what moves away from every prediction: %j',
    (placement) => {
      const cluster = moving(placement)
      const request = [...cluster.replies.values()].filter((reply) => reply.request?.sequence === 1)
      expect(request.map(({ outcome }) => outcome.kind)).toEqual(['committed'])
      expect(cluster.attempts().filter((attempt) => attempt > 1)).toEqual([2, 3, 4])
      expect(moving(placement).hashes()).toEqual(moving([0, 0, 0, 0]).hashes())
    },
  )

  it('releases everyone also when it does not count', () => {
    const cluster = new MemoryCluster({ placement: [0, 1, 2, 3] })
    const stray = toyTransaction(9, [scriptCall(a!, add)], { attempt: 4 })
    cluster.append(toyTransaction(1, [scriptCall(a!, add), scriptCall(others[3]!, add)]), stray)
    cluster.append(toyTransaction(2, [scriptCall(others[5]!, add)]))
    cluster.settle()
    expect([...cluster.replies.keys()]).toEqual([positionOf(1, 1), positionOf(2, 1)])
  })

  it('waits for everything before it, and holds back everything behind it', () => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    const [x, y, z] = [keyIn(0, 2), keyIn(1, 2), keyIn(0, 2, 1)]
    cluster.append(toyTransaction(1, [scriptCall(x, add), scriptCall(y, add)]))
    cluster.append({ ...toyTransaction(2, [scriptCall(y, add)]), attempt: 4 })
    cluster.append(toyTransaction(3, [scriptCall(z, add)]))
    cluster.deliver(0)
    expect(cluster.engine(0).wantsMore).toBe(false)
    expect(cluster.replies.size).toBe(0)
    cluster.settle()
    expect([...cluster.replies.keys()]).toEqual([positionOf(1, 1), positionOf(3, 1)])
  })
})

describe('F5: a client that was told of a miss', () => {
  it('asks for the footprint first, and its next request needs one attempt', () => {
    const cluster = new MemoryCluster({ placement: [0, 0, 0] })
    const script: Script = [
      ['call', keyIn(1, 3), [['call', keyIn(2, 3), add]]],
      ['look', keyIn(0, 3, 1)],
    ]
    const plain = toyTransaction(1, [scriptCall(keyIn(0, 3), script)])
    const touches = cluster.engine(0).predict(plain)
    expect(touches).toEqual([touch(keyIn(1, 3)), touch(keyIn(2, 3)), touch(keyIn(0, 3, 1), 'read')])
    cluster.append({ ...plain, touches })
    cluster.settle()
    expect(cluster.attempts()).toEqual([1])
    expect(answers(cluster)).toEqual([[positionOf(1, 1), 'committed']])
  })

  it('a prediction changes nothing, whatever the handler does', () => {
    const cluster = new MemoryCluster({ placement: [0, 0, 0] })
    cluster.append(toyTransaction(1, [scriptCall(keyIn(0, 3), add)]))
    cluster.settle()
    const before = cluster.hashes()
    const script: Script = [['add', 5], ['tell', 'x', add, []], ['timer', 5, add, []], ['destroy'], ['throw', 'end']]
    expect(cluster.engine(0).predict(toyTransaction(2, [scriptCall(keyIn(0, 3), script)]))).toEqual([])
    expect(cluster.hashes()).toEqual(before)
  })
})

describe('message counts', () => {
  const keys = [0, 1, 2, 3].map((partition) => keyIn(partition, 4))

  function kindsSent(placement: readonly number[], transaction: Transaction): Record<string, number> {
    const cluster = new MemoryCluster({ placement })
    cluster.append(transaction)
    cluster.settle()
    expect(cluster.replies.get(positionOf(1, 1))?.outcome.kind).toBe('committed')
    const counts: Record<string, number> = {}
    for (const { kind } of cluster.network.sent) counts[kind] = (counts[kind] ?? 0) + 1
    return counts
  }

  const transfer = (writers: number, readers: number): Transaction => {
    const touched = keys.slice(1, 1 + writers + readers)
    const script = touched.map((key, index): Script[number] => (index < writers ? ['call', key, add] : ['look', key]))
    const touches = touched.map((key, index) => touch(key, index < writers ? 'write' : 'read'))
    return toyTransaction(1, [scriptCall(keys[0]!, script)], { touches })
  }

  it.each([
    [0, 1],
    [1, 0],
    [1, 2],
    [2, 1],
    [3, 0],
  ])('by home, %i other writers and %i readers: (p-1) values and (w-1) results', (writers, readers) => {
    const counts = kindsSent([0, 1, 2, 3], transfer(writers, readers))
    expect(counts).toEqual({ values: writers + readers, ...(writers > 0 ? { result: writers } : {}) })
  })

  it('by votes: one vote from each partition to each other that waits', () => {
    const calls = [0, 1, 2].map((partition) => scriptCall(keys[partition]!, add))
    expect(kindsSent([0, 1, 2, 3], toyTransaction(1, calls))).toEqual({ vote: 6 })
  })

  it('by votes, nobody tells those who only assert: they do not wait', () => {
    const calls = [scriptCall(keys[0]!, add), scriptCall(keys[1]!, add)]
    const asserts = [{ ref: toyRef(keys[2]!), version: undefined }]
    expect(kindsSent([0, 1, 2, 3], toyTransaction(1, calls, { asserts }))).toEqual({ vote: 4 })
  })

  it.each([
    [
      'votes',
      toyTransaction(
        1,
        keys.map((key) => scriptCall(key, add)),
      ),
    ],
    ['home', transfer(2, 1)],
    ['one actor', toyTransaction(1, [scriptCall(keys[0]!, add)])],
  ])('none at all where everything is on one worker: %s', (_, transaction) => {
    expect(kindsSent([0, 0, 0, 0], transaction)).toEqual({})
  })

  it('none where one actor is everything', () => {
    expect(kindsSent([0, 1, 2, 3], toyTransaction(1, [scriptCall(keys[2]!, add)]))).toEqual({})
  })
})

describe('any layout under any network', () => {
  it('comes to the same state and the same answers', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd')
    const leaf = fc.oneof(
      fc.constant<Script[number]>(['add', 1]),
      fc.tuple(fc.constant('look' as const), key),
      fc.tuple(fc.constant('throw' as const), fc.constant('x')),
      fc.tuple(fc.constant('call' as const), key, fc.constant(add)),
      fc.tuple(fc.constant('tell' as const), key, fc.constant(add), fc.constant([])),
    )
    const calls = fc.array(fc.tuple(key, fc.array(leaf, { maxLength: 3 })), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(calls, { minLength: 1, maxLength: 8 }), fc.nat(), (lists, seed) => {
        const transactions = lists.map((list, index) =>
          toyTransaction(
            index + 1,
            list.map(([to, script]) => scriptCall(to, script)),
          ),
        )
        const faults = { loss: 0.2, repeat: 0.2, reorder: true }
        const good = new MemoryCluster({ placement: [0, 0, 0] })
        const bad = new MemoryCluster({ placement: [0, 1, 2], seed: `${seed}`, faults })
        for (const transaction of transactions) good.append(transaction)
        good.settle()
        // The very log of the good one: retries and tells are where it put them.
        bad.log.push(...good.log)
        bad.settle({ appends: false })
        expect(new Map([...bad.replies].sort(byPosition))).toEqual(new Map([...good.replies].sort(byPosition)))
        expect(bad.hashes()).toEqual(good.hashes())
      }),
      { numRuns: 40 },
    )
  })
})

function answers(cluster: MemoryCluster): [Position, Outcome['kind']][] {
  return [...cluster.replies.values()].map(({ position, outcome }) => [position, outcome.kind])
}

function byPosition(a: readonly [Position, unknown], b: readonly [Position, unknown]): number {
  return a[0] - b[0]
}
