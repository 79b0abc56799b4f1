// The binary form of one log entry. Transactions that name the same partitions lie beside each other, in one group, and an
// index in front tells which partitions these are and how long each group is: so a worker pays for the transactions that
// are its own, and for the others one byte each to pass.
//
//   offset 0  u32  crc32 of everything behind it
//          4  u8   magic 0x53
//          5  u8   format version
//          6  u8   kind
//          7  u8   0
//          8  u32  number of transactions
//         12  u32  bytes of what they share
//         16  u32  bytes of the index
//         20       what the transactions share (shared-names.ts)
//          …       index: a varint count of groups, per group a varint count of partitions, those ascending as varints, and a
//                  varint of the group's bytes; count 0 stands for every partition. Then per transaction, in their order,
//                  a varint of the number of its group
//          …       groups: per transaction its bytes (transaction-codec.ts) behind their length, in their order; or the
//                  body of a control entry
//
// An entry is void by its header, what is shared, its index and its checksum alone, which everyone reads; a group by its own
// bytes, which everyone reads whom it names; and so each transaction (DESIGN §3). Each has its place in the index once, so
// that no two can be at one position.

import { crc32 } from 'node:zlib'
import { ByteReader, MalformedBytes } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { StreamyError } from './errors.ts'
import { limits } from './limits.ts'
import type { PartitionId } from './position.ts'
import { SharedNames } from './shared-names.ts'
import { decodeTransaction } from './transaction-codec.ts'
import type { Transaction } from './transaction.ts'

const MAGIC = 0x53
const HEADER_BYTES = 20

/** The version of everything the log holds; replay of another version is not attempted. */
export const formatVersion = 2

/**
 * What an entry is: transactions; a tick, which only moves log time on and marks a place; the creation of a database; a
 * change of membership; or the request for a checkpoint.
 */
export const batchKinds = { transactions: 0, tick: 1, create: 2, member: 3, checkpoint: 4 } as const

/** Name of an entry's kind. */
export type BatchKind = keyof typeof batchKinds

const kindNames: readonly BatchKind[] = ['transactions', 'tick', 'create', 'member', 'checkpoint']

/** Transactions that name the same partitions. */
export interface BatchGroup {
  /** Ascending; empty stands for all. */
  readonly partitions: readonly PartitionId[]
  readonly start: number
  readonly end: number
}

/** One transaction of an entry, still as bytes. */
export interface BatchTransaction {
  /** From 0. */
  readonly index: number
  /** Those that it names, ascending; empty stands for all. */
  readonly partitions: readonly PartitionId[]
  readonly start: number
  readonly end: number
}

/** An entry opened by its index; transactions are still bytes. */
export interface Batch {
  readonly kind: BatchKind
  /** Of its transactions. */
  readonly count: number
  readonly shared: SharedNames
  readonly groups: readonly BatchGroup[]
  /** Per transaction, the number of its group. */
  readonly order: readonly number[]
  readonly bytes: Uint8Array
  /** Where the groups, or the body of a control entry, start. */
  readonly bodyStart: number
}

/** An entry that everyone skips. */
export interface VoidBatch {
  readonly kind: 'void'
  readonly reason: string
}

const sharesNothing = Uint8Array.of(0, 0)

/** The bytes of a control entry. */
export function encodeControlBatch(kind: Exclude<BatchKind, 'transactions'>, body: Uint8Array): Uint8Array {
  return sealBatch(kind, { shared: sharesNothing, groups: [], order: [], body })
}

/** The body of a control entry. */
export function controlBody(batch: Batch): Uint8Array {
  return batch.bytes.subarray(batch.bodyStart)
}

/**
 * Opens an entry by its header, index and checksum. Throws FORMAT_UNKNOWN for an intact entry of another version: that
 * stops the worker, where a damaged one is only void. A client's (`restricted`) is void too, since whoever may send
 * transactions must not be able to stop all workers; a release that knows more versions has to find the same in a log
 * that was written before it.
 */
export function openBatch(
  bytes: Uint8Array,
  { restricted = false }: { readonly restricted?: boolean } = {},
): Batch | VoidBatch {
  try {
    return readBatch(bytes, restricted)
  } catch (error) {
    if (error instanceof MalformedBytes) return { kind: 'void', reason: error.message }
    throw error
  }
}

/**
 * The transactions of the groups that concern `concerns` (all of them without it), in their order. A group that is void is
 * told to `onVoid` instead.
 */
export function transactionsOf(
  batch: Batch,
  concerns?: (partitions: readonly PartitionId[]) => boolean,
  onVoid?: (reason: string) => void,
): BatchTransaction[] {
  const { groups, order } = batch
  const own = groups.map((group) =>
    concerns === undefined || concerns(group.partitions) ? openGroup(batch, group) : undefined,
  )
  const found: BatchTransaction[] = []
  for (let index = 0; index < order.length; index++) {
    const group = own[order[index]!]
    if (group === undefined) continue
    const { spans, taken } = group
    group.taken += 2
    if (taken < spans.length)
      found.push({ index, partitions: group.partitions, start: spans[taken]!, end: spans[taken + 1]! })
  }
  const broken = own.filter((group) => group !== undefined && group.taken !== group.spans.length)
  for (const group of broken) onVoid?.(group!.fault ?? 'a group holds more or fewer transactions than the index')
  return broken.length === 0 ? found : found.filter(({ index }) => !broken.includes(own[order[index]!]))
}

// A group as its transactions are handed out.
interface OpenGroup {
  readonly partitions: readonly PartitionId[]
  /** Start and end of each transaction, one after the other; none when the group is void. */
  readonly spans: readonly number[]
  readonly fault: string | undefined
  /** How much of `spans` was handed out. */
  taken: number
}

function openGroup({ bytes }: Batch, { partitions, start, end }: BatchGroup): OpenGroup {
  const spans: number[] = []
  try {
    const reader = new ByteReader(bytes, start, end)
    while (reader.remaining > 0) {
      const size = reader.varint()
      check(size <= limits.transactionBytesMax, 'a transaction is too large')
      spans.push(reader.offset, reader.offset + size)
      reader.skip(size)
    }
    return { partitions, spans, fault: undefined, taken: 0 }
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error
    return { partitions, spans: [], fault: error.message, taken: 0 }
  }
}

/** A transaction of an entry. Throws {@link MalformedBytes} when it is void. */
export function transactionIn({ bytes, shared }: Batch, { start, end }: BatchTransaction): Transaction {
  return decodeTransaction(new ByteReader(bytes, start, end, true), shared)
}

/** A group as it goes into an entry. */
export interface SealedGroup {
  readonly partitions: readonly PartitionId[]
  readonly bytes: Uint8Array
}

/** What an entry is put together from. */
export interface SealedParts {
  readonly shared: Uint8Array
  readonly groups: readonly SealedGroup[]
  readonly order: readonly number[]
  readonly body: Uint8Array
}

/** The bytes of an entry. */
export function sealBatch(kind: BatchKind, { shared, groups, order, body }: SealedParts): Uint8Array {
  const index = new ByteWriter(order.length + groups.length * 8 + 8)
  index.varint(groups.length)
  for (const { partitions, bytes } of groups) {
    index.varint(partitions.length)
    for (const partition of partitions) index.varint(partition)
    index.varint(bytes.length)
  }
  for (const group of order) index.varint(group)
  const parts = [shared, index.view(), ...groups.map(({ bytes }) => bytes), body]
  const sealed = Buffer.allocUnsafeSlow(parts.reduce((size, { length }) => size + length, HEADER_BYTES))
  sealed[4] = MAGIC
  sealed[5] = formatVersion
  sealed[6] = batchKinds[kind]
  sealed[7] = 0
  sealed.writeUInt32LE(order.length, 8)
  sealed.writeUInt32LE(shared.length, 12)
  sealed.writeUInt32LE(index.length, 16)
  let at = HEADER_BYTES
  for (const part of parts) {
    sealed.set(part, at)
    at += part.length
  }
  sealed.writeUInt32LE(crc32(sealed.subarray(4)), 0)
  return sealed
}

function readBatch(bytes: Uint8Array, restricted: boolean): Batch {
  check(bytes.length <= limits.batchBytesMax, 'the entry is too large')
  const reader = new ByteReader(bytes)
  check(reader.u32() === crc32(bytes.subarray(4)), 'the checksum does not match')
  check(reader.u8() === MAGIC, 'not an entry of this database')
  checkVersion(reader.u8(), restricted)
  const kind = kindNames[reader.u8()]
  if (kind === undefined) throw new MalformedBytes('the kind is unknown')
  check(reader.u8() === 0, 'a reserved byte is set')
  const count = reader.u32()
  const sharedEnd = HEADER_BYTES + reader.u32()
  const bodyStart = sharedEnd + reader.u32()
  check(kind === 'transactions' ? count >= 1 : count === 0, 'the count does not fit the kind')
  check(count <= limits.transactionsPerBatchMax, 'too many transactions')
  check(bodyStart <= bytes.length, 'the index is longer than the entry')
  const shared = new SharedNames(new ByteReader(bytes, HEADER_BYTES, sharedEnd))
  const index = new ByteReader(bytes, sharedEnd, bodyStart)
  const groups = readGroups(index, bodyStart)
  const order = readOrder(index, count, groups.length)
  check(kind === 'transactions' || groups.length === 0, 'an entry of control with transactions')
  check(count === 0 || groups.at(-1)?.end === bytes.length, 'the index does not add up to the entry')
  return { kind, count, shared, groups, order, bytes, bodyStart }
}

function readGroups(reader: ByteReader, bodyStart: number): BatchGroup[] {
  let end = bodyStart
  return reader.list(() => {
    const partitions = readPartitions(reader)
    const start = end
    end += reader.varint()
    return { partitions, start, end }
  })
}

function readOrder(reader: ByteReader, count: number, groups: number): number[] {
  const order: number[] = []
  check(count <= reader.remaining, 'the index is shorter than the number of transactions')
  for (let i = 0; i < count; i++) {
    const group = reader.varint()
    check(group < groups, 'a group that is not there')
    order.push(group)
  }
  reader.finish()
  return order
}

const everyPartition: readonly PartitionId[] = Object.freeze([])

function readPartitions(reader: ByteReader): readonly PartitionId[] {
  const partitions = reader.list(() => reader.varint())
  if (partitions.length === 0) return everyPartition
  for (let i = 1; i < partitions.length; i++) check(partitions[i - 1]! < partitions[i]!, 'partitions are not ascending')
  return partitions
}

function checkVersion(version: number, restricted: boolean): void {
  if (version === formatVersion) return
  if (restricted) throw new MalformedBytes(`a client may not write format version ${version}`)
  throw new StreamyError(
    'FORMAT_UNKNOWN',
    `The log holds format version ${version}; this is version ${formatVersion}. Run a release of Streamy that knows it.`,
  )
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new MalformedBytes(what)
}
