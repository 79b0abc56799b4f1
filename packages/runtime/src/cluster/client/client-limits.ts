// Limits of a client of a cluster, with what happens when they are reached, and the defaults of its options.

import { assert, limits } from '@streamy-db/core'
import { protocolLimits } from '../protocol/protocol-limits.ts'

const SECOND_US = 1_000_000

/** Times end in their unit; everything else is a number of things. */
export const clientLimits = {
  /** Calls without an answer, by default; one more is refused with OVERLOADED. */
  callsPendingMax: limits.callsQueuedMax,
  /** Queries without an answer; one more is refused with OVERLOADED. */
  queriesPendingMax: 65_536,
  /** Messages remembered for having missed an actor once (F5); the one remembered longest is forgotten. */
  missedMessagesMax: 1024,
  /** Answers in a row that name nothing new before such a message is no longer asked for. */
  footprintsInVainMax: 8,
  /** How long a client waits for a footprint before it sends without (F5). */
  footprintWaitUs: 1 * SECOND_US,
  /** With fewer requests under way a client sends what it has at once; with more it may gather as many first. */
  gatherUnansweredMin: 32,
  /** Or so many times as many, while these are fewer than an entry that is worth its price, */
  gatherSmallTimes: 3,
  /** which is one of so many: with more, what an entry costs beside its requests hardly shows. */
  gatherSmallMax: 512,
  /** It gathers for one part in so many of the time that answers take, */
  gatherShare: 2,
  /** but for no longer than this, */
  gatherUsMax: 5000,
  /** and not at all for less: timers are no finer. */
  gatherUsMin: 1000,
  /** How old the log time last seen may be when a request is sent; an older one is asked for first. */
  seenTimeAgeMaxUs: 240 * SECOND_US,
  /** The longest deadline. */
  deadlineMsMax: 240_000,
  /** Default of `deadlineMs`. */
  deadlineMs: 30_000,
  /** Default of `askAgainMs`. */
  askAgainMs: 250,
} as const

assert(
  clientLimits.seenTimeAgeMaxUs + protocolLimits.welcomeAgeMaxUs + clientLimits.deadlineMsMax * 1000 <
    limits.requestRetentionUs,
  'a request that its caller still waits for has not expired',
)
