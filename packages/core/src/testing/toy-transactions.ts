// Transactions over toy actors, as tests write them: the parts that do not matter to the test have defaults.

import { partitionOf } from '../footprint.ts'
import type { PartitionId } from '../position.ts'
import type { Call, Request, Transaction } from '../transaction.ts'
import { toyRef } from './toy-script.ts'

/** A request of session `client` with the number `sequence`. */
export function request(sequence: number, changes: Partial<Request> = {}): Request {
  return { session: 'client', sequence, suffix: '', answeredBelow: 0, seenTime: Number.MAX_SAFE_INTEGER, ...changes }
}

/** A transaction of these calls; `identity` is its request or the number of one. */
export function toyTransaction(
  identity: number | Request | undefined,
  calls: readonly Call[],
  changes: Partial<Transaction> = {},
): Transaction {
  return {
    request: typeof identity === 'number' ? request(identity) : identity,
    attempt: 1,
    source: undefined,
    asserts: [],
    calls,
    touches: [],
    ...changes,
  }
}

/** The key of a toy actor that lies in `partition`; another one for every `which`. */
export function keyIn(partition: PartitionId, partitions: number, which = 0): string {
  for (let number = 0, found = 0; ; number++)
    if (partitionOf(toyRef(`k${number}`), partitions) === partition && found++ === which) return `k${number}`
}
