// BatchBuilder: gathers transactions into the bytes of one entry (batch-codec.ts says in which form), the ones that name
// the same partitions beside each other.

import { sealBatch } from './batch-codec.ts'
import { ByteWriter } from './byte-writer.ts'
import { limits } from './limits.ts'
import type { PartitionId } from './position.ts'
import { SharedNamesWriter } from './shared-names.ts'
import { assert } from './errors.ts'
import { assertSubmittable, encodeTransaction, transactionBytes } from './transaction-codec.ts'
import type { Transaction } from './transaction.ts'

// Header, and what the index may take for each group beside its partitions.
const HEADER_BYTES = 32
const GROUP_BYTES = 16
const PARTITION_BYTES = 8
const SHORT_BYTES = 4096
// Groups kept for later entries; beyond that all are forgotten.
const GROUPS_KEPT_MAX = 4096
// Above any partition; two of them make a number, which is found faster than a text.
const PAIR_RADIX = 2 ** 20

interface OpenGroup {
  readonly partitions: readonly PartitionId[]
  readonly out: ByteWriter
  /** In the entry; undefined while it has no transactions. */
  number: number | undefined
}

assert(
  SHORT_BYTES * limits.nameBytesMax < limits.requestBytesMax,
  'a short transaction is within its limit, however long its names are',
)

/** Gathers transactions into the bytes of one entry. */
export class BatchBuilder {
  readonly #shared = new SharedNamesWriter()
  /** By the partition that they name, where it is one: the common case. */
  readonly #single: OpenGroup[] = []
  readonly #others = new Map<number | string, OpenGroup>()
  #used: OpenGroup[] = []
  /** Per transaction, the number of its group. */
  #order: number[] = []
  /** Of the index, at most, and of the transactions. */
  #bytes = 0

  /** Transactions so far. */
  get count(): number {
    return this.#order.length
  }

  /**
   * Adds a transaction that names `partitions` (empty: all). Returns false, and adds nothing, when the entry is full;
   * throws VALUE_TOO_LARGE when no entry could hold it.
   */
  add(transaction: Transaction, partitions: readonly PartitionId[]): boolean {
    if (this.#order.length === limits.transactionsPerBatchMax) return false
    const group = this.#group(partitions)
    const { out } = group
    const start = out.length
    encodeTransaction(out, transaction, this.#shared)
    const size = out.length - start
    const added = size + 8 + (group.number === undefined ? GROUP_BYTES + PARTITION_BYTES * partitions.length : 0)
    const isWithin = HEADER_BYTES + this.#shared.length + this.#bytes + added <= limits.entryBytesMax
    // Later attempts may take the room that is kept free for them.
    if (!isWithin || (transaction.attempt === 1 && !isSubmittable(transaction, size))) {
      out.reset(start)
      if (transaction.attempt === 1) assertSubmittable(transactionBytes(transaction), 'The transaction')
      return false
    }
    out.prefixLength(start)
    if (group.number === undefined) {
      group.number = this.#used.length
      this.#used.push(group)
    }
    this.#order.push(group.number)
    this.#bytes += added
    return true
  }

  /** The bytes of the entry; the builder starts anew. */
  take(): Uint8Array {
    const groups = this.#used.map(({ partitions, out }) => ({ partitions, bytes: out.view() }))
    const bytes = sealBatch('transactions', {
      shared: this.#shared.take(),
      groups,
      order: this.#order,
      body: new Uint8Array(0),
    })
    this.#clear()
    return bytes
  }

  #clear(): void {
    for (const group of this.#used) {
      group.out.reset()
      group.number = undefined
    }
    this.#used = []
    this.#order = []
    this.#bytes = 0
    if (this.#others.size > GROUPS_KEPT_MAX) this.#others.clear()
  }

  #group(partitions: readonly PartitionId[]): OpenGroup {
    if (partitions.length === 1) return (this.#single[partitions[0]!] ??= openGroup(partitions))
    const key = partitions.length === 2 ? partitions[0]! * PAIR_RADIX + partitions[1]! : partitions.join()
    let group = this.#others.get(key)
    if (group === undefined) this.#others.set(key, (group = openGroup(partitions)))
    return group
  }
}

// Its limit holds for the form in which it is stored, where names stand in full; a short one has too few to reach it.
function isSubmittable(transaction: Transaction, size: number): boolean {
  return size <= SHORT_BYTES || transactionBytes(transaction) <= limits.requestBytesMax
}

function openGroup(partitions: readonly PartitionId[]): OpenGroup {
  return { partitions, out: new ByteWriter(), number: undefined }
}
