// Faults that the differential campaigns found, each kept as the shortest log and order of events that showed it. Every
// test ends like a campaign: the reference, run over the same log, has the same hashes and the same replies.

import type { Transaction } from '@streamy-db/core'
import {
  keyIn,
  MemoryCluster,
  request,
  scriptCall,
  ToyProgram,
  toyRef,
  toyTransaction,
  type Script,
} from '@streamy-db/core/testing'
import { expect, test } from 'vitest'
import { ReferenceExecutor, type BatchResult } from '../reference/reference-executor.ts'
import { inOneLine } from './in-one-line.ts'

const minuteUs = 60_000_000
const here = keyIn(0, 2)
const there = keyIn(1, 2)

test('a worker that owns no partition executes nothing, also where there is only one', () => {
  const cluster = new MemoryCluster({ placement: [1] })
  cluster.append(toyTransaction(1, [scriptCall('a', [['tell', 'b', [['add', 1]], []]])]))
  cluster.settle()
  expect(cluster.engine(0).stateHashes().size).toBe(0)
  expect(shownBy(cluster)).toEqual(expectedOf(cluster))
})

test('timers that become known late still run so many a batch', () => {
  const cluster = new MemoryCluster({ placement: [0, 1] })
  cluster.append(readsBoth(1), toyTransaction(2, [scriptCall(here, [['timers', 70, 0, [['add', 1]]]])]))
  cluster.tick(1000)
  cluster.deliver(0)
  cluster.settle()
  expect(shownBy(cluster)).toEqual(expectedOf(cluster))
  cluster.tick(1000)
  cluster.settle()
  expect(shownBy(cluster)).toEqual(expectedOf(cluster))
})

test('home does not take a vote for an outcome before it knows whether the entry counts', () => {
  const cluster = new MemoryCluster({ placement: [0, 1] })
  const asserting = toyTransaction(1, [scriptCall(here, [['add', 1]])], {
    asserts: [{ ref: toyRef(there), version: undefined }],
  })
  cluster.append(asserting)
  cluster.append(toyTransaction(2, [scriptCall(there, [['add', 1]])]), asserting)
  cluster.deliver(0)
  cluster.network.become({ loss: 1 })
  cluster.deliver(1, 1)
  cluster.exchange()
  cluster.network.become({})
  // The vote on the first entry is lost; the one on its repeat arrives, and fails, since the actor is there by then.
  cluster.settle()
  expect([...cluster.replies.values()].map(({ outcome }) => outcome.kind)).toEqual([
    'committed',
    'committed',
    'committed',
  ])
  expect(shownBy(cluster)).toEqual(expectedOf(cluster))
})

test('sessions of several partitions expire in time also after a restart', async () => {
  const cluster = new MemoryCluster({ placement: [0, 0] })
  cluster.append(toyTransaction(1, [scriptCall(there, [])]))
  cluster.clock += 20 * minuteUs
  cluster.append(toyTransaction(2, [scriptCall(here, [])]))
  cluster.settle()
  await cluster.flush(0)
  cluster.restart(0)
  cluster.tick(15 * minuteUs)
  cluster.settle()
  expect(shownBy(cluster)).toEqual(expectedOf(cluster))
})

test('an exclusive transaction fetches the actors of its asserts too', () => {
  const { cluster } = afterExclusive([{ ref: toyRef(keyIn(3, 4, 1)), version: undefined }])
  cluster.settle()
  expect(shownBy(cluster)).toEqual(expectedOf(cluster))
})

test('what an exclusive transaction fetched can be fetched again, whoever restarted in between', async () => {
  const { cluster, deliverLast } = afterExclusive([])
  for (const worker of [0, 1, 2, 3]) await cluster.flush(worker)
  deliverLast()
  cluster.exchange()
  // Worker 1 has answered and forgets it; home goes on with what it has, and only then has to ask once more.
  cluster.restart(1)
  cluster.settle()
  cluster.restart(0)
  cluster.settle()
  expect(shownBy(cluster)).toEqual(expectedOf(cluster))
})

test('a tell whose own entry is read before its sender has committed leaves the outbox all the same', () => {
  const cluster = new MemoryCluster({ placement: [0, 1] })
  const script: Script = [
    ['look', there],
    ['tell', there, [['add', 1]], []],
  ]
  cluster.append(toyTransaction(1, [scriptCall(here, script)], { touches: [{ ref: toyRef(there), mode: 'read' }] }))
  cluster.settle()
  cluster.restart(0)
  cluster.settle({ appends: false })
  expect(shownBy(cluster)).toEqual(expectedOf(cluster))
})

// A transaction of which worker 0 has to wait for worker 1.
function readsBoth(sequence: number): Transaction {
  return toyTransaction(sequence, [scriptCall(here, [['look', there]])], {
    touches: [{ ref: toyRef(there), mode: 'read' }],
  })
}

// Four workers, and a transaction that misses one actor after another until its exclusive attempt is in the log; every
// attempt declares only what it must.
function afterExclusive(asserts: Transaction['asserts']): { cluster: MemoryCluster; deliverLast: () => void } {
  const cluster = new MemoryCluster({ placement: [0, 1, 2, 3] })
  const others = [keyIn(2, 4), keyIn(3, 4), keyIn(2, 4, 1), keyIn(1, 4), keyIn(1, 4, 1)]
  const script = others.map((key) => ['call', key, [['add', 1]]] as const)
  cluster.append(toyTransaction(request(1), [scriptCall(keyIn(0, 4), script)], { asserts }))
  for (let attempt = 1; attempt < 4; attempt++) {
    for (let round = 0; round < 3; round++) {
      for (const worker of [0, 1, 2, 3]) cluster.deliver(worker)
      cluster.exchange()
    }
    cluster.submissions.length = 0
    cluster.append(...referenceOver(cluster).reference.pending())
  }
  expect(cluster.attempts()).toEqual([1, 2, 3, 4])
  return { cluster, deliverLast: () => [0, 1, 2, 3].forEach((worker) => cluster.deliver(worker)) }
}

interface Shown {
  readonly hashes: readonly (string | undefined)[]
  /** In the order of their positions. */
  readonly replies: readonly string[]
}

function shownBy(cluster: MemoryCluster): Shown {
  const replies = [...cluster.replies.values()].toSorted((a, b) => a.position - b.position)
  return { hashes: cluster.hashes(), replies: replies.map(inOneLine) }
}

function expectedOf(cluster: MemoryCluster): Shown {
  const { results } = referenceOver(cluster)
  return {
    hashes: results.at(-1)!.hashes,
    replies: results.flatMap(({ replies }) => replies.map(inOneLine)),
  }
}

function referenceOver({ log, partitions }: MemoryCluster): { reference: ReferenceExecutor; results: BatchResult[] } {
  const reference = new ReferenceExecutor({ program: new ToyProgram(), partitions, seed: 'cluster' })
  return { reference, results: log.map((entry) => reference.execute(entry)) }
}
