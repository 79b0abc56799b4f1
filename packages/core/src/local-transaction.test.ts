// Goal: a transaction over several actors comes to the same where all of them are on one worker, and it runs at once, as where
// each partition has a worker of its own, and it goes by votes or home: outcomes, state and
// writes. Method: one log of seeded batches, with the tells and retries that came of them, executed by clusters of both kinds.

import { describe, expect, it } from 'vitest'
import type { Commit } from './commit.ts'
import { Random } from './random.ts'
import { MemoryCluster } from './testing/memory-cluster.ts'
import { scriptCall, toyRef, type Declared, type Script, type Step } from './testing/toy-script.ts'
import { toyTransaction } from './testing/toy-transactions.ts'
import type { Transaction } from './transaction.ts'

const keys = Array.from({ length: 6 }, (_, index) => `k${index}`)
const batches = 40
const perBatch = 6

describe.each([1, 2, 3, 4, 5, 6, 7, 8])('the transactions of seed %i', (seed) => {
  const together = run([0, 0, 0, 0], (cluster) => appendAll(cluster, seed))
  const apart = run([0, 1, 2, 3], (cluster) => {
    cluster.log.push(...together.cluster.log)
    cluster.settle({ appends: false })
  })

  it('have the same outcomes and leave the same state', () => {
    const outcomes = ({ cluster }: Ran): unknown[] =>
      [...cluster.replies].toSorted(([a], [b]) => a - b).map(([position, { outcome }]) => [position, outcome])
    expect(outcomes(together)).toEqual(outcomes(apart))
    expect(together.cluster.hashes()).toEqual(apart.cluster.hashes())
  })

  it('tell of the same writes', () => {
    const told = ({ commits }: Ran): string[] => commits.map(({ position, ref }) => `${position} ${ref.id}`).toSorted()
    expect(told(together)).toEqual(told(apart))
  })
})

interface Ran {
  readonly cluster: MemoryCluster
  readonly commits: readonly Commit[]
}

function run(placement: readonly number[], execute: (cluster: MemoryCluster) => void): Ran {
  const cluster = new MemoryCluster({ placement })
  const told = [...new Set(placement)].map((worker) => {
    const commits: Commit[] = []
    cluster.engine(worker).onCommit = (commit) => commits.push(commit)
    return commits
  })
  execute(cluster)
  return { cluster, commits: told.flat() }
}

function appendAll(cluster: MemoryCluster, seed: number): void {
  const random = new Random(`local/${seed}`)
  for (let batch = 0; batch < batches; batch++) {
    const transactions = Array.from({ length: perBatch }, (_, index) => draw(random, batch * perBatch + index + 1))
    cluster.append(...transactions)
    cluster.settle()
  }
}

function draw(random: Random, identity: number): Transaction {
  const pick = (): string => keys[Math.floor(random.next() * keys.length)]!
  if (random.next() < 0.4) {
    const calls = Array.from({ length: 2 + Math.floor(random.next() * 3) }, () =>
      scriptCall(pick(), steps(random, pick)),
    )
    return toyTransaction(identity, calls)
  }
  const others = [pick(), pick()]
  const declared: Declared = others.map((key) => [key, random.next() < 0.7 ? 'write' : 'read'])
  const script: Script = others.map((key): Step => (random.next() < 0.7 ? ['call', key, [['add', 1]]] : ['look', key]))
  const call = scriptCall(pick(), [...steps(random, pick), ...script])
  return toyTransaction(identity, [call], { touches: declared.map(([key, mode]) => ({ ref: toyRef(key), mode })) })
}

function steps(random: Random, pick: () => string): Script {
  const some: readonly Step[] = [
    ['add', 1],
    ['append', 'a'],
    ['random'],
    ['clock'],
    ['ifOdd', [['throw', 'odd']]],
    ['tell', pick(), [['add', 10]], []],
    ['timer', 1500, [['append', 'due']], []],
    ['destroy'],
  ]
  return [['add', 1], some[Math.floor(random.next() * some.length)]!]
}
