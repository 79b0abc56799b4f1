// The scale suite: a state larger than the cache by far, and a log that goes on. The database grows in steps; after each the
// process is killed as it stands, and the next one recovers it. What grows with the size, and what does not, stands beside
// the size; what a hundred million transactions come to is extrapolated: what levels off, because
// flushes and the history bound it, as the largest of the last lines, and what each transaction writes times their number.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runIsolated } from '../isolated.ts'
import type { SuiteContext } from '../suite.ts'
import { precise, tableLines, whole } from '../table.ts'
import type { ScaleInput, ScaleSample } from '../tasks/scale-task.ts'

const CALLERS = 1024
const ACTOR_SHARES = [0.1, 0.25, 0.5, 1]
// The last three are beyond where the log levels off, which is at the history's 256 MiB and what was logged since a flush.
const LOG_SHARES = [0.2, 0.4, 0.6, 0.8, 1]
const LEVELLED = 3
const FEW = 1000
const LOG_FACTOR = 25
const EXTRAPOLATED = 100_000_000
const task = new URL('../tasks/scale-task.js', import.meta.url)

/** How much a step adds. */
interface Growth {
  readonly newActors: number
  readonly newIds: number
}

/** See the header. */
export async function scaleSuite(context: SuiteContext): Promise<unknown> {
  const { options, print } = context
  const { scaleActors, transactions } = options
  print(
    `SCALE  ${whole(scaleActors)} actors of one number, in a cache of 100,000; ${whole(CALLERS)} callers; killed after each line`,
  )
  const actors = await grow(
    context,
    'actors',
    steps(scaleActors, ACTOR_SHARES).map((newActors) => ({ newActors, newIds: 0 })),
  )
  for (const line of table(actors, 'actors', (sample) => sample.actors)) print(line)
  print()
  print(`A log that goes on: ids drawn from ${whole(FEW)} actors`)
  const first = { newActors: FEW, newIds: 0 }
  const drawn = await grow(context, 'log', [
    first,
    ...steps(LOG_FACTOR * transactions, LOG_SHARES).map((newIds) => ({ newActors: 0, newIds })),
  ])
  for (const line of table(drawn.slice(1), 'transactions', (sample) => sample.drawn)) print(line)
  for (const line of extrapolation(drawn)) print(line)
  return { actors, drawn }
}

// From each size to the next.
function steps(size: number, shares: readonly number[]): readonly number[] {
  return shares.map((share, index) => Math.round(share * size) - Math.round((shares[index - 1] ?? 0) * size))
}

async function grow(
  { options, directory, progress }: SuiteContext,
  name: string,
  growths: readonly Growth[],
): Promise<readonly ScaleSample[]> {
  const own = join(directory, name)
  await mkdir(own)
  const samples: ScaleSample[] = []
  for (const growth of growths) {
    const { actors, drawn } = samples.at(-1) ?? { actors: 0, drawn: 0 }
    progress(
      `${name}: ${whole(actors)} actors, ${whole(drawn)} ids, and ${whole(growth.newActors + growth.newIds)} more`,
    )
    const input: ScaleInput = { directory: own, actors, drawn, ...growth, callers: CALLERS, seconds: options.seconds }
    samples.push(await runIsolated<ScaleSample>(task, input, 'killed'))
  }
  progress('')
  return samples
}

function table(
  samples: readonly ScaleSample[],
  size: string,
  sizeOf: (sample: ScaleSample) => number,
): readonly string[] {
  const header = [
    size,
    'recovery s',
    'grown/s',
    'random/s',
    'p99 ms',
    'own MiB',
    'state MiB',
    'log MiB',
    'disk bytes an id',
  ]
  const rows = samples.map((sample) => [
    whole(sizeOf(sample)),
    precise(sample.recoverySeconds),
    whole(sample.perSecond),
    whole(sample.randomPerSecond),
    precise(sample.randomP99Ms),
    whole(sample.ownMiB),
    whole(sample.stateMiB),
    whole(sample.logMiB),
    sample.bytesPerId === undefined ? '–' : whole(sample.bytesPerId),
  ])
  return tableLines(header, rows)
}

function extrapolation(samples: readonly ScaleSample[]): readonly string[] {
  const levelled = samples.slice(-LEVELLED)
  const most = (of: (sample: ScaleSample) => number): number => Math.max(...levelled.map(of))
  const bytes = levelled.at(-1)?.bytesPerId
  const written = bytes === undefined ? '–' : precise((bytes * EXTRAPOLATED) / 2 ** 30)
  return [
    `${whole(EXTRAPOLATED)} transactions  recovery ${precise(most(({ recoverySeconds }) => recoverySeconds))} s, ` +
      `own memory ${whole(most(({ ownMiB }) => ownMiB))} MiB, log ${whole(most(({ logMiB }) => logMiB))} MiB and ` +
      `state ${whole(most(({ stateMiB }) => stateMiB))} MiB as in the last ${LEVELLED} lines; written in all ${written} GiB`,
  ]
}
