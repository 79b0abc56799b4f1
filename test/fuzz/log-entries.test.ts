// Goal: whatever bytes a client gets into the log, every worker reads them alike: skips them, or executes what they say,
// which is what the reference makes of them. Method: good entries are mutated, and often sealed anew with a checksum that
// fits, since whoever may append can compute one; then the same log runs on several layouts of workers.

import { crc32 } from 'node:zlib'
import { BatchBuilder, indexedPartitions, type LogEntry, type Transaction } from '@streamy-db/core'
import { MemoryCluster, ToyProgram, anyTransaction, scriptCall, toyTransaction } from '@streamy-db/core/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReferenceExecutor } from '../reference/reference-executor.ts'
import { campaign } from './campaign.ts'
import { anyMutations, mutated } from './mutation.ts'
import { expectPrototypesUntouched, typedError } from './unharmed.ts'

const partitions = 3
const placements = [
  [0, 0, 0],
  [0, 1, 2],
  [0, 1, 0],
]
/** What the sessions of the client that writes all this begin with. */
const restrictedTo = 'web'

const key = fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor')
const step = fc.oneof(
  fc.tuple(fc.constant('add' as const), fc.integer({ min: -3, max: 3 })),
  fc.tuple(fc.constant('append' as const), fc.string({ maxLength: 5 })),
  fc.tuple(fc.constant('call' as const), key, fc.constant([['add', 1]] as const)),
  fc.tuple(fc.constant('tell' as const), key, fc.constant([['add', 1]] as const), fc.constant([])),
  fc.tuple(fc.constant('timer' as const), fc.nat(5000), fc.constant([['add', 1]] as const), fc.constant([])),
  fc.constant(['destroy'] as const),
)
const toy = fc
  .record({
    to: key,
    script: fc.array(step, { maxLength: 3 }),
    declared: fc.array(key, { maxLength: 2 }),
    number: fc.nat(9),
  })
  .map(({ to, script, declared, number }): Transaction => {
    const identity = {
      session: 'web-1',
      sequence: number,
      suffix: '',
      answeredBelow: 0,
      seenTime: Number.MAX_SAFE_INTEGER,
    }
    const touches = declared.map((name) => [name, 'write'] as const)
    return toyTransaction(identity, [scriptCall(to, script, touches)])
  })

// Transactions of every shape are valid as bytes; most name actors that do not exist, or sessions of somebody else.
const entry = fc.record({
  transactions: fc.array(fc.oneof({ weight: 3, arbitrary: toy }, anyTransaction), { minLength: 1, maxLength: 4 }),
  mutations: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 3, arbitrary: anyMutations }),
  sealed: fc.boolean(),
})
const garbage = fc.uint8Array({ maxLength: 60 })
const entries = fc.array(fc.oneof({ weight: 9, arbitrary: entry.map(bytesOf) }, { weight: 1, arbitrary: garbage }), {
  minLength: 1,
  maxLength: 8,
})

test('every layout of workers, and the reference, make the same of any entries', { timeout: 600_000 }, () => {
  fc.assert(
    fc.property(entries, (log) => {
      const outcomes = placements.map((placement) => outcomeOn(placement, log))
      const expected = referenceOutcome(log)
      for (const { hashes, replies } of outcomes) expect({ hashes, replies }).toEqual(expected)
      const [first, ...others] = outcomes.map(({ incidents }) => incidents)
      for (const incidents of others) expect(incidents).toEqual(first)
      expectPrototypesUntouched()
    }),
    campaign(150),
  )
})

test('an entry that nobody restricted is skipped, or stops every worker with the same error', () => {
  fc.assert(
    fc.property(entry.map(bytesOf), (bytes) => {
      const [first, ...others] = placements.map((placement) => {
        const cluster = new MemoryCluster({ placement })
        cluster.appendBytes(bytes)
        try {
          cluster.settle({ appends: false })
          return cluster.hashes()
        } catch (error) {
          return typedError(error).message
        }
      })
      for (const other of others) expect(other).toEqual(first)
    }),
    campaign(150),
  )
})

interface Outcome {
  readonly hashes: readonly (string | undefined)[]
  readonly replies: readonly unknown[]
}

function outcomeOn(
  placement: readonly number[],
  entriesOfLog: readonly Uint8Array[],
): Outcome & { incidents: string[] } {
  const cluster = new MemoryCluster({ placement })
  for (const each of logOf(entriesOfLog)) cluster.log.push(each)
  cluster.settle({ appends: false })
  const replies = [...cluster.replies.values()].toSorted((a, b) => a.position - b.position)
  // Each worker tells of what it skips by itself; of a transaction only those that it concerns.
  const incidents = cluster.incidents.map(({ kind, position, reason }) => `${position} ${kind} ${reason}`)
  return { hashes: cluster.hashes(), replies: replies.map(show), incidents: [...new Set(incidents)].toSorted() }
}

function referenceOutcome(entriesOfLog: readonly Uint8Array[]): Outcome {
  const reference = new ReferenceExecutor({ program: new ToyProgram(), partitions, seed: 'cluster' })
  const results = logOf(entriesOfLog).map((each) => reference.execute(each))
  return { hashes: results.at(-1)!.hashes, replies: results.flatMap(({ replies }) => replies).map(show) }
}

function logOf(entriesOfLog: readonly Uint8Array[]): LogEntry[] {
  return entriesOfLog.map((bytes, index) => ({
    sequence: index + 1,
    appendTime: 1e12 + index * 1000,
    bytes,
    restrictedTo,
  }))
}

function show({ position, outcome }: { readonly position: number; readonly outcome: unknown }): unknown {
  return { position, outcome }
}

function bytesOf({ transactions, mutations, sealed }: FuzzedEntry): Uint8Array {
  const builder = new BatchBuilder()
  for (const transaction of transactions) builder.add(transaction, indexedPartitions(transaction, partitions))
  const bytes = mutated(builder.take(), mutations)
  return sealed ? seal(bytes) : bytes
}

interface FuzzedEntry {
  readonly transactions: readonly Transaction[]
  readonly mutations: Parameters<typeof mutated>[1]
  readonly sealed: boolean
}

// The checksum stands in front of what it covers; see `batch-codec.ts`.
function seal(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 4) return bytes
  const copy = Buffer.from(bytes)
  copy.writeUInt32LE(crc32(copy.subarray(4)), 0)
  return Uint8Array.from(copy)
}
