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

// Memory levels off when the heap has found its size, a while after the cache is full: so the last third of the samples
// against the middle one, in both of which the cache is full. A slowdown is taken pair by pair.
function verdicts(samples: readonly MemorySample[]): readonly string[] {
  const own = samples.map(({ ownMiB }) => ownMiB)
  const third = Math.floor(own.length / 3)
  const growth = spreadOf(own.slice(-third)).median / spreadOf(own.slice(-2 * third, -third)).median
  const slowdown = spreadOf(
    samples.flatMap(({ callsPerSecond, fewPerSecond }) =>
      fewPerSecond === undefined ? [] : [fewPerSecond / callsPerSecond],
    ),
  )
  return [
    `own memory  the last third ${precise(growth)} times the middle third, goal ≤ ${GROWTH_MAX}: ${met(growth <= GROWTH_MAX)}`,
    `throughput  messages to a few actors are ${withExtremes(slowdown, precise)} times as fast as random ones, goal ≤ ${SLOWDOWN_MAX}: ${met(slowdown.median <= SLOWDOWN_MAX)}`,
  ]
}

function met(reached: boolean): string {
  return reached ? 'met' : 'MISSED'
}
