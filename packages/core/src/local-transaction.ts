// A transaction over several actors that all are served here, with nothing queued on any of them: it runs where it is scanned,
// to the same end as by its protocol, home or votes, without nodes, participants and messages to itself.

import type { Entry } from './entry.ts'
import { FootprintMiss, callOfOrdinal } from './execution.ts'
import type { ActorSpace, Tell } from './execution.ts'
import type { HomeDecision } from './home-desk.ts'
import { poisonedRun, runTransaction } from './run-transaction.ts'
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
  { protocol, footprint }: LocalTransaction,
  decision: HomeDecision,
): void {
  if (decision.kind !== 'counts' && decision.kind !== 'poisoned') return host.home.dismiss(entry, decision)
  const placeOf = placesIn(footprint)
  const space: ActorSpace = {
    load(ref, mode) {
      const declared = footprint[placeOf(ref)]
      if (declared === undefined || (mode === 'write' && declared.mode === 'read')) throw new FootprintMiss(ref, mode)
      return host.record(ref)
    },
  }
  const options = host.executionOptions(entry, space, protocol === 'votes')
  const run = decision.kind === 'poisoned' ? poisonedRun : runTransaction(host.program, entry.transaction, options)
  const { writes, tells, outcome } = run
  for (const { ref, after } of writes) host.commitActor(ref, after, entry)
  if (protocol === 'home') host.addTells(entry, entry.home, tells)
  else addTells(host, entry, tells)
  host.home.conclude(entry, outcome)
}

// By votes each partition tells what its own calls told.
function addTells(host: TransactionHost, entry: Entry, tells: readonly Tell[]): void {
  const { calls } = entry.transaction
  for (const tell of tells) host.addTells(entry, host.partitionOf(calls[callOfOrdinal(tell.ordinal)]!.ref), [tell])
}

// Most footprints are two actors, which no map is made for.
function placesIn(footprint: readonly Touch[]): (ref: ActorRef) => number {
  if (footprint.length <= FEW) return (wanted) => footprint.findIndex(({ ref }) => sameActor(ref, wanted))
  const places = new Map(footprint.map(({ ref }, place) => [ref.id, place]))
  return ({ id }) => places.get(id) ?? -1
}
