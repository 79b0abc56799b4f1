// Draft: a transaction before it is a request: what to assert, what to call, and what its calls are known to touch.

import { sameActor, type Assert, type Call, type Touch, type Transaction } from '@streamy-db/core'

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

/** Whether `touches` declare all of `others`, for as much. */
export function covers(touches: readonly Touch[], others: readonly Touch[]): boolean {
  return others.every(({ ref, mode }) =>
    touches.some((touch) => sameActor(touch.ref, ref) && (touch.mode === 'write' || mode === 'read')),
  )
}

/** The touches of several calls, each actor once; a written one wins over a read one. */
export function mergedTouches(touches: Iterable<Touch>): readonly Touch[] {
  const merged = new Map<string, Touch>()
  for (const touch of touches) if (merged.get(touch.ref.id)?.mode !== 'write') merged.set(touch.ref.id, touch)
  return [...merged.values()]
}
