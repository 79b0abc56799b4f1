// Simulated clusters: the seeds that once failed, some fresh ones each time, and that a seed makes one run. Longer
// campaigns: npm run sim -- --seeds N.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { describeFailure, replayCommand } from './campaign.ts'
import { regressions } from './regressions.ts'
import { Scenario, type RunResult } from './scenario.ts'

const first = Number(process.env['STREAMY_SIM_FIRST'] ?? Math.floor(Math.random() * 1e9))
const seeds = Number(process.env['STREAMY_SIM_SEEDS'] ?? 6)

/** What went wrong with a run, in words. */
function complaintOf({ plan: { seed }, violations, traceHash }: RunResult): string {
  return violations.length === 0 ? '' : describeFailure({ seed, violations, traceHash })
}

describe('a seed that once failed', () => {
  test.each(regressions)('$seed: $found', async ({ seed }) => {
    expect(complaintOf(await new Scenario({ seed }).run())).toBe('')
  })
})

describe(`fresh seeds from ${first} on`, () => {
  console.log(`${seeds} seeds of the simulation from ${first} on; one of them again: ${replayCommand('S')}`)
  let answered = 0

  test.each(Array.from({ length: seeds }, (_, number) => String(first + number)))('seed %s', async (seed) => {
    const result = await new Scenario({ seed }).run()
    answered += result.operations.ok
    expect(complaintOf(result)).toBe('')
  })

  afterAll(() => {
    if (answered === 0) throw new Error('No call of any seed was answered: the runs show nothing.')
  })
})

test('the same seed makes the same run, also in a process of its own', async () => {
  const seed = String(first)
  const { traceHash } = await new Scenario({ seed }).run()
  const again = await new Scenario({ seed }).run()
  expect(again.traceHash).toBe(traceHash)
  const program = fileURLToPath(new URL('../dist/simulation/main.js', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, [program, '--seed', seed, '--hash'], { encoding: 'utf8' })
  expect(`${stdout}${stderr}`.trim()).toBe(traceHash)
})
