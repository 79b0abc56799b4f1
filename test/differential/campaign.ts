// Campaign: many cases from one seed, and the report of the first that fails, shrunk, with the command that replays it.

import * as fc from 'fast-check'
import type { EngineMaker } from './node.ts'
import { Simulation } from './simulation.ts'
import type { Vocabulary } from './vocabulary.ts'
import { workloadOf } from './workload.ts'

const traceLinesMax = 80

/** One campaign. */
export interface CampaignOptions<Saying> {
  readonly vocabulary: Vocabulary<Saying>
  readonly make: EngineMaker
  readonly seed: number
  readonly runs: number
  /** Goes straight to one case, as a report names it. */
  readonly path?: string
  /** Whether a failing case is shrunk. True unless stated. */
  readonly shrinks?: boolean
}

/** Runs cases until one fails, and answers its report; undefined when all hold. */
export async function runCampaign<Saying>(options: CampaignOptions<Saying>): Promise<string | undefined> {
  const { vocabulary, make, seed, runs, path, shrinks = true } = options
  const property = fc.asyncProperty(
    workloadOf(vocabulary),
    async (given) => await new Simulation(given, vocabulary, make).run(),
  )
  const details = await fc.check(property, {
    seed,
    numRuns: runs,
    endOnFailure: !shrinks,
    ...(path === undefined ? {} : { path }),
  })
  if (!details.failed) return undefined
  const given = details.counterexample![0]
  return [
    replayCommand(seed, runs),
    `straight to the shrunk case: STREAMY_PATH=${details.counterexamplePath} ${replayCommand(seed, runs)} -t '${vocabulary.name}'`,
    String((details.errorInstance as Error | undefined)?.stack),
    fc.stringify(given),
    ...(await traceOf(new Simulation(given, vocabulary, make))),
  ].join('\n')
}

/** The command that runs a campaign again. */
export function replayCommand(seed: number, runs: number): string {
  return `STREAMY_SEED=${seed} STREAMY_RUNS=${runs} npx vitest run test/differential`
}

async function traceOf<Saying>(simulation: Simulation<Saying>): Promise<string[]> {
  await simulation.run().catch(() => undefined)
  return simulation.trace.slice(-traceLinesMax)
}
