// The code of an error, or of what a function throws: what tests compare.

/** The `code` of an error, or of what `thrown` throws; 'NOTHING_THROWN' when it returns, 'NO_CODE' without one. */
export function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'function') return codeIn(thrown)
  try {
    // Tests pass functions without parameters.
    ;(thrown as () => unknown)()
  } catch (error) {
    return codeIn(error)
  }
  return 'NOTHING_THROWN'
}

function codeIn(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'NO_CODE'
}
