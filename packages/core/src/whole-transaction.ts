// A transaction where P = 1: its footprint is the whole partition (F2) and nothing is ever in flight, so it runs where
// it is scanned, from decision to conclusion, without a queue. This is the embedded engine's hot path.

import type { EngineState } from './engine-state.ts'
import type { Entry } from './entry.ts'
import type { ActorSpace } from './execution.ts'
import { poisonedRun, runTransaction } from './run-transaction.ts'
import type { TransactionHost } from './transaction-host.ts'

/** The space of a whole partition: every actor as committed. */
export function wholeSpace(state: EngineState): ActorSpace {
  return { load: (ref) => state.actors.get(ref) }
}

/** Runs one entry to its end. */
export function runWhole(host: TransactionHost, entry: Entry, space: ActorSpace): void {
  const decision = host.home.decide(entry)
  if (decision.kind !== 'counts' && decision.kind !== 'poisoned') return host.home.dismiss(entry, decision)
  const run =
    decision.kind === 'poisoned'
      ? poisonedRun
      : runTransaction(host.program, entry.transaction, host.executionOptions(entry, space, false))
  const { writes } = run
  for (let index = 0; index < writes.length; index++) host.commitActor(writes[index]!.ref, writes[index]!.after, entry)
  if (run.tells.length > 0) host.addTells(entry, entry.home, run.tells)
  host.home.conclude(entry, run.outcome)
}
