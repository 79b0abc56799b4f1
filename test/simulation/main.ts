// `npm run sim`: runs simulated clusters, one seed after the other, and says what came of them. Ends with 0 when nothing
// that was promised broke, with 1 when something did, and with 2 for arguments it does not know.

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeFailure, runCampaign, type CampaignResult } from './campaign.ts'
import { runPlanted } from './planted/run-planted.ts'
import { regressions } from './regressions.ts'
import { progressLine, reportOf } from './report.ts'
import { Scenario } from './scenario.ts'

const usage = `Usage: npm run sim -- [--seeds N] [--first S] [--json FILE]   N fresh seeds (default 100), from a random one or S on
       npm run sim -- --seed S [--verbose] [--hash]          one seed, exactly as it was; all that happens; only its trace's hash
       npm run sim -- --regressions                          the seeds that once failed
       npm run sim -- --planted [--seeds N] [--first S] [--only TEXT]
                                                             bugs that are planted: in how many of N seeds each is found`

const progressEveryMs = 10_000

type Options = NonNullable<ReturnType<typeof readArguments>>

process.exit(await main())

async function main(): Promise<number> {
  const options = readArguments()
  if (options === undefined) return 2
  if (options.seed !== undefined && (options.verbose || options.hash)) return await runOne(options.seed, options)
  if (options.planted) return await runPlantedBugs(options)
  const seeds = seedsOf(options)
  console.log(options.seed === undefined ? `${seeds.length} seeds from ${seeds[0]} on` : `seed ${options.seed}`)
  let toldAt = performance.now()
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (interrupted = true))
  const result = await runCampaign({
    seeds,
    onRun: (run, so) => {
      if (run.violations.length > 0) console.log(`\n${describeFailure(so.failures.at(-1)!)}\n`)
      if (interrupted) return false
      if (performance.now() - toldAt < progressEveryMs) return true
      toldAt = performance.now()
      console.log(progressLine(so))
      return true
    },
  })
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`)
  console.log(`\n${reportOf(result)}\n\n${verdictOf(result)}`)
  return result.failures.length === 0 ? 0 : 1
}

async function runOne(seed: string, { verbose, hash }: Options): Promise<number> {
  const { lines, plan, traceHash, violations } = await new Scenario({ seed, keepsLines: verbose }).run()
  if (verbose) console.log(`${JSON.stringify(plan, undefined, 2)}\n${lines.join('\n')}`)
  if (violations.length > 0 && !hash) console.log(describeFailure({ seed, violations, traceHash }))
  console.log(traceHash)
  return violations.length === 0 ? 0 : 1
}

async function runPlantedBugs({ seeds, first, only, json }: Options): Promise<number> {
  const found = await runPlanted({ seeds, first, only, say: (line) => console.log(line) })
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(found, undefined, 2)}\n`)
  const missed = found.filter(({ foundIn }) => foundIn === 0)
  console.log(
    missed.length === 0
      ? '\nEvery planted bug was found.'
      : `\nNot found: ${missed.map(({ name }) => name).join('; ')}.`,
  )
  return missed.length === 0 ? 0 : 1
}

function seedsOf({ seed, first, seeds, regressions: again }: Options): readonly string[] {
  if (seed !== undefined) return [seed]
  if (again) return regressions.map((regression) => regression.seed)
  return Array.from({ length: seeds }, (_, number) => String(first + number))
}

function verdictOf({ failures }: CampaignResult): string {
  if (failures.length === 0) return 'Nothing that was promised broke.'
  return `BROKEN in ${failures.length} seeds: ${failures.map(({ seed }) => seed).join(', ')}`
}

function readArguments():
  | {
      readonly seeds: number
      readonly first: number
      readonly seed: string | undefined
      readonly json: string | undefined
      readonly only: string
      readonly planted: boolean
      readonly regressions: boolean
      readonly verbose: boolean
      readonly hash: boolean
    }
  | undefined {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '100' },
        first: { type: 'string', default: `${Math.floor(Math.random() * 1e9)}` },
        seed: { type: 'string' },
        json: { type: 'string' },
        only: { type: 'string', default: '' },
        planted: { type: 'boolean', default: false },
        regressions: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        hash: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    const [seeds, first] = [Number(values.seeds), Number(values.first)]
    if (!values.help && Number.isSafeInteger(seeds) && seeds > 0 && Number.isSafeInteger(first))
      return { ...values, seeds, first, seed: values.seed, json: values.json }
    console.log(usage)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
  return undefined
}
