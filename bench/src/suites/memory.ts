// The memory suite: many more actors than the cache holds. Resident memory must stay flat while they are made and while
// messages go to them at random, and those must keep up with the same messages where the cache holds all actors. Messages to a
// few actors are beside them. Each side runs in a process of its own, whose memory is nobody else's; what is measured
// there is in `tasks/memory-task.ts`.

import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { runIsolated } from '../isolated.ts'
import { spreadOf, type Spread } from '../spread.ts'
import type { SuiteContext } from '../suite.ts'
import { precise, tableLines, whole, withExtremes } from '../table.ts'
import type { MemoryInput, MemoryOutput, MemorySample } from '../tasks/memory-task.ts'

const CALLERS = 1024
// What the cache takes an actor of this suite for.
const ACTOR_BYTES = 500
const CACHED_SHARE = 1 / 20
// Within a factor of two, so that this is all of them and those to the few.
const CACHED_ALL = 2.5
const GROWTH_MAX = 1.2
const SLOWDOWN_MAX = 3

/** See the header. */
export async function memorySuite(context: SuiteContext): Promise<unknown> {
  const { actors } = context.options
  const small = await measureCache(context, Math.ceil(actors * CACHED_SHARE))
  const all = await measureCache(context, Math.ceil(actors * CACHED_ALL))
  for (const line of verdicts(small.samples, all.samples)) context.print(line)
  return { small, all }
}

async function measureCache(
  { options, directory, print, progress }: SuiteContext,
  actorsCached: number,
): Promise<MemoryOutput> {
  const { actors, seconds } = options
  const own = await mkdtemp(join(directory, 'cache-'))
  print(`MEMORY  ${whole(actors)} actors in a cache for ${whole(actorsCached)}; getNextId, ${whole(CALLERS)} callers`)
  progress('filling the database')
  const cacheBytesMax = actorsCached * ACTOR_BYTES
  const input: MemoryInput = { directory: own, actors, cacheBytesMax, callers: CALLERS, seconds }
  const output = await runIsolated<MemoryOutput>(new URL('../tasks/memory-task.js', import.meta.url), input)
  progress('')
  const header = ['', 'calls/s', 'to a few/s', 'actors', 'own MiB', 'mapped MiB']
  for (const line of tableLines(header, output.samples.map(sampleRow))) print(line)
  print(`checked  ${output.summary}\n`)
  return output
}

function sampleRow(sample: MemorySample): readonly string[] {
  const { phase, callsPerSecond, fewPerSecond, actors, ownMiB, mappedMiB } = sample
  const few = fewPerSecond === undefined ? '' : whole(fewPerSecond)
  return [phase, whole(callsPerSecond), few, whole(actors), whole(ownMiB), whole(mappedMiB)]
}

// Memory levels off when the heap has found its size, a while after the cache is full: so the last third of the samples
// against the middle one, in both of which the cache is full. What messages to a few actors are faster is taken pair by pair.
function verdicts(small: readonly MemorySample[], all: readonly MemorySample[]): readonly string[] {
  const own = small.map(({ ownMiB }) => ownMiB)
  const third = Math.floor(own.length / 3)
  const growth = spreadOf(own.slice(-third)).median / spreadOf(own.slice(-2 * third, -third)).median
  const slowdown = randomRate(all).median / randomRate(small).median
  const few = spreadOf(
    small.flatMap(({ callsPerSecond, fewPerSecond }) =>
      fewPerSecond === undefined ? [] : [fewPerSecond / callsPerSecond],
    ),
  )
  return [
    `own memory  the last third ${precise(growth)} times the middle third, goal ≤ ${GROWTH_MAX}: ${met(growth <= GROWTH_MAX)}`,
    `throughput  random messages are ${precise(slowdown)} times as fast where the cache holds all actors, goal ≤ ${SLOWDOWN_MAX}: ${met(slowdown <= SLOWDOWN_MAX)}`,
    `            messages to a few actors are ${withExtremes(few, precise)} times as fast as random ones`,
  ]
}

function randomRate(samples: readonly MemorySample[]): Spread {
  return spreadOf(samples.flatMap(({ phase, callsPerSecond }) => (phase === 'random messages' ? [callsPerSecond] : [])))
}

function met(reached: boolean): string {
  return reached ? 'met' : 'MISSED'
}
