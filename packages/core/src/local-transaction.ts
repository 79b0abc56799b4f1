// A transaction over several actors that all are served here, with nothing queued on any of them: it runs where it is scanned,
// to the same end as by its protocol, home or votes, without nodes, participants and messages to itself.

import type { Entry } from './entry.ts'
import type { Datum } from './datum.ts'
import { FootprintMiss } from './execution.ts'
import type { ActorSpace } from './execution.ts'
import type { HomeDecision } from './home-desk.ts'
import { lowestFailure } from './outcome.ts'
import type { Committed } from './outcome.ts'
import type { PartitionId } from './position.ts'
import { poisonedRun, runTransaction } from './run-transaction.ts'
import type { Run } from './run-transaction.ts'
import type { TransactionHost } from './transaction-host.ts'
import { sameActor } from './transaction.ts'
import type { ActorRef, Touch } from './transaction.ts'

const FEW = 8

/** By which protocol, on which actors. */
export interface LocalTransaction {
  readonly protocol: 'home' | 'votes'
  readonly footprint: readonly Touch[]
}

/** Runs one entry to its end. */
export function runLocal(
  host: TransactionHost,
  entry: Entry,
  transaction: LocalTransaction,
  decision: HomeDecision,
): void {
  if (decision.kind === 'poisoned') host.home.conclude(entry, poisonedRun.outcome)
  else if (decision.kind !== 'counts') host.home.dismiss(entry, decision)
  else if (transaction.protocol === 'home') runAsHome(host, entry, transaction.footprint)
  else runAsVoters(host, entry, transaction.footprint)
}

function runAsHome(host: TransactionHost, entry: Entry, footprint: readonly Touch[]): void {
  const options = host.executionOptions(entry, spaceOf(host, footprint), false)
  const { outcome, ...effects } = runTransaction(host.program, entry.transaction, options)
  commit(host, entry, entry.home, effects)
  host.home.conclude(entry, outcome)
}

// Each partition runs its own calls, and what the lowest operation failed with is the outcome.
function runAsVoters(host: TransactionHost, entry: Entry, footprint: readonly Touch[]): void {
  const { transaction } = entry
  const space = spaceOf(host, footprint)
  const partitions = [...new Set(footprint.map(({ ref }) => host.partitionOf(ref)))]
  const runs = partitions.map((partition) => {
    const options = host.executionOptions(entry, space, true)
    return runTransaction(host.program, transaction, options, (ref) => host.partitionOf(ref) === partition)
  })
  const lowest = lowestFailure(runs.map(({ outcome }) => outcome))
  if (lowest === undefined) runs.forEach((run, index) => commit(host, entry, partitions[index]!, run))
  host.home.conclude(
    entry,
    lowest ??
      committed(
        transaction.calls.map(({ ref }) => partitions.indexOf(host.partitionOf(ref))),
        runs,
      ),
  )
}

// The results in the order of the calls; `voters` says whose run each of them was in.
function committed(voters: readonly number[], runs: readonly Run[]): Committed {
  const taken = runs.map(() => 0)
  const results = voters.map((voter): Datum => {
    const { outcome } = runs[voter]!
    return outcome.kind === 'committed' ? outcome.results[taken[voter]!++] : undefined
  })
  return { kind: 'committed', results }
}

function commit(
  host: TransactionHost,
  entry: Entry,
  source: PartitionId,
  { writes, tells }: Pick<Run, 'writes' | 'tells'>,
): void {
  for (const { ref, after } of writes) host.commitActor(ref, after, entry)
  host.addTells(entry, source, tells)
}

function spaceOf(host: TransactionHost, footprint: readonly Touch[]): ActorSpace {
  const placeOf = placesIn(footprint)
  return {
    load(ref, mode) {
      const declared = footprint[placeOf(ref)]
      if (declared === undefined || (mode === 'write' && declared.mode === 'read')) throw new FootprintMiss(ref, mode)
      return host.record(ref)
    },
  }
}

// Most footprints are two actors, which no map is made for.
function placesIn(footprint: readonly Touch[]): (ref: ActorRef) => number {
  if (footprint.length <= FEW) return (wanted) => footprint.findIndex(({ ref }) => sameActor(ref, wanted))
  const places = new Map(footprint.map(({ ref }, place) => [ref.id, place]))
  return ({ id }) => places.get(id) ?? -1
}
