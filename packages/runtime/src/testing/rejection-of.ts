// What a promise rejects with, for tests that start something, bring its failure about, and look at it then.

/** Resolves with what `promise` rejects with; rejects when it does not. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<unknown> {
  let result: unknown
  try {
    result = await promise
  } catch (error) {
    return error
  }
  throw new Error(`It was to fail, and came to ${String(result)}.`)
}
