// The determinism guard. While a handler runs, clocks and randomness answer from its execution, and timers, I/O and
// promises are refused; between handlers everything works as ever, even inside `isolate`.
//
// `isolate` swaps prebuilt replacements in and out by assignment, once for thousands of transactions. What modules
// import by name from Node's built-in modules (`import { randomUUID } from 'node:crypto'`) cannot be swapped that way,
// so those functions are wrapped once, for good, by wrappers that change nothing outside handlers.
//
// It is a net for mistakes, not a sandbox: a function captured before (`const now = Date.now`), a subclass of Date, the
// file system beyond the functions below, and what an async function does after its first await escape it.

import { builtInFunctions } from './guarded-built-ins.ts'
import { guardedGlobals } from './guarded-globals.ts'
import type { Guarded } from './guarded-property.ts'

let swaps: readonly Guarded[] | undefined
let depth = 0

/** Runs `body`, which executes handlers, behind the guard; restores everything, whatever happens. Calls may nest. */
export function isolate<Result>(body: () => Result): Result {
  if (depth > 0) return body()
  swaps ??= install()
  depth += 1
  try {
    for (const swap of swaps) swap.enter()
    return body()
  } finally {
    for (const swap of swaps) swap.leave()
    depth -= 1
  }
}

function install(): readonly Guarded[] {
  builtInFunctions()
  return guardedGlobals()
}
