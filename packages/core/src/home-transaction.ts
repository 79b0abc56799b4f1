// HomeTransaction: a transaction whose handlers reach across actors (DESIGN §6). Participants capture their actors'
// values and send them to home; home, the TransactionProcessor proper, runs the handlers once, sends each writer its
// new values and answers the client. (p-1) + (w-1) messages for p participants and w writers.
//
//   participant:  captured --values--> waits for --result--> resolved        (readers are done with the values)
//   home:         decided and all values in --> run --> results out --> concluded

import type { ActorRecord } from './actor-record.ts'
import { CapturedSpace } from './captured-space.ts'
import type { Entry } from './entry.ts'
import { footprintOf } from './footprint.ts'
import { Participant, byPartition } from './participant.ts'
import type { PeerMessage } from './peer-message.ts'
import type { PartitionId } from './position.ts'
import { poisonedRun, runTransaction } from './run-transaction.ts'
import type { Run } from './run-transaction.ts'
import type { HomeDecision } from './home-desk.ts'
import type { TransactionHost, TransactionInFlight } from './transaction-host.ts'
import type { Touch } from './transaction.ts'

/** One transaction by the home protocol, on one worker. */
export class HomeTransaction implements TransactionInFlight {
  readonly entry: Entry
  readonly #host: TransactionHost
  readonly #footprint: readonly Touch[]
  readonly #groups: Map<PartitionId, Touch[]>
  readonly #local = new Map<PartitionId, Participant>()
  readonly #writers: ReadonlySet<PartitionId>
  // At home: whose values are still to come, and what has come.
  readonly #missing: Set<PartitionId>
  readonly #space: CapturedSpace
  readonly #homeIsLocal: boolean
  #counts = false
  #concluded: boolean
  #resolved = false

  constructor(host: TransactionHost, entry: Entry) {
    this.#host = host
    this.entry = entry
    this.#footprint = footprintOf(entry.transaction)
    this.#groups = byPartition(host, this.#footprint)
    this.#missing = new Set(this.#groups.keys())
    this.#space = new CapturedSpace(this.#footprint)
    this.#homeIsLocal = host.isLocal(entry.home)
    this.#concluded = !this.#homeIsLocal
    this.#writers = new Set(
      [...this.#groups].filter(([, touches]) => touches.some(isWrite)).map(([partition]) => partition),
    )
  }

  start(): void {
    const events = {
      captured: (participant: Participant): void => this.#captured(participant),
      done: (): void => this.#finish(),
    }
    for (const [partition, touches] of this.#groups) {
      if (!this.#host.isLocal(partition)) continue
      const participant = new Participant(this.#host, partition, touches, events)
      this.#local.set(partition, participant)
      participant.enqueue(this.entry.position)
    }
    if (this.#homeIsLocal) this.#host.home.whenFirst(this.entry, (decision) => this.#decide(decision))
  }

  receive(message: PeerMessage): void {
    if (message.kind === 'values' && this.#homeIsLocal && !this.#concluded) {
      if (!this.#missing.has(message.from)) return
      for (const sent of message.records) this.#space.add(sent.ref, this.#host.decodeRecord(sent))
      this.#gathered(message.from)
    } else if (message.kind === 'result' && !this.#homeIsLocal) {
      const writes = new Map(message.records.map((sent) => [sent.ref.id, this.#host.decodeRecord(sent)]))
      this.#local.get(message.to)?.resolve(writes)
    }
  }

  asks(): PeerMessage[] {
    const { position, home } = this.entry
    if (this.#homeIsLocal) {
      if (this.#concluded) return []
      const remote = [...this.#missing].filter((partition) => !this.#local.has(partition))
      return remote.map((from) => ({ kind: 'ask', position, from, to: home }))
    }
    const waiting = [...this.#local.values()].filter((participant) => !participant.allDone)
    return waiting.map(({ partition }) => ({ kind: 'ask', position, from: home, to: partition }))
  }

  #captured(participant: Participant): void {
    const { position, home } = this.entry
    const { partition } = participant
    if (partition !== home && !this.#host.serves(home, position)) {
      const records = [...participant.records.values()].map(({ ref, record }) => this.#host.encodeRecord(ref, record))
      this.#host.send({ kind: 'values', position, from: partition, to: home, records })
    }
    if (!this.#homeIsLocal) return
    for (const { ref, record } of participant.records.values()) this.#space.add(ref, record)
    this.#gathered(partition)
  }

  #gathered(partition: PartitionId): void {
    this.#missing.delete(partition)
    this.#runWhenReady()
  }

  #decide(decision: HomeDecision): void {
    if (decision.kind === 'counts') {
      this.#counts = true
      this.#runWhenReady()
    } else if (decision.kind === 'poisoned') this.#conclude(poisonedRun)
    else {
      this.#host.home.dismiss(this.entry, decision)
      this.#release(new Map())
    }
  }

  #runWhenReady(): void {
    if (!this.#counts || this.#concluded || this.#missing.size > 0) return
    const options = this.#host.executionOptions(this.entry, this.#space, false)
    this.#conclude(runTransaction(this.#host.program, this.entry.transaction, options))
  }

  #conclude(run: Run): void {
    this.#host.addTells(this.entry, this.entry.home, run.tells)
    this.#host.home.conclude(this.entry, run.outcome)
    this.#release(new Map(run.writes.map(({ ref, after }) => [ref.id, after])))
  }

  // Every writer waits for home's word, also where the transaction has no effect.
  #release(writes: ReadonlyMap<string, ActorRecord | undefined>): void {
    this.#concluded = true
    const { position, home } = this.entry
    for (const partition of this.#writers) {
      this.#local.get(partition)?.resolve(writes)
      if (partition === home || this.#host.serves(partition, position)) continue
      const written = this.#groups.get(partition)!.filter(({ ref }) => writes.has(ref.id))
      const records = written.map(({ ref }) => this.#host.encodeRecord(ref, writes.get(ref.id)))
      this.#host.send({ kind: 'result', position, from: home, to: partition, records })
    }
    this.#finish()
  }

  #finish(): void {
    if (this.#resolved || !this.#concluded) return
    for (const participant of this.#local.values()) if (!participant.allDone) return
    this.#resolved = true
    this.#host.resolved(this)
  }
}

function isWrite(touch: Touch): boolean {
  return touch.mode === 'write'
}
