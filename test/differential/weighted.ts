// One choice of fast-check's `oneof`, in a form that keeps its type.

import type { Arbitrary } from 'fast-check'

/** An arbitrary that is chosen as often as its weight says. */
export function weighted<Value>(
  weight: number,
  arbitrary: Arbitrary<Value>,
): { readonly weight: number; readonly arbitrary: Arbitrary<Value> } {
  return { weight, arbitrary }
}
