// VotesTransaction: a list of calls each confined to its own actor (DESIGN §6). Each participating partition runs its
// own calls tentatively, once all its actors' values are captured, and tells everyone who waits whether they went
// well. No values travel. The outcome is that of the lowest operation that failed; writers let go at the first
// failure, home replies when every partition with a lower operation has voted.
//
//   participant:  captured --run--> voted --all commit / any failure--> resolved
//   home:         votes only once the entry is known to count; else its vote is `void`

import type { ActorRecord } from './actor-record.ts'
import { CapturedSpace } from './captured-space.ts'
import type { Datum } from './datum.ts'
import type { Entry } from './entry.ts'
import { footprintOf } from './footprint.ts'
import { lowestFailure } from './outcome.ts'
import type { RunOutcome } from './outcome.ts'
import { Participant, byPartition } from './participant.ts'
import type { PeerMessage, Vote } from './peer-message.ts'
import type { PartitionId } from './position.ts'
import { poisonedRun, runTransaction } from './run-transaction.ts'
import type { Run } from './run-transaction.ts'
import type { HomeDecision } from './home-desk.ts'
import type { TransactionHost, TransactionInFlight } from './transaction-host.ts'
import type { Touch } from './transaction.ts'

interface Voter {
  readonly partition: PartitionId
  /** Its lowest operation. */
  readonly lowest: number
  /** Whether it has writers, who wait for everyone's vote. */
  readonly writes: boolean
  /** On this worker: its nodes, and what its calls came to. */
  readonly local: Participant | undefined
  run: Run | undefined
  vote: Vote | undefined
}

/** One transaction by votes, on one worker. */
export class VotesTransaction implements TransactionInFlight {
  readonly entry: Entry
  readonly #host: TransactionHost
  readonly #voters = new Map<PartitionId, Voter>()
  readonly #homeIsLocal: boolean
  #decision: HomeDecision['kind'] | undefined = undefined
  #released = false
  #concluded: boolean
  #resolved = false

  constructor(host: TransactionHost, entry: Entry) {
    this.#host = host
    this.entry = entry
    this.#homeIsLocal = host.isLocal(entry.home)
    this.#concluded = !this.#homeIsLocal
    for (const [partition, touches] of byPartition(host, footprintOf(entry.transaction)))
      this.#voters.set(partition, this.#voter(partition, touches))
  }

  start(): void {
    for (const { local } of this.#voters.values()) local?.enqueue(this.entry.position)
    if (this.#homeIsLocal) this.#host.home.whenFirst(this.entry, (decision) => this.#decide(decision))
  }

  receive(message: PeerMessage): void {
    if (message.kind !== 'vote') return
    const voter = this.#voters.get(message.from)
    if (voter === undefined || voter.local !== undefined || voter.vote !== undefined) return
    voter.vote = message.vote
    this.#consider()
  }

  asks(): PeerMessage[] {
    const listeners = [...this.#voters.values()].filter((voter) => voter.local !== undefined && this.#waits(voter))
    const silent = [...this.#voters.values()].filter((voter) => voter.vote === undefined && voter.local === undefined)
    const { position } = this.entry
    return silent.flatMap((from) =>
      listeners.map((to): PeerMessage => ({ kind: 'ask', position, from: from.partition, to: to.partition })),
    )
  }

  #voter(partition: PartitionId, touches: readonly Touch[]): Voter {
    const events = {
      captured: (): void => this.#run(partition),
      done: (): void => this.#finish(),
    }
    return {
      partition,
      lowest: this.#lowestOperation(partition),
      writes: touches.some((touch) => touch.mode === 'write'),
      local: this.#host.isLocal(partition) ? new Participant(this.#host, partition, touches, events) : undefined,
      run: undefined,
      vote: undefined,
    }
  }

  #lowestOperation(partition: PartitionId): number {
    const { asserts, calls } = this.entry.transaction
    return [...asserts, ...calls].findIndex(({ ref }) => this.#host.partitionOf(ref) === partition)
  }

  // Whether a partition's worker waits for the votes of the others.
  #waits(voter: Voter): boolean {
    return voter.partition === this.entry.home ? !this.#concluded || !this.#released : voter.writes && !this.#released
  }

  #run(partition: PartitionId): void {
    const voter = this.#voters.get(partition)!
    if (voter.vote !== undefined) return
    const { records } = voter.local!
    const space = new CapturedSpace([...records.values()].map(({ ref }) => ({ ref, mode: 'write' })))
    for (const { ref, record } of records.values()) space.add(ref, record)
    const options = this.#host.executionOptions(this.entry, space, true)
    voter.run = runTransaction(
      this.#host.program,
      this.entry.transaction,
      options,
      (ref) => this.#host.partitionOf(ref) === partition,
    )
    this.#castWhenDecided(voter)
  }

  #decide(decision: HomeDecision): void {
    this.#decision = decision.kind
    const home = this.#voters.get(this.entry.home)!
    if (decision.kind === 'counts') {
      this.#castWhenDecided(home)
      this.#consider()
      return
    }
    this.#concluded = true
    if (decision.kind === 'poisoned') {
      home.run = poisonedRun
      this.#host.home.conclude(this.entry, poisonedRun.outcome)
      this.#castWhenDecided(home)
    } else {
      this.#host.home.dismiss(this.entry, decision)
      this.#cast(home, { kind: 'void' })
    }
  }

  #castWhenDecided(voter: Voter): void {
    if (voter.run === undefined) return
    if (voter.partition === this.entry.home && this.#decision === undefined) return
    this.#cast(voter, voteOf(voter.run))
  }

  #cast(voter: Voter, vote: Vote): void {
    if (voter.vote !== undefined) return
    voter.vote = vote
    const { position, home } = this.entry
    for (const other of this.#voters.values()) {
      if (other === voter || this.#host.serves(other.partition, position)) continue
      if (!other.writes && other.partition !== home) continue
      this.#host.send({ kind: 'vote', position, from: voter.partition, to: other.partition, vote })
    }
    this.#consider()
  }

  #consider(): void {
    const voters = [...this.#voters.values()]
    if (voters.some(({ vote }) => vote !== undefined && vote.kind !== 'commit')) this.#release(false)
    else if (voters.every(({ vote }) => vote?.kind === 'commit')) this.#release(true)
    // Others may have failed long before home knows whether the entry counts at all.
    if (!this.#concluded && this.#decision !== undefined) this.#concludeWhenClear(voters)
    this.#finish()
  }

  #release(committed: boolean): void {
    if (this.#released) return
    this.#released = true
    for (const { local, run, partition } of this.#voters.values()) {
      if (local === undefined) continue
      const writes = committed ? run!.writes : []
      local.resolve(new Map(writes.map(({ ref, after }): [string, ActorRecord | undefined] => [ref.id, after])))
      if (committed) this.#host.addTells(this.entry, partition, run!.tells)
    }
  }

  // At home: the lowest failure stands once everyone who could fail lower has voted.
  #concludeWhenClear(voters: readonly Voter[]): void {
    const lowest = lowestFailure(voters.flatMap(({ vote }) => (vote?.kind === 'fail' ? [vote.failure] : [])))
    const bound = lowest?.operation ?? Infinity
    if (voters.some((voter) => voter.vote === undefined && voter.lowest < bound)) return
    this.#concluded = true
    this.#host.home.conclude(this.entry, lowest ?? this.#committed())
  }

  #committed(): RunOutcome {
    const next = new Map<PartitionId, number>()
    const results = this.entry.transaction.calls.map(({ ref }): Datum => {
      const partition = this.#host.partitionOf(ref)
      const index = next.get(partition) ?? 0
      next.set(partition, index + 1)
      const vote = this.#voters.get(partition)!.vote!
      return vote.kind === 'commit' ? vote.results[index] : undefined
    })
    return { kind: 'committed', results }
  }

  #finish(): void {
    if (this.#resolved || !this.#concluded) return
    // A worker with readers only is told nobody's votes and needs none.
    const told =
      this.#homeIsLocal || [...this.#voters.values()].some(({ local, writes }) => local !== undefined && writes)
    if (told && !this.#released) return
    for (const { local, vote } of this.#voters.values())
      if (local !== undefined && (!local.allDone || vote === undefined)) return
    this.#resolved = true
    this.#host.resolved(this)
  }
}

function voteOf(run: Run): Vote {
  return run.outcome.kind === 'committed'
    ? { kind: 'commit', results: run.outcome.results }
    : { kind: 'fail', failure: run.outcome }
}
