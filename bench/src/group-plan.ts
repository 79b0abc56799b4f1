// Plans of calls that take several keys each: SmallBank's MultiTransfer and Calvin's microbenchmark. Like `call-plan.ts`, all is
// chosen before anything is measured.

import type { BareCall, CallPlan } from './call-plan.ts'
import { seededRandom } from './seeded-random.ts'
import { uniformSampler, type Sampler } from './zipf.ts'

/** Calls of several different keys. */
export interface GroupPlan extends CallPlan {
  /** All keys there are. */
  readonly keys: readonly string[]
  /** The keys of a call; the order means something to the caller. */
  group(pick: number): readonly string[]
}

/** How a plan names its calls for a floor. */
type BareCallOf = (group: readonly string[]) => BareCall

// Fewer than single calls have, because each is a list.
const PICKS = 2 ** 14

/** Money from the first to each of the others of `size` accounts, which are drawn alike from `count`. */
export function multiTransferPlan(prefix: string, count: number, size: number, amount: number): GroupPlan {
  const keys = Array.from({ length: count }, (_, index) => `${prefix}${index}`)
  const sample = uniformSampler(count, seededRandom(count + size))
  const bareCall: BareCallOf = ([first = '', ...others]) => ['Account', first, 'transferToAll', [others, amount]]
  return planOf(keys, () => distinct(size, sample), bareCall)
}

/** Calvin's: one of `hot` keys and `size` - 1 of `cold` others. Its contention index is 1 / `hot`. */
export function contentionPlan(prefix: string, hot: number, cold: number, size: number): GroupPlan {
  const keys = Array.from({ length: hot + cold }, (_, index) => `${prefix}${index}`)
  const random = seededRandom(hot)
  const sampleHot = uniformSampler(hot, random)
  const sampleCold = uniformSampler(cold, random)
  const draw = (): readonly number[] => [sampleHot(), ...distinct(size - 1, sampleCold).map((index) => hot + index)]
  const bareCall: BareCallOf = ([first = '', ...others]) => ['Sequence', first, 'advanceAll', [others]]
  return planOf(keys, draw, bareCall)
}

/** How counters are chosen by their partitions. */
export interface PartitionPlanOptions {
  /** All counters there are. */
  readonly count: number
  /** Counters of a call. */
  readonly size: number
  /** Of the calls, those that reach over two partitions, half in each; the others stay in one. */
  readonly share: number
  readonly partitionOf: (key: string) => number
}

/** Calvin's by the share of calls that reach over two partitions. */
export function partitionPlan(prefix: string, { count, size, share, partitionOf }: PartitionPlanOptions): GroupPlan {
  const keys = Array.from({ length: count }, (_, index) => `${prefix}${index}`)
  const byPartition = new Map<number, number[]>()
  for (const [index, key] of keys.entries()) {
    const partition = partitionOf(key)
    const members = byPartition.get(partition)
    if (members === undefined) byPartition.set(partition, [index])
    else members.push(index)
  }
  const random = seededRandom(count + Math.round(1000 * share))
  const partitions = [...byPartition.values()]
  const samplePartition = uniformSampler(partitions.length, random)
  const from = (members: readonly number[], wanted: number): readonly number[] =>
    distinct(wanted, uniformSampler(members.length, random)).map((place) => members[place]!)
  const draw = (): readonly number[] => {
    const [first = 0, second = 0] = distinct(2, samplePartition)
    if (random() >= share) return from(partitions[first]!, size)
    const half = Math.floor(size / 2)
    return [...from(partitions[first]!, size - half), ...from(partitions[second]!, half)]
  }
  const bareCall: BareCallOf = ([first = '', ...others]) => ['Sequence', first, 'advanceAll', [others]]
  return planOf(keys, draw, bareCall)
}

function planOf(keys: readonly string[], draw: () => readonly number[], bareCall: BareCallOf): GroupPlan {
  const groups = Array.from({ length: PICKS }, () => draw().map((index) => keys[index]!))
  const group = (pick: number): readonly string[] => groups[pick]!
  let next = 0
  return { keys, group, pick: () => next++ % PICKS, bareCall: (pick) => bareCall(group(pick)) }
}

function distinct(size: number, sample: Sampler): readonly number[] {
  const drawn = new Set<number>()
  while (drawn.size < size) drawn.add(sample())
  return [...drawn]
}
