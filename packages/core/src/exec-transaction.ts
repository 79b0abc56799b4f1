// ExecTransaction: a transaction whose whole footprint is one actor, the common case. It needs no captured values and
// no votes: it executes inline when it reaches the head of its actor's queue, or without one where nothing is queued.

import type { ActorRecord } from './actor-record.ts'
import type { Entry } from './entry.ts'
import { FootprintMiss } from './execution.ts'
import { LockNode } from './key-transaction-processor.ts'
import type { PeerMessage } from './peer-message.ts'
import { poisonedRun, runTransaction } from './run-transaction.ts'
import type { Run } from './run-transaction.ts'
import type { HomeDecision } from './home-desk.ts'
import type { TransactionHost, TransactionInFlight } from './transaction-host.ts'
import type { AccessMode, ActorRef } from './transaction.ts'

/** One transaction on one actor. */
export class ExecTransaction implements TransactionInFlight {
  readonly entry: Entry
  readonly #host: TransactionHost
  readonly #ref: ActorRef
  readonly #node: LockNode
  #decision: HomeDecision | undefined = undefined

  constructor(host: TransactionHost, entry: Entry) {
    this.#host = host
    this.entry = entry
    this.#ref = entry.transaction.calls[0]!.ref
    this.#node = new LockNode(entry.position, { kind: 'run', run: () => this.#run() })
  }

  start(): void {
    this.#host.enqueue(this.#ref, this.#node)
    this.#host.home.whenFirst(this.entry, (decision) => {
      this.#decision = decision
      this.#host.wake(this.#ref)
    })
  }

  receive(): void {
    // Nobody else takes part.
  }

  asks(): PeerMessage[] {
    return []
  }

  #run(): boolean {
    if (this.#decision === undefined) return false
    runExec(this.#host, this.entry, this.#decision)
    this.#host.resolved(this)
    return true
  }
}

/** Runs a transaction on one actor to its end, once it is decided and nothing before it is left on the actor. */
export function runExec(host: TransactionHost, entry: Entry, decision: HomeDecision): void {
  if (decision.kind !== 'counts' && decision.kind !== 'poisoned') return host.home.dismiss(entry, decision)
  const { writes, tells, outcome } = decision.kind === 'poisoned' ? poisonedRun : execute(host, entry)
  for (const { ref, after } of writes) host.commitActor(ref, after, entry)
  host.addTells(entry, entry.home, tells)
  host.home.conclude(entry, outcome)
}

function execute(host: TransactionHost, entry: Entry): Run {
  const { ref: own } = entry.transaction.calls[0]!
  const record = host.record(own)
  const load = (ref: ActorRef, mode: AccessMode): ActorRecord | undefined => {
    if (ref.id !== own.id) throw new FootprintMiss(ref, mode)
    return record
  }
  return runTransaction(host.program, entry.transaction, host.executionOptions(entry, { load }, true))
}
