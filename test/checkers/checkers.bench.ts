// How long the checkers take for good histories of a size that a campaign records: 32 clients, transactions of four parts
// on average, one in a hundred of unknown outcome. It ignores reading the file, which takes about as long again.
//
//   npx vitest bench test/checkers

import { bench, describe } from 'vitest'
import { checkListAppendPositions } from './list-append-positions.ts'
import { checkListAppend } from './list-append.ts'
import { checkRegisters } from './register.ts'
import { lists, registers } from './simulated-models.ts'
import { simulate } from './simulated-store.ts'
import type { Verdict } from './verdict.ts'

const simulation = { seed: 1, processes: 32, operations: 100_000, unknown: 0.01, failed: 0.02 }
const transactions = simulate(lists({ width: 10, perKey: 100, parts: 4 }), simulation)
const onRegisters = simulate(registers(500, 5), simulation)
const once = { iterations: 3, time: 0, warmupIterations: 1, warmupTime: 0 }

function mustBeValid({ result }: Verdict): void {
  if (result !== 'valid') throw new Error(`a good history is judged ${result}`)
}

describe('100,000 operations', () => {
  bench('list-append', () => mustBeValid(checkListAppend(transactions)), once)
  bench('list-append, positions', () => mustBeValid(checkListAppendPositions(transactions)), once)
  bench('registers', () => mustBeValid(checkRegisters(onRegisters)), once)
})
