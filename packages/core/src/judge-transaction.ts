// Judges one transaction of an entry by its own bytes: every worker whose partitions the index names comes to the
// same finding (DESIGN §3).

import type { Batch } from './batch-codec.ts'
import { ByteReader, MalformedBytes } from './byte-reader.ts'
import { indexedPartitions } from './footprint.ts'
import type { PartitionId } from './position.ts'
import { isTell } from './sessions.ts'
import { decodeTransaction } from './transaction-codec.ts'
import type { Transaction } from './transaction.ts'

/**
 * The transaction number `index` (from 0) of a batch; the reason as text when it is void. A batch that is restricted
 * may hold no tells and no retries, which are for workers to write, and no requests of sessions that begin differently.
 */
export function judgeTransaction(
  batch: Batch,
  index: number,
  partitions: number,
  restrictedTo?: string,
): Transaction | string {
  const transaction = decode(batch, index)
  if (typeof transaction === 'string') return transaction
  const { request, source } = transaction
  if (request === undefined && partitions > 1) return 'it has no request'
  if (source !== undefined && (source >= partitions || request?.session !== `~${source}`))
    return 'its source is not its own'
  if (source === undefined && request !== undefined && isTell(request.session) && transaction.attempt === 1)
    return 'its session is an outbox'
  if (restrictedTo !== undefined) {
    if (source !== undefined || transaction.attempt > 1) return 'a client may not write tells or retries'
    if (request !== undefined && !request.session.startsWith(`${restrictedTo}.`))
      return "its session is not one of its writer's"
  }
  const named = batch.partitions[index]!
  if (!equal(named, indexedPartitions(transaction, partitions))) return 'its index differs from its footprint'
  return transaction
}

function decode(batch: Batch, index: number): Transaction | string {
  try {
    return decodeTransaction(new ByteReader(batch.bytes, batch.offsets[index]!, batch.offsets[index + 1]!))
  } catch (error) {
    if (error instanceof MalformedBytes) return error.message
    throw error
  }
}

function equal(a: readonly PartitionId[], b: readonly PartitionId[]): boolean {
  return a.length === b.length && a.every((partition, index) => partition === b[index])
}
