// Call plans: which calls a workload makes, chosen before anything is measured. The engine and the floor follow the same
// plan, so that choosing costs both the same and both write the same calls.

import { seededRandom } from './seeded-random.ts'
import { uniformSampler, zipfSampler, type Sampler } from './zipf.ts'

/** One call as a log would have to name it. */
export type BareCall = readonly [type: string, key: string, message: string, args: readonly unknown[]]

/** Calls that are made over and over, by their number. */
export interface CallPlan {
  /** The number of the next call. */
  pick(): number
  bareCall(pick: number): BareCall
}

/** Ids to be drawn from sequences. */
export interface IdPlan extends CallPlan {
  /** Number of sequences. */
  readonly count: number
  /** Which sequence a call goes to, below `count`. */
  target(pick: number): number
  key(target: number): string
}

/** Money to be moved between accounts, 1 at a time. */
export interface TransferPlan extends CallPlan {
  readonly keys: readonly string[]
  readonly amount: number
  from(pick: number): string
  to(pick: number): string
}

// Long enough not to repeat within a group of calls.
const PICKS = 2 ** 16

/** Draws from `count` sequences alike, whose keys start with `prefix`. */
export function idPlan(prefix: string, count: number): IdPlan {
  const keys = keysOf(prefix, count)
  const targets = drawn(uniformSampler(count, seededRandom(count)))
  const target = (pick: number): number => targets[pick]!
  const key = (index: number): string => keys[index]!
  const bareCall = (pick: number): BareCall => ['Sequence', key(target(pick)), 'getNextId', []]
  return { count, target, key, pick: inTurn(), bareCall }
}

/**
 * Draws once from each of `count` sequences in turn, then from all of them alike. Keeps no list of keys, so that it
 * takes no memory of its own.
 */
export function spreadingIdPlan(prefix: string, count: number): IdPlan {
  const sample = uniformSampler(count, seededRandom(count))
  let visited = 0
  const pick = (): number => (visited < count ? visited++ : sample())
  const key = (index: number): string => `${prefix}${index}`
  return { count, pick, key, target: (index) => index, bareCall: (index) => ['Sequence', key(index), 'getNextId', []] }
}

/** Transfers between `count` accounts; both ends are drawn by Zipf's law with `exponent`, which is 0 for uniform. */
export function transferPlan(prefix: string, count: number, exponent: number): TransferPlan {
  const keys = keysOf(prefix, count)
  const random = seededRandom(count)
  const sample = exponent === 0 ? uniformSampler(count, random) : zipfSampler(count, exponent, random)
  const sources = drawn(sample)
  const destinations = sources.map((source) => drawnOtherThan(source, sample))
  const from = (pick: number): string => keys[sources[pick]!]!
  const to = (pick: number): string => keys[destinations[pick]!]!
  const amount = 1
  const bareCall = (pick: number): BareCall => ['Account', from(pick), 'transfer', [to(pick), amount]]
  return { keys, amount, from, to, pick: inTurn(), bareCall }
}

function keysOf(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`)
}

function inTurn(): () => number {
  let next = 0
  return () => next++ % PICKS
}

function drawn(sample: Sampler): Uint32Array {
  return Uint32Array.from({ length: PICKS }, sample)
}

function drawnOtherThan(taken: number, sample: Sampler): number {
  for (;;) {
    const index = sample()
    if (index !== taken) return index
  }
}
