// Draft: a transaction before it is a request: what to assert, what to call, and what its calls are known to touch.

import { FootprintBuilder, type Assert, type Call, type Touch, type Transaction } from '@streamy-db/core'

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
export function mergedTouches(touches: readonly Touch[]): readonly Touch[] {
  const merged = new FootprintBuilder(touches.length)
  for (const { ref, mode } of touches) merged.add(ref, mode)
  return merged.touches
}

/** Whether `merged` declares more than the touches that it begins with. */
export function declaresMore(merged: readonly Touch[], touches: readonly Touch[]): boolean {
  return merged.length !== touches.length || merged.some(({ mode }, index) => mode !== touches[index]!.mode)
}
