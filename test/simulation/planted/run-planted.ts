// Runs seeds against bugs that are planted one at a time, and counts in how many of them each is found.

import { runCampaign } from '../campaign.ts'
import { plantedBugs } from './planted-bugs.ts'

/** How planted bugs are looked for. */
export interface PlantedOptions {
  /** How many seeds are run with each; with one that none of them has found, up to `patience` times as many, until one has. */
  readonly seeds: number
  readonly first: number
  /** Only bugs whose names hold this text. */
  readonly only: string
  readonly say: (line: string) => void
}

const patience = 6

/** What came of one bug. */
export interface PlantedResult {
  readonly name: string
  readonly seeds: number
  readonly foundIn: number
  readonly firstSeed: string | undefined
  /** How it was found, by kind of violation, in how many seeds. */
  readonly by: Readonly<Record<string, number>>
}

/** Looks for every planted bug. */
export async function runPlanted(options: PlantedOptions): Promise<readonly PlantedResult[]> {
  const results: PlantedResult[] = []
  for (const { name, plant, ...rest } of plantedBugs.filter((bug) => bug.name.includes(options.only))) {
    const pull = plant()
    try {
      const found = await lookFor(
        name,
        rest.change === undefined ? {} : { change: rest.change },
        rest.logGuards,
        options,
      )
      results.push(found)
      options.say(inWords(found))
    } finally {
      pull()
    }
  }
  return results
}

async function lookFor(
  name: string,
  scenario: NonNullable<Parameters<typeof runCampaign>[0]['scenario']>,
  logGuards: boolean | undefined,
  { seeds, first }: PlantedOptions,
): Promise<PlantedResult> {
  const by: Record<string, number> = {}
  let found = false
  const { failures, seeds: run } = await runCampaign({
    seeds: Array.from({ length: patience * seeds }, (_, number) => String(first + number)),
    scenario: { ...scenario, ...(logGuards === undefined ? {} : { logGuards }) },
    onRun: ({ violations }, so) => {
      found ||= violations.length > 0
      for (const kind of new Set(violations.map((violation) => violation.kind))) by[kind] = (by[kind] ?? 0) + 1
      return so.seeds < seeds || !found
    },
  })
  return { name, seeds: run, foundIn: failures.length, firstSeed: failures[0]?.seed, by }
}

function inWords({ name, seeds, foundIn, by }: PlantedResult): string {
  const kinds = Object.entries(by).map(([kind, times]) => `${kind} ${times}`)
  return `${foundIn === 0 ? 'MISSED ' : ''}${name}: found in ${foundIn} of ${seeds} seeds${foundIn === 0 ? '' : ` (${kinds.join(', ')})`}`
}
