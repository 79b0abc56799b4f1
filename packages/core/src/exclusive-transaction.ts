// ExclusiveTransaction: the fourth attempt (F4). Its index names every partition; each worker starts it only when
// everything before it has resolved there, and scans nothing behind it until it has. Home runs the handlers, fetches
// what they miss from its owner as of this position, runs them again from the start until nothing is missing, and
// releases everyone, also when the entry does not count.
//
//   home:    decided --run--> missing? --fetch--> values --run--> … --> result to every partition, concluded
//   others:  parked, answering fetches --result--> resolved
//
// Where P = 1 nothing can be missing and nobody else takes part: then this is how every transaction runs (F2).

import type { ActorRecord } from './actor-record.ts'
import type { Entry } from './entry.ts'
import { FootprintMiss } from './execution.ts'
import type { ActorSpace } from './execution.ts'
import type { PeerMessage, SentRecord } from './peer-message.ts'
import type { PartitionId } from './position.ts'
import { poisonedRun, runTransaction } from './run-transaction.ts'
import type { Run } from './run-transaction.ts'
import type { HomeDecision } from './home-desk.ts'
import type { TransactionHost, TransactionInFlight } from './transaction-host.ts'
import type { AccessMode, ActorRef } from './transaction.ts'

interface FetchedActor {
  readonly ref: ActorRef
  readonly record: ActorRecord | undefined
}

/** One transaction that runs alone, on one worker. */
export class ExclusiveTransaction implements TransactionInFlight, ActorSpace {
  readonly entry: Entry
  readonly #host: TransactionHost
  readonly #partitions: readonly PartitionId[]
  readonly #homeIsLocal: boolean
  // At home: records fetched from others, and the one that is wanted.
  readonly #fetched = new Map<string, FetchedActor>()
  #wanted: ActorRef | undefined = undefined
  // Elsewhere: local partitions that home has not released, and what they sent it.
  readonly #parked: Set<PartitionId>
  readonly #sent = new Map<PartitionId, SentRecord[]>()

  constructor(host: TransactionHost, entry: Entry, partitions: readonly PartitionId[]) {
    this.#host = host
    this.entry = entry
    this.#partitions = partitions
    this.#homeIsLocal = host.isLocal(entry.home)
    this.#parked = new Set(this.#homeIsLocal ? [] : partitions.filter((partition) => host.isLocal(partition)))
  }

  start(): void {
    if (this.#homeIsLocal) this.#host.home.whenFirst(this.entry, (decision) => this.#decide(decision))
  }

  /** The space of home's run: all local actors, and those that were fetched. */
  load(ref: ActorRef, mode: AccessMode): ActorRecord | undefined {
    if (this.#host.isLocal(this.#host.partitionOf(ref))) return this.#host.record(ref)
    if (!this.#fetched.has(ref.id)) throw new FootprintMiss(ref, mode)
    return this.#fetched.get(ref.id)!.record
  }

  receive(message: PeerMessage): void {
    if (message.kind === 'fetch' && this.#holds(message.to)) this.#answer(message.to, message.ref)
    else if (message.kind === 'values' && this.#homeIsLocal) this.#take(message.records)
    else if (message.kind === 'result' && this.#parked.has(message.to)) {
      for (const ref of message.fetched ?? []) this.#keep(message.to, ref)
      this.#unpark(message.to, message.records)
    }
  }

  // Whether a partition is local and still as of this position. Where home is, all are: it may run here only for what it
  // sends, while its owner fetches.
  #holds(partition: PartitionId): boolean {
    return this.#homeIsLocal ? this.#host.isLocal(partition) : this.#parked.has(partition)
  }

  asks(): PeerMessage[] {
    const { position, home } = this.entry
    if (this.#wanted !== undefined) return [this.#fetch(this.#wanted)]
    return [...this.#parked].map((partition) => ({ kind: 'ask', position, from: home, to: partition }))
  }

  #decide(decision: HomeDecision): void {
    if (decision.kind === 'counts') this.#run()
    else if (decision.kind === 'poisoned') this.#conclude(poisonedRun)
    else {
      this.#host.home.dismiss(this.entry, decision)
      this.#release([])
    }
  }

  #run(): void {
    const options = this.#host.executionOptions(this.entry, this, false)
    const run = runTransaction(this.#host.program, this.entry.transaction, options)
    if (run.outcome.kind !== 'missed') return this.#conclude(run)
    this.#wanted = run.outcome.ref
    this.#host.send(this.#fetch(this.#wanted))
  }

  #take(records: readonly SentRecord[]): void {
    for (const sent of records) this.#fetched.set(sent.ref.id, { ref: sent.ref, record: this.#host.decodeRecord(sent) })
    if (this.#wanted === undefined || !this.#fetched.has(this.#wanted.id)) return
    this.#wanted = undefined
    this.#run()
  }

  #fetch(ref: ActorRef): PeerMessage {
    const { position, home } = this.entry
    return { kind: 'fetch', position, from: home, to: this.#host.partitionOf(ref), ref }
  }

  #answer(partition: PartitionId, ref: ActorRef): void {
    const sent = this.#sent.get(partition) ?? []
    if (!sent.some((record) => record.ref.id === ref.id))
      sent.push(this.#host.encodeRecord(ref, this.#host.record(ref)))
    this.#sent.set(partition, sent)
    const { position, home } = this.entry
    this.#host.send({ kind: 'values', position, from: partition, to: home, records: [...sent] })
  }

  // An answer of before the last restart is not kept here any more, and must be: home wants it again if it replays.
  #keep(partition: PartitionId, ref: ActorRef): void {
    const sent = this.#sent.get(partition) ?? []
    if (!sent.some((record) => record.ref.id === ref.id)) this.#answer(partition, ref)
  }

  #conclude(run: Run): void {
    this.#host.addTells(this.entry, this.entry.home, run.tells)
    this.#host.home.conclude(this.entry, run.outcome)
    this.#release(run.writes)
  }

  #release(writes: Run['writes']): void {
    const { position, home } = this.entry
    const told = new Map<PartitionId, SentRecord[]>()
    for (const partition of this.#partitions)
      if (partition !== home && !this.#host.serves(partition, position)) told.set(partition, [])
    for (const { ref, after } of writes) {
      const partition = this.#host.partitionOf(ref)
      told.get(partition)?.push(this.#host.encodeRecord(ref, after))
      if (this.#host.isLocal(partition)) this.#host.commitActor(ref, after, this.entry)
    }
    const fetched = [...this.#fetched.values()].map(({ ref }) => ref)
    for (const [partition, records] of told) {
      const here = fetched.filter((ref) => this.#host.partitionOf(ref) === partition)
      this.#host.send({ kind: 'result', position, from: home, to: partition, records, fetched: here })
    }
    this.#host.resolved(this)
  }

  #unpark(partition: PartitionId, records: readonly SentRecord[]): void {
    for (const sent of records) this.#host.commitActor(sent.ref, this.#host.decodeRecord(sent), this.entry)
    this.#parked.delete(partition)
    if (this.#parked.size === 0) this.#host.resolved(this)
  }
}
