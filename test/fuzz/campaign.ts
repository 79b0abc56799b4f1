// How long the fuzzing goes on, and how it is replayed: a fresh seed each time unless one is given, printed when it fails.
//
//   STREAMY_SEED=1234 STREAMY_RUNS=5000 npx vitest run test/fuzz

import * as fc from 'fast-check'

/** Parameters of one property; `runs` is how often it is tried where nothing else is asked for. */
export function campaign<Values>(runs: number): fc.Parameters<Values> {
  const { STREAMY_SEED: seed, STREAMY_RUNS: wanted } = process.env
  return {
    numRuns: wanted === undefined ? runs : Number(wanted),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  }
}
