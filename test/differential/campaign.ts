// Campaign: many cases from one seed, and the report of the first that fails, shrunk, with the command that replays it.

import * as fc from 'fast-check'
import type { EngineMaker } from './node.ts'
import type { Vocabulary } from './vocabulary.ts'
import { workloadOf, type Workload } from './workload.ts'

const traceLinesMax = 80

/** One case at work. */
export interface Case {
  /** What happened, a line an event. */
  readonly trace: readonly string[]
  /** Runs to the end; throws what went wrong. */
  run(): Promise<void>
}

/** One campaign. */
export interface CampaignOptions<Saying> {
  readonly vocabulary: Vocabulary<Saying>
  readonly make: EngineMaker
  /** What a case does with its workload. */
  readonly start: (given: Workload<Saying>, vocabulary: Vocabulary<Saying>, make: EngineMaker) => Case
  /** The file that runs it, for the report. */
  readonly file: string
  readonly seed: number
  readonly runs: number
  /** Goes straight to one case, as a report names it. */
  readonly path?: string
  /** Whether a failing case is shrunk. True unless stated. */
  readonly shrinks?: boolean
}

/** Runs cases until one fails, and answers its report; undefined when all hold. */
export async function runCampaign<Saying>(options: CampaignOptions<Saying>): Promise<string | undefined> {
  const { vocabulary, make, start, file, seed, runs, path, shrinks = true } = options
  const property = fc.asyncProperty(workloadOf(vocabulary), async (given) => await start(given, vocabulary, make).run())
  const details = await fc.check(property, {
    seed,
    numRuns: runs,
    endOnFailure: !shrinks,
    ...(path === undefined ? {} : { path }),
  })
  if (!details.failed) return undefined
  const given = details.counterexample![0]
  return [
    replayCommand(file, seed, runs),
    `straight to the shrunk case: STREAMY_PATH=${details.counterexamplePath} ${replayCommand(file, seed, runs)} -t '${vocabulary.name}'`,
    String((details.errorInstance as Error | undefined)?.stack),
    fc.stringify(given),
    ...(await traceOf(start(given, vocabulary, make))),
  ].join('\n')
}

/** The command that runs a campaign again. */
export function replayCommand(file: string, seed: number, runs: number): string {
  return `STREAMY_SEED=${seed} STREAMY_RUNS=${runs} npx vitest run test/differential/${file}`
}

async function traceOf(simulation: Case): Promise<string[]> {
  await simulation.run().catch(() => undefined)
  return simulation.trace.slice(-traceLinesMax)
}
