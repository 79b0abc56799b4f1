// The memory suite: many more actors than the cache holds. Resident memory must stay flat while they are made and while
// messages go to them at random, and random messages must keep up with those to a few actors. It runs in a process of
// its own, whose memory is nobody else's; what is measured there is in `tasks/memory-task.ts`.

import { runIsolated } from '../isolated.ts'
import { spreadOf } from '../spread.ts'
import type { SuiteContext } from '../suite.ts'
import { precise, tableLines, whole, withExtremes } from '../table.ts'
import type { MemoryInput, MemoryOutput, MemorySample } from '../tasks/memory-task.ts'

const CALLERS = 1024
const CACHED_SHARE = 1 / 20
const GROWTH_MAX = 1.2
const SLOWDOWN_MAX = 3

/** See the header. */
export async function memorySuite({ options, directory, print, progress }: SuiteContext): Promise<unknown> {
  const { actors, seconds } = options
  const actorsCachedMax = Math.ceil(actors * CACHED_SHARE)
  print(`MEMORY  ${whole(actors)} actors in a cache of ${whole(actorsCachedMax)}; getNextId, ${whole(CALLERS)} callers`)
  progress('filling the database')
  const input: MemoryInput = { directory, actors, actorsCachedMax, callers: CALLERS, seconds }
  const output = await runIsolated<MemoryOutput>(new URL('../tasks/memory-task.js', import.meta.url), input)
  progress('')
  const header = ['', 'calls/s', 'to a few/s', 'actors', 'own MiB', 'mapped MiB']
  for (const line of tableLines(header, output.samples.map(sampleRow))) print(line)
  for (const line of verdicts(output.samples)) print(line)
  print(`checked  ${output.summary}`)
  return output
}

function sampleRow(sample: MemorySample): readonly string[] {
  const { phase, callsPerSecond, fewPerSecond, actors, ownMiB, mappedMiB } = sample
  const few = fewPerSecond === undefined ? '' : whole(fewPerSecond)
  return [phase, whole(callsPerSecond), few, whole(actors), whole(ownMiB), whole(mappedMiB)]
}

// The cache is full from the second sample on. A slowdown is taken pair by pair.
function verdicts(samples: readonly MemorySample[]): readonly string[] {
  const full = samples.slice(1).map(({ ownMiB }) => ownMiB)
  const growth = spreadOf(full.slice(-3)).median / spreadOf(full.slice(0, 3)).median
  const slowdown = spreadOf(
    samples.flatMap(({ callsPerSecond, fewPerSecond }) =>
      fewPerSecond === undefined ? [] : [fewPerSecond / callsPerSecond],
    ),
  )
  return [
    `own memory  ${precise(growth)} of what it was when the cache had filled, goal ≤ ${GROWTH_MAX}: ${met(growth <= GROWTH_MAX)}`,
    `throughput  messages to a few actors are ${withExtremes(slowdown, precise)} times as fast as random ones, goal ≤ ${SLOWDOWN_MAX}: ${met(slowdown.median <= SLOWDOWN_MAX)}`,
  ]
}

function met(reached: boolean): string {
  return reached ? 'met' : 'MISSED'
}
