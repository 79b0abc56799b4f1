// Campaign: many seeds, one after the other, and what came of them together.

import { Scenario, type RunResult, type ScenarioOptions } from './scenario.ts'
import type { Violation } from './simulated-cluster.ts'

/** A seed that broke a promise. */
export interface Failure {
  readonly seed: string
  readonly violations: readonly Violation[]
  readonly traceHash: string
}

/** The figures of a campaign. */
export interface CampaignResult {
  readonly seeds: number
  readonly failures: readonly Failure[]
  readonly seconds: number
  readonly virtualHours: number
  readonly events: number
  readonly entries: number
  readonly operations: RunResult['operations']
  readonly faults: Readonly<Record<string, number>>
  /** What checkers could not decide within their bounds. */
  readonly undecided: number
}

/** How a campaign is run. */
export interface CampaignOptions {
  readonly seeds: Iterable<string>
  /** What runs have in common beside their seeds. */
  readonly scenario?: Omit<ScenarioOptions, 'seed'>
  /** Told of each run as it ends; false ends the campaign. */
  readonly onRun?: (result: RunResult, so: CampaignResult) => boolean
}

/** Runs seeds until there are no more. */
export async function runCampaign({
  seeds,
  scenario = {},
  onRun = () => true,
}: CampaignOptions): Promise<CampaignResult> {
  const startedAt = performance.now()
  let result: CampaignResult = {
    seeds: 0,
    failures: [],
    seconds: 0,
    virtualHours: 0,
    events: 0,
    entries: 0,
    operations: { ok: 0, failed: 0, unknown: 0 },
    faults: {},
    undecided: 0,
  }
  for (const seed of seeds) {
    const run = await new Scenario({ ...scenario, seed }).run()
    result = { ...added(result, run), seconds: (performance.now() - startedAt) / 1000 }
    if (!onRun(run, result)) break
  }
  return result
}

/** The command that runs one seed again, exactly. */
export function replayCommand(seed: string): string {
  return `npm run sim -- --seed ${seed}`
}

/** What went wrong with a seed, in words, with the command that shows it again. */
export function describeFailure({ seed, violations, traceHash }: Failure): string {
  const found = violations.map(({ kind, explanation }) => `${kind}: ${explanation}`)
  return [`seed ${seed} (trace ${traceHash}): ${replayCommand(seed)}`, ...found].join('\n')
}

function added(so: CampaignResult, run: RunResult): CampaignResult {
  const faults = { ...so.faults }
  for (const [name, times] of run.faults) faults[name] = (faults[name] ?? 0) + times
  const { violations, traceHash, plan } = run
  return {
    seeds: so.seeds + 1,
    failures: violations.length === 0 ? so.failures : [...so.failures, { seed: plan.seed, violations, traceHash }],
    seconds: so.seconds,
    virtualHours: so.virtualHours + run.virtualUs / 3_600_000_000,
    events: so.events + run.events,
    entries: so.entries + run.entries,
    operations: {
      ok: so.operations.ok + run.operations.ok,
      failed: so.operations.failed + run.operations.failed,
      unknown: so.operations.unknown + run.operations.unknown,
    },
    faults,
    undecided: so.undecided + run.undecided.length,
  }
}
