// Judges one transaction of an entry by its own bytes: every worker whose partitions the index names comes to the
// same finding (DESIGN §3).

import { transactionIn } from './batch-codec.ts'
import type { Batch, BatchTransaction } from './batch-codec.ts'
import { MalformedBytes } from './byte-reader.ts'
import { indexedPartitions, partitionOf, protocolOf, usesOneActor } from './footprint.ts'
import type { PartitionId } from './position.ts'
import { isTell } from './sessions.ts'
import type { ActorRef, Transaction } from './transaction.ts'

// Bits of a small integer.
const MARKS_MAX = 30

/**
 * A transaction of a batch; the reason as text when it is void. A batch that is restricted
 * may hold no tells and no retries, which are for workers to write, and no requests of sessions that begin differently.
 */
export function judgeTransaction(
  batch: Batch,
  found: BatchTransaction,
  partitions: number,
  restrictedTo?: string,
): Transaction | string {
  const transaction = decode(batch, found)
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
  if (!isIndexed(transaction, found.partitions, partitions)) return 'its index differs from its footprint'
  return transaction
}

function decode(batch: Batch, found: BatchTransaction): Transaction | string {
  try {
    return transactionIn(batch, found)
  } catch (error) {
    if (error instanceof MalformedBytes) return error.message
    throw error
  }
}

function isIndexed(transaction: Transaction, named: readonly PartitionId[], partitions: number): boolean {
  const protocol = protocolOf(transaction, partitions)
  if (protocol === 'whole' || protocol === 'exclusive') return named.length === 0
  if (transaction.source === undefined && usesOneActor(transaction))
    return named.length === 1 && named[0] === partitionOf(transaction.calls[0]!.ref, partitions)
  if (named.length > MARKS_MAX) return isSame(named, indexedPartitions(transaction, partitions))
  // Few are named: all that is used must be among them, and a bit for each tells whether it is used, without a list of those.
  let used = 0
  const isNamed = (partition: PartitionId): boolean => {
    const place = named.indexOf(partition)
    used |= 1 << place
    return place >= 0
  }
  const isUsed = ({ ref }: { readonly ref: ActorRef }): boolean => isNamed(partitionOf(ref, partitions))
  const { source, calls, asserts, touches } = transaction
  if (source !== undefined && !isNamed(source)) return false
  return calls.every(isUsed) && asserts.every(isUsed) && touches.every(isUsed) && used === (1 << named.length) - 1
}

function isSame(named: readonly PartitionId[], indexed: readonly PartitionId[]): boolean {
  return named.length === indexed.length && named.every((partition, index) => partition === indexed[index])
}
