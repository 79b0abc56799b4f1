// Tells on their way into the log: what a commit leaves in its partition's outbox until the log shows it.

import type { Call, Position, Program, Touch } from '@streamy-db/core'
import { outboxKey, type ReferenceState } from './reference-state.ts'

/** Puts a tell sent at `position` into the outbox; its identity there is also the identity of its request. */
export function sendTell(
  state: ReferenceState,
  position: Position,
  suffix: string,
  call: Call,
  touches: readonly Touch[],
): void {
  const request = { session: `~${state.partition}`, sequence: position, suffix, answeredBelow: 0, seenTime: 0 }
  const next = { request, attempt: 1, source: state.partition, asserts: [], calls: [call], touches }
  state.outbox.set(outboxKey(position, suffix), { next })
}

/** What a call declares, or nothing when its arguments do not even let the program tell. */
export function touchesOf(program: Program, call: Call): readonly Touch[] {
  try {
    return program.touches(call)
  } catch {
    return []
  }
}
