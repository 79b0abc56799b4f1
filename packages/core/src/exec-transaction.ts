// ExecTransaction: a transaction whose whole footprint is one actor, the common case. It needs no captured values and
// no votes: it executes inline when it reaches the head of its actor's queue.

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
    const decision = this.#decision
    if (decision === undefined) return false
    if (decision.kind === 'counts') this.#conclude(this.#execute())
    else if (decision.kind === 'poisoned') this.#conclude(poisonedRun)
    else this.#host.home.dismiss(this.entry, decision)
    this.#host.resolved(this)
    return true
  }

  #execute(): Run {
    const record = this.#host.record(this.#ref)
    const load = (ref: ActorRef, mode: AccessMode): ActorRecord | undefined => {
      if (ref.id !== this.#ref.id) throw new FootprintMiss(ref, mode)
      return record
    }
    const options = this.#host.executionOptions(this.entry, { load }, true)
    return runTransaction(this.#host.program, this.entry.transaction, options)
  }

  #conclude(run: Run): void {
    for (const { ref, after } of run.writes) this.#host.commitActor(ref, after, this.entry)
    this.#host.addTells(this.entry, this.entry.home, run.tells)
    this.#host.home.conclude(this.entry, run.outcome)
  }
}
