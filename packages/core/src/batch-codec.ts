// The binary form of one log entry. An index in front tells, per transaction, its length and the partitions it
// touches, so that a worker skips what is not its own without decoding it.
//
//   offset 0  u32  crc32 of everything behind it
//          4  u8   magic 0x53
//          5  u8   format version
//          6  u8   kind
//          7  u8   0
//          8  u32  number of transactions
//         12  u32  bytes of the index
//         16       index: per transaction a varint of its bytes, a varint count of partitions, those partitions
//                  ascending as varints; count 0 stands for every partition
//          …       transactions (transaction-codec.ts), end to end; or the body of a control entry
//
// An entry is void by these parts alone, which everyone reads (DESIGN §3).

import { crc32 } from 'node:zlib'
import { ByteReader, MalformedBytes } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { StreamyError } from './errors.ts'
import { limits } from './limits.ts'
import type { PartitionId } from './position.ts'
import { assertSubmittable, encodeTransaction } from './transaction-codec.ts'
import type { Transaction } from './transaction.ts'

const MAGIC = 0x53
const HEADER_BYTES = 16

/** The version of everything the log holds; replay of another version is not attempted. */
export const formatVersion = 1

/**
 * What an entry is: transactions; a tick, which only moves log time on and marks a place; the creation of a database; a
 * change of membership; or the request for a checkpoint.
 */
export const batchKinds = { transactions: 0, tick: 1, create: 2, member: 3, checkpoint: 4 } as const

/** Name of an entry's kind. */
export type BatchKind = keyof typeof batchKinds

const kindNames: readonly BatchKind[] = ['transactions', 'tick', 'create', 'member', 'checkpoint']

/** An entry opened by its index; transactions are still bytes. */
export interface Batch {
  readonly kind: BatchKind
  /** Where each transaction starts; one more than there are, the last is the end. */
  readonly offsets: readonly number[]
  /** The partitions each transaction names, ascending; empty stands for all. */
  readonly partitions: readonly (readonly PartitionId[])[]
  readonly bytes: Uint8Array
}

/** An entry that everyone skips. */
export interface VoidBatch {
  readonly kind: 'void'
  readonly reason: string
}

/** Gathers transactions into the bytes of one entry. */
export class BatchBuilder {
  readonly #index = new ByteWriter(4096)
  readonly #body = new ByteWriter(16_384)
  #count = 0

  /** Transactions so far. */
  get count(): number {
    return this.#count
  }

  /**
   * Adds a transaction that names `partitions` (empty: all). Returns false, and adds nothing, when the entry is full;
   * throws VALUE_TOO_LARGE when no entry could hold it.
   */
  add(transaction: Transaction, partitions: readonly PartitionId[]): boolean {
    if (this.#count === limits.transactionsPerBatchMax) return false
    const start = this.#body.length
    encodeTransaction(this.#body, transaction)
    const size = this.#body.length - start
    const whole = HEADER_BYTES + this.#index.length + this.#body.length + 8 * (partitions.length + 2)
    if (size > limits.requestBytesMax || whole > limits.entryBytesMax) {
      this.#body.reset(start)
      // Later attempts may take the room that is kept free for them.
      if (transaction.attempt === 1) assertSubmittable(size, 'The transaction')
      if (whole > limits.entryBytesMax) return false
      encodeTransaction(this.#body, transaction)
    }
    this.#index.varint(size)
    this.#index.varint(partitions.length)
    for (const partition of partitions) this.#index.varint(partition)
    this.#count += 1
    return true
  }

  /** The bytes of the entry; the builder starts anew. */
  take(): Uint8Array {
    const bytes = sealBatch('transactions', this.#count, this.#index.view(), this.#body.view())
    this.#index.reset()
    this.#body.reset()
    this.#count = 0
    return bytes
  }
}

/** The bytes of a control entry. */
export function encodeControlBatch(kind: Exclude<BatchKind, 'transactions'>, body: Uint8Array): Uint8Array {
  return sealBatch(kind, 0, new Uint8Array(0), body)
}

/** The body of a control entry. */
export function controlBody(batch: Batch): Uint8Array {
  return batch.bytes.subarray(batch.offsets[0]!)
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

function sealBatch(kind: BatchKind, count: number, index: Uint8Array, body: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(HEADER_BYTES + index.length + body.length)
  bytes[4] = MAGIC
  bytes[5] = formatVersion
  bytes[6] = batchKinds[kind]
  bytes[7] = 0
  bytes.writeUInt32LE(count, 8)
  bytes.writeUInt32LE(index.length, 12)
  bytes.set(index, HEADER_BYTES)
  bytes.set(body, HEADER_BYTES + index.length)
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0)
  return bytes
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
  const indexBytes = reader.u32()
  check(kind === 'transactions' ? count >= 1 : count === 0, 'the count does not fit the kind')
  check(count <= limits.transactionsPerBatchMax, 'too many transactions')
  check(HEADER_BYTES + indexBytes <= bytes.length, 'the index is longer than the entry')
  return { kind, bytes, ...readIndex(bytes, count, HEADER_BYTES + indexBytes) }
}

function readIndex(bytes: Uint8Array, count: number, indexEnd: number): Pick<Batch, 'offsets' | 'partitions'> {
  const reader = new ByteReader(bytes, HEADER_BYTES, indexEnd)
  const offsets = [indexEnd]
  const partitions: (readonly PartitionId[])[] = []
  let end = indexEnd
  for (let i = 0; i < count; i++) {
    const size = reader.varint()
    check(size <= limits.transactionBytesMax, 'a transaction is too large')
    end += size
    offsets.push(end)
    partitions.push(readPartitions(reader))
  }
  reader.finish()
  check(count === 0 || end === bytes.length, 'the index does not add up to the entry')
  return { offsets, partitions }
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
