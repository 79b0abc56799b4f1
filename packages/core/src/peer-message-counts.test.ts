// What transactions over several partitions cost in messages between workers, when none is lost: those that the protocols
// promise (DESIGN §6), and not one more. Method: an ear on the network that hears every message.

import { describe, expect, it } from 'vitest'
import type { PeerMessage } from './peer-message.ts'
import type { PartitionId } from './position.ts'
import { MemoryCluster } from './testing/memory-cluster.ts'
import { scriptCall, toyRef, type Script } from './testing/toy-script.ts'
import { keyIn, toyTransaction } from './testing/toy-transactions.ts'
import type { Transaction } from './transaction.ts'

const add: Script = [['add', 1]]
const everyOneItsOwn = [0, 1, 2, 3]
const partitions = everyOneItsOwn.length
const keyOf = (partition: PartitionId): string => keyIn(partition, partitions)

// The messages of a transaction on workers that have these partitions, and whether it committed.
function run(placement: readonly number[], transaction: Transaction): { sent: PeerMessage[]; outcome: unknown } {
  const cluster = new MemoryCluster({ placement })
  const sent: PeerMessage[] = []
  const ear = cluster.network.connect()
  ear.listen(placement.map((_, partition) => partition))
  ear.onMessage((message) => sent.push(message))
  cluster.append(transaction)
  cluster.settle()
  return { sent, outcome: [...cluster.replies.values()][0]?.outcome.kind }
}

function kindsOf(sent: readonly PeerMessage[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { kind } of sent) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

// A handler at partition 0 that reaches the others: writes the first of them, and reads the rest.
function reaching(participants: number, writers: number): Transaction {
  const others = Array.from({ length: participants - 1 }, (_, other) => keyOf(other + 1))
  const script: Script = others.map((key, index) => (index < writers - 1 ? ['call', key, add] : ['look', key]))
  const touches = others.map((key, index) => ({
    ref: toyRef(key),
    mode: index < writers - 1 ? ('write' as const) : ('read' as const),
  }))
  return toyTransaction(1, [scriptCall(keyOf(0), [['add', 1], ...script])], { touches })
}

const layouts = [1, 2, 3, 4]
  .flatMap((participants) => Array.from({ length: participants }, (_, index) => ({ participants, writers: index + 1 })))
  .filter(({ participants }) => participants > 1)

describe('a transaction by the home protocol', () => {
  it.each(layouts)(
    'of $participants participants and $writers writers sends values to home from all others and results to all other writers',
    ({ participants, writers }) => {
      const { sent, outcome } = run(everyOneItsOwn, reaching(participants, writers))
      expect(outcome).toBe('committed')
      const results = writers > 1 ? { result: writers - 1 } : {}
      expect(kindsOf(sent)).toEqual({ values: participants - 1, ...results })
      expect(sent).toHaveLength(participants - 1 + (writers - 1))
    },
  )

  it('sends only to the partitions of the other of two workers', () => {
    const { sent, outcome } = run([0, 0, 1, 1], reaching(4, 4))
    expect(outcome).toBe('committed')
    expect(kindsOf(sent)).toEqual({ values: 2, result: 2 })
  })

  it('sends nothing where all its partitions have one worker', () => {
    expect(run([0, 0, 0, 0], reaching(4, 4))).toEqual({ sent: [], outcome: 'committed' })
  })
})

describe('a transaction by votes', () => {
  it.each([2, 3, 4])('of %d writers sends one vote from each to each of the others', (participants) => {
    const calls = Array.from({ length: participants }, (_, partition) => scriptCall(keyOf(partition), add))
    const { sent, outcome } = run(everyOneItsOwn, toyTransaction(1, calls))
    expect(outcome).toBe('committed')
    expect(kindsOf(sent)).toEqual({ vote: participants * (participants - 1) })
    expect(new Set(sent.map(({ from, to }) => `${from}/${to}`)).size).toBe(sent.length)
  })

  it('tells nobody who does not wait: a partition that only asserts votes and hears nothing', () => {
    const calls = [scriptCall(keyOf(0), add), scriptCall(keyOf(1), add)]
    const asserts = [{ ref: toyRef(keyOf(2)), version: undefined }]
    const { sent, outcome } = run(everyOneItsOwn, toyTransaction(1, calls, { asserts }))
    expect(outcome).toBe('committed')
    expect(sent.map(({ kind, from, to }) => `${kind} ${from} to ${to}`).toSorted()).toEqual([
      'vote 0 to 1',
      'vote 1 to 0',
      'vote 2 to 0',
      'vote 2 to 1',
    ])
  })

  it('sends only to the partitions of the other of two workers', () => {
    const calls = everyOneItsOwn.map((partition) => scriptCall(keyOf(partition), add))
    const { sent, outcome } = run([0, 0, 1, 1], toyTransaction(1, calls))
    expect(outcome).toBe('committed')
    expect(kindsOf(sent)).toEqual({ vote: 8 })
  })
})
