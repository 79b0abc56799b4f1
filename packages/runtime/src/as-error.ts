// What was thrown, as an error: JavaScript lets anything be thrown, and whoever is told of a failure expects an Error.

/** The error that was thrown, or one that says what was. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
