// Vocabulary: what requests of a workload can say, and the program that understands it. The harness around it is the
// same for toy actors, which can do anything, and for real ones.

import type { ActorRef, Call, Program } from '@streamy-db/core'
import type { Arbitrary } from 'fast-check'

/** One program, with calls to it as plain data that prints and shrinks. */
export interface Vocabulary<Saying> {
  /** As the tests call it. */
  readonly name: string
  readonly program: () => Program
  readonly saying: Arbitrary<Saying>
  /** The call that a saying stands for. */
  readonly callOf: (saying: Saying) => Call
  /** The actors that sayings are about. */
  readonly refs: readonly ActorRef[]
  /** Queries whose answers show these actors. */
  readonly queries: (refs: readonly ActorRef[]) => readonly Call[]
}
