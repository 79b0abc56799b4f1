// What a client may write into the log, and what is void of everything else it can write there: found alike by every
// engine, whatever it executes, and without stopping anybody. Goal: nobody who may only send transactions can stop workers,
// speak for them, or speak for another client.

import { crc32 } from 'node:zlib'
import { beforeEach, expect, it } from 'vitest'
import { BatchBuilder } from './batch-builder.ts'
import { encodeControlBatch, formatVersion, type BatchKind } from './batch-codec.ts'
import { ByteWriter } from './byte-writer.ts'
import type { Incident } from './effects.ts'
import { indexedPartitions } from './footprint.ts'
import { encodeChange, type MembershipChange } from './membership.ts'
import { positionOf } from './position.ts'
import { MemoryCluster } from './testing/memory-cluster.ts'
import { scriptCall } from './testing/toy-script.ts'
import { keyIn, request, toyTransaction } from './testing/toy-transactions.ts'
import type { Transaction } from './transaction.ts'

const layouts = [
  [0, 0, 0, 0],
  [0, 1, 0, 1],
  [0, 1, 2, 3],
]
const partitions = 4
const key = keyIn(1, partitions)
const mine = (sequence: number, changes: Partial<Transaction> = {}): Transaction =>
  toyTransaction(request(sequence, { session: 'web.1' }), [scriptCall(key, [['add', 1]])], changes)

let clusters: readonly MemoryCluster[]

beforeEach(() => {
  clusters = layouts.map((placement) => new MemoryCluster({ placement }))
})

it('holds transactions of its own, and of others only what they wrote themselves', () => {
  appendAs('web', batchOf(mine(1)))
  appendAs('web.eu', batchOf(mine(2)))
  appendAs('we', batchOf(mine(3)))
  appendAs('web', batchOf(toyTransaction(request(1, { session: 'web' }), mine(1).calls)))
  appendAs('web', batchOf(toyTransaction(request(1, { session: 'worker.1' }), mine(1).calls)))
  expect(settled()).toEqual([
    1,
    [2, 3, 4, 5].map((batch) => voidTransaction(batch, "its session is not one of its writer's")),
  ])
})

it('holds no tells and no retries', () => {
  appendAs('web', batchOf(mine(1, { attempt: 2 })))
  appendAs('web', batchOf(mine(2, { attempt: 4 })))
  appendAs('web', batchOf(mine(3, { source: 1, request: request(3, { session: '~1' }) })))
  appendAs('~1', batchOf(mine(4, { source: 1, request: request(4, { session: '~1' }) })))
  const reason = 'a client may not write tells or retries'
  expect(settled()).toEqual([0, [1, 2, 3, 4].map((batch) => voidTransaction(batch, reason))])
})

it.each<Exclude<BatchKind, 'transactions'>>(['tick', 'create', 'member', 'checkpoint'])(
  'is void as an entry of the kind %s',
  (kind) => {
    const body = kind === 'member' ? bytesOf({ kind: 'join', name: 'a', incarnation: '1', fingerprint: 'f' }) : nothing
    appendAs('web', encodeControlBatch(kind, body))
    expect(settled()).toEqual([0, [voidBatch(1, `a client may not write an entry of the kind ${kind}`)]])
    for (const cluster of clusters) expect(cluster.engine(0).view.members).toEqual([])
  },
)

it('evicts nobody', () => {
  for (const cluster of clusters)
    cluster.appendBytes(
      encodeControlBatch('member', bytesOf({ kind: 'join', name: 'a', incarnation: '1', fingerprint: 'f' })),
    )
  appendAs('web', encodeControlBatch('member', bytesOf({ kind: 'evict', name: 'a', incarnation: '1', view: 1 })))
  settled()
  for (const cluster of clusters) expect(cluster.engine(0).view.members.map(({ name }) => name)).toEqual(['a'])
})

it.each([0, formatVersion + 1, 255])(
  'is void in format version %i, which stops whoever reads it from a worker',
  (version) => {
    const bytes = inVersion(version, batchOf(mine(1)))
    appendAs('web', bytes)
    appendAs('web', batchOf(mine(2)))
    expect(settled()).toEqual([1, [voidBatch(1, `a client may not write format version ${version}`)]])
    for (const cluster of clusters) {
      cluster.appendBytes(bytes)
      expect(() => cluster.settle()).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }))
    }
  },
)

it('is decided where P = 1 as everywhere else', () => {
  clusters = [new MemoryCluster({ placement: [0] })]
  appendAs('web', inVersion(9, batchOf(mine(1))))
  appendAs('till', batchOf(mine(2)))
  appendAs('web', batchOf(mine(3)))
  const [count, incidents] = settled()
  expect(count).toBe(1)
  expect(incidents).toHaveLength(2)
})

const nothing = new Uint8Array(0)

function appendAs(client: string, bytes: Uint8Array): void {
  for (const { log, clock } of clusters)
    log.push({ sequence: log.length + 1, appendTime: clock, bytes, restrictedTo: client })
}

// All layouts come to the same: count, incidents and state.
function settled(): readonly [unknown, readonly Incident[]] {
  const findings = clusters.map((cluster) => {
    cluster.settle()
    return { count: cluster.countOf(key) ?? 0, incidents: distinct(cluster.incidents), hashes: cluster.hashes() }
  })
  for (const finding of findings) expect(finding).toEqual(findings[0])
  const [{ count, incidents }] = findings as [(typeof findings)[number]]
  return [count, incidents]
}

// Every engine that an entry concerns reports it.
function distinct(incidents: readonly Incident[]): readonly Incident[] {
  const byPosition = new Map(incidents.map((incident) => [incident.position, incident]))
  for (const incident of incidents) expect(incident).toEqual(byPosition.get(incident.position))
  return [...byPosition.values()].toSorted((a, b) => a.position - b.position)
}

function batchOf(transaction: Transaction): Uint8Array {
  const builder = new BatchBuilder()
  const count = clusters[0]!.partitions
  expect(builder.add(transaction, indexedPartitions(transaction, count))).toBe(true)
  return builder.take()
}

function inVersion(version: number, bytes: Uint8Array): Uint8Array {
  const changed = Buffer.from(bytes)
  changed[5] = version
  changed.writeUInt32LE(crc32(changed.subarray(4)), 0)
  return changed
}

function bytesOf(change: MembershipChange): Uint8Array {
  const out = new ByteWriter()
  encodeChange(out, change)
  return out.take()
}

function voidTransaction(batch: number, reason: string): Incident {
  return { kind: 'void-transaction', position: positionOf(batch, 1), reason }
}

function voidBatch(batch: number, reason: string): Incident {
  return { kind: 'void-batch', position: positionOf(batch, 0), reason }
}
