// Draft: a transaction before it is a request: what to assert, what to call, and what its calls are known to touch.

import type { Assert, Call, Touch, Transaction } from '@streamy-db/core'

/** What a client wants done. */
export interface Draft {
  readonly asserts: readonly Assert[]
  readonly calls: readonly Call[]
  readonly touches: readonly Touch[]
}

/** The draft as a transaction that nobody has asked for yet. */
export function transactionOf({ asserts, calls, touches }: Draft): Transaction {
  return { request: undefined, attempt: 1, source: undefined, asserts, calls, touches }
}

/** The touches of several calls, each actor once; a written one wins over a read one. */
export function mergedTouches(touches: Iterable<Touch>): readonly Touch[] {
  const merged = new Map<string, Touch>()
  for (const touch of touches) if (merged.get(touch.ref.id)?.mode !== 'write') merged.set(touch.ref.id, touch)
  return [...merged.values()]
}
