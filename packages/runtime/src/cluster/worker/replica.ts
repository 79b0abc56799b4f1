// Replica: one engine that follows the log for some partitions, from the state in a store of its own on. A worker has
// one for all its partitions, and further ones while it takes over others: a replica catches up beside those that serve.
//
//   log --entries--> engine --effects--> host (replies, messages, submissions)
//                      '--state--> flusher --> store
//
// R1 A flush never goes beyond a checkpoint that is to be saved: the store then holds the state as of exactly its batch.
// R2 Nothing is delivered while the engine wants no more, and nothing is dropped for it: the log waits.
// R3 Catching up does not keep the process from anything else: a worker that replays still sends its heartbeats. Nor does
//    a large entry: what it has executed of one is answered while it executes the rest.
// R4 It does not go on answering from a log that has lost what it was made of, even when it waits for peers that have
//    stopped for that reason and will never get on.

import { Engine, StreamyError, limits } from '@streamy-db/core'
import type {
  Effects,
  LogEntry,
  Log,
  PartitionId,
  PeerMessage,
  Position,
  Program,
  Sequence,
  StateStore,
  View,
  WorkerIdentity,
} from '@streamy-db/core'
import { asError } from '../../as-error.ts'
import type { DatabaseRecord } from '../../database-record.ts'
import { StateFlusher } from '../../state-flusher.ts'
import type { FlushPolicy } from '../../state-flusher.ts'
import type { MayEnd } from '../ending.ts'
import { followsOn } from './replica-state.ts'
import { eventLoopTurns, type Turns } from './turns.ts'

/** What a replica reports to. */
export interface ReplicaHost {
  /** Does what the engine wants done. */
  perform(replica: Replica, effects: Effects): void
  /** It has executed another entry, of so many bytes. */
  executed(replica: Replica, bytes: number): void
  /** It has stopped: its log cannot be read or its engine has failed. */
  failed(replica: Replica, error: Error): void
}

/** What a replica is made of. */
export interface ReplicaOptions {
  readonly log: Log
  readonly program: Program
  readonly database: DatabaseRecord
  readonly worker: WorkerIdentity
  readonly partitions: readonly PartitionId[]
  readonly extra: ReadonlySet<PartitionId>
  readonly store: StateStore
  readonly firstView: View
  /** The end of the log when it was made: up to there it only catches up. */
  readonly catchUpTo: Sequence
  readonly skip: ReadonlySet<Position>
  readonly cacheBytesMax: number
  readonly policy: FlushPolicy
  /** The event loop's, unless stated. */
  readonly turns?: Turns
  readonly host: ReplicaHost
}

interface Waiting {
  readonly sequence: Sequence
  readonly resolve: () => void
}

// Short enough that a client has its first answers, and sends its next entry, while the rest of its entry is executed: so
// both are busy at a time. Long enough that what is sent then is no small entry: each wakes three processes and is answered
// by itself, which costs as much as dozens of calls.
const TURN_STEPS = 512

const CHECKPOINTS_WAITING_MAX = 4

/** A running engine; see R1 to R4. */
export class Replica {
  readonly engine: Engine
  readonly partitions: readonly PartitionId[]
  readonly #options: ReplicaOptions
  readonly #flusher: StateFlusher
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #room: (() => void) | undefined
  #waiting: Waiting[] = []
  /** That being saved, and those that wait; a flush goes up to the first (R1). */
  #checkpoints: readonly Sequence[] = []
  #saving: Promise<void> = Promise.resolve()
  #checking = false
  #stopped = false

  constructor(options: ReplicaOptions) {
    const { program, database, partitions, host } = options
    this.#options = options
    this.partitions = partitions
    const executed = new Set(partitions)
    this.engine = new Engine({
      ...options,
      program,
      partitions: database.partitions,
      seed: database.seed,
      owned: (partition) => executed.has(partition),
    })
    this.engine.asksAtOnce = true
    this.engine.stepsMax = TURN_STEPS
    const { engine } = this
    this.#flusher = new StateFlusher({
      engine: {
        get changedActors() {
          return engine.changedActors
        },
        get replacedRecords() {
          return engine.replacedRecords
        },
        captureState: () => engine.captureState(this.#checkpoints[0]),
        stateFlushed: () => engine.stateFlushed(),
      },
      store: options.store,
      // The log is trimmed below complete checkpoints, not behind a flush.
      log: { trim: async () => {} },
      policy: options.policy,
      onFailure: (error) => host.failed(this, error),
    })
  }

  /** The end of the log when it was made. */
  get catchUpTo(): Sequence {
    return this.#options.catchUpTo
  }

  /** Whether it was stopped, or stopped by itself. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Follows the log from where its state stands. */
  start(): void {
    this.#running = this.#follow().catch((error: unknown) => {
      if (this.#stopped) return
      this.#stopped = true
      this.#options.host.failed(this, asError(error))
    })
  }

  /** Takes a message of a peer. */
  receive(message: PeerMessage): void {
    if (this.#stopped) return
    try {
      this.engine.receive(message)
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#perform()
    // The rest of an entry may have waited for this message, and no other entry need ever come.
    if (this.engine.canAdvance) this.#goOn().catch((error: unknown) => this.#fail(error))
  }

  /** Asks peers again, and submits again what has not come back from the log. */
  askAgain(): void {
    if (this.#stopped) return
    this.engine.askAgain()
    this.#perform()
  }

  /** Asks peers again for what its oldest transactions wait for. */
  askPeers(): void {
    if (this.#stopped) return
    this.engine.askPeers(limits.transactionsAskedMax)
    this.#perform()
  }

  /**
   * Looks whether the log still holds what it has executed, while it waits for its peers: then it reads nothing that would
   * tell it (R4).
   */
  checkLog(): void {
    if (this.engine.wantsMore || this.#checking) return
    this.#checking = true
    followsOn(this.#options.log, this.engine.scanned)
      .catch((error: unknown) => {
        // Servers that do not answer are asked again the next time; what was trimmed meanwhile tells nothing.
        if (error instanceof StreamyError && error.code === 'LOG_DIVERGED') this.#fail(error)
      })
      .finally(() => (this.#checking = false))
  }

  /**
   * Resolves once everything up to the end of a batch has resolved, the replica has stopped, or `ending` does.
   */
  whenResolved(sequence: Sequence, ending?: MayEnd): Promise<void> {
    if (this.engine.resolvedBatch >= sequence || this.#stopped || ending?.aborted === true) return Promise.resolve()
    return new Promise((resolve) => {
      const aborted = (): void => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting)
        waiting.resolve()
      }
      const waiting: Waiting = {
        sequence,
        resolve: () => {
          ending?.removeEventListener('abort', aborted)
          resolve()
        },
      }
      this.#waiting.push(waiting)
      ending?.addEventListener('abort', aborted)
    })
  }

  /**
   * Brings the store to the state as of exactly the end of batch `sequence`, and keeps it there while `save` reads it. One
   * after the other: if each worker left out those that it likes, none would ever be complete. False when too many wait,
   * the state is beyond it already, or `signal` aborts before the state is there.
   */
  async checkpoint(
    sequence: Sequence,
    save: (store: StateStore) => Promise<void>,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (this.engine.captured.sequence > sequence || this.#checkpoints.length >= CHECKPOINTS_WAITING_MAX) return false
    this.#checkpoints = [...this.#checkpoints, sequence]
    const before = this.#saving
    const saved = before.then(() => this.#save(sequence, save, signal))
    this.#saving = settled(saved)
    return await saved
  }

  /** Brings the store up to what has resolved. */
  async flush(): Promise<void> {
    await this.#flusher.flush()
  }

  /** Stops following the log, and waits until nothing writes to its store. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopping.abort()
    this.#room?.()
    for (const { resolve } of this.#waiting.splice(0)) resolve()
    await this.#running
    await this.#flusher.idle()
  }

  async #follow(): Promise<void> {
    const { log, turns = eventLoopTurns } = this.#options
    const turn = turns.begin()
    for await (const entries of log.read(this.engine.next, this.#stopping.signal))
      for (const entry of entries) {
        // What was read at once would be executed in one turn of the event loop, however much it is (R3).
        const next = turn.enter()
        if (next !== undefined) await next
        while (!this.engine.wantsMore && !this.#stopped) await new Promise<void>((resolve) => (this.#room = resolve))
        if (this.#stopped) return
        await this.#execute(entry)
        turn.leave()
      }
  }

  async #execute(entry: LogEntry): Promise<void> {
    this.engine.deliver(entry)
    this.#flusher.executed(entry.bytes.length)
    this.#perform()
    if (this.engine.canAdvance) await this.#goOn()
    if (this.#stopped) return
    this.#options.host.executed(this, entry.bytes.length)
    const full = this.#flusher.poll()
    if (full !== undefined) await full
  }

  // Executes what is left of what was delivered, a part each turn.
  async #goOn(): Promise<void> {
    const { turns = eventLoopTurns } = this.#options
    while (this.engine.canAdvance) {
      await turns.next()
      if (this.#stopped) return
      this.engine.advance()
      this.#perform()
    }
  }

  async #save(sequence: Sequence, save: (store: StateStore) => Promise<void>, signal: AbortSignal): Promise<boolean> {
    try {
      await this.whenResolved(sequence, signal)
      if (this.#stopped || signal.aborted) return false
      await this.#flusher.flush()
      if (this.engine.captured.sequence !== sequence) return false
      await save(this.#options.store)
      return true
    } finally {
      this.#checkpoints = this.#checkpoints.filter((other) => other !== sequence)
    }
  }

  #perform(): void {
    this.#options.host.perform(this, this.engine.takeEffects())
    if (this.#room !== undefined && this.engine.wantsMore) {
      const room = this.#room
      this.#room = undefined
      room()
    }
    this.#tellResolved()
  }

  #tellResolved(): void {
    if (this.#waiting.length === 0) return
    const { resolvedBatch } = this.engine
    const due = this.#waiting.filter(({ sequence }) => sequence <= resolvedBatch)
    if (due.length === 0) return
    this.#waiting = this.#waiting.filter(({ sequence }) => sequence > resolvedBatch)
    for (const { resolve } of due) resolve()
  }

  #fail(error: unknown): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#stopping.abort()
    this.#options.host.failed(this, asError(error))
  }
}

/** Resolves when a promise has come to an end, whichever. */
async function settled(promise: Promise<unknown>): Promise<void> {
  await Promise.allSettled([promise])
}
