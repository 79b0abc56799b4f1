// ClusterWorker: one start of one worker, from its join to its end (DESIGN §7). It puts together what a worker consists
// of and leads it through its life; everything it does follows from the view, which it reads in the log like everyone.
//
//   start: join --> catch up (ReplicaSet) --> ready --> serve ... leave --> handed over --> gone
//                                                         '--- evicted: gone at once, starts anew as another incarnation
//
// CW1 It answers clients and submits only for partitions that are its own, and everything else it does is harmless to
//     repeat: a worker that was paused and evicted may still do what it was about to do.

import { StreamyError, endOfBatch, memberOf, ownedBy } from '@streamy-db/core'
import type {
  Effects,
  Incident,
  Log,
  LogTime,
  MembershipChange,
  MessageBus,
  PartitionId,
  Position,
  Program,
  Sequence,
  Transport,
  View,
  WorkerIdentity,
  CheckpointStore,
} from '@streamy-db/core'
import { fingerprintDifference } from '@streamy-db/actors'
import type { Clock } from '../../clock.ts'
import type { DatabaseRecord } from '../../database-record.ts'
import { flushPolicy } from '../../state-flusher.ts'
import { addresses } from '../protocol/addresses.ts'
import { CheckpointKeeper } from './checkpoint-keeper.ts'
import { Checkpoints } from './checkpoints.ts'
import { FailureDetector } from './failure-detector.ts'
import { LogAppender } from './log-appender.ts'
import type { Replica } from './replica.ts'
import { ReplicaSet } from './replica-set.ts'
import type { ReplicaSetHost } from './replica-set.ts'
import { ReplicaState } from './replica-state.ts'
import type { StateShelf } from './state-shelf.ts'
import type { Turns } from './turns.ts'

/** The world as a worker needs it: ports only. */
export interface WorkerParts {
  readonly log: Log
  readonly bus: MessageBus
  readonly transport: Transport
  readonly checkpoints: CheckpointStore
  readonly shelf: StateShelf
  readonly clock: Clock
  readonly program: Program
  readonly database: DatabaseRecord
  readonly firstView: View
  /** The event loop's, unless stated. */
  readonly turns?: Turns
}

/** How a worker behaves. */
export interface WorkerSettings {
  readonly heartbeatMs: number
  readonly evictAfterMs: number
  readonly askAgainMs: number
  readonly checkpointBytes: number
  readonly cacheBytesMax: number
  readonly logBytesMax: number
  readonly skip: ReadonlySet<Position>
}

/** Who hears of what a worker does. */
export interface WorkerEvents {
  readonly onIncident: (incident: Incident) => void
  /** Something that went wrong and will be tried again. */
  readonly onTrouble: (error: unknown) => void
  /** The view that it reads has changed. */
  readonly onView: (view: View) => void
  /** It was evicted: another incarnation has to be started. */
  readonly onEvicted: () => void
  /** It cannot go on. */
  readonly onFailed: (error: Error) => void
}

/** How a worker's engines stand. */
export interface WorkerProgress {
  /** The last batch that one of them has scanned, and the last up to which all of them have resolved everything. */
  readonly scanned: Sequence
  readonly resolved: Sequence
  readonly replicas: number
}

/** What answers clients for a worker. */
export interface ClientDesk {
  /** The partitions that are this worker's now. */
  serve(partitions: readonly PartitionId[]): void
  /** Replies of an engine, on their way to their sessions. */
  reply(replies: Effects['replies'], logTime: LogTime): void
  close(): void
}

const SUBMIT_AGAIN_US = 1_000_000

/** One start of one worker. */
export class ClusterWorker implements ReplicaSetHost {
  readonly identity: WorkerIdentity
  readonly #parts: WorkerParts
  readonly #settings: WorkerSettings
  readonly #events: WorkerEvents
  readonly #appender: LogAppender
  readonly #replicas: ReplicaSet
  readonly #keeper: CheckpointKeeper
  readonly #desk: ClientDesk
  #detector: FailureDetector | undefined
  #joined = false
  #ending: 'leaving' | 'ended' | undefined
  readonly #gone: (() => void)[] = []
  readonly #readyWaiters: (() => void)[] = []
  #announced = ''
  #tickAlarm: { readonly due: LogTime; readonly cancel: () => void } | undefined
  #ticking = false
  /** How far this machine's clock is ahead of log time, or behind it, as far as entries tell. */
  #aheadOfLogUs = 0
  #submitsAgain = false

  constructor(
    parts: WorkerParts,
    settings: WorkerSettings,
    events: WorkerEvents,
    identity: WorkerIdentity,
    makeDesk: (worker: ClusterWorker) => ClientDesk,
  ) {
    const { database, program, firstView, log, bus, clock, transport, turns } = parts
    this.#parts = parts
    this.#settings = settings
    this.#events = events
    this.identity = identity
    const idPrefix = `${identity.name}-${identity.incarnation}`
    this.#appender = new LogAppender(log, database.partitions, idPrefix, () => this.#submitAgainLater())
    const checkpoints = new Checkpoints(parts.checkpoints)
    const { skip, cacheBytesMax, logBytesMax, askAgainMs } = settings
    const policy = flushPolicy(cacheBytesMax, logBytesMax)
    this.#replicas = new ReplicaSet({
      replica: {
        program,
        database,
        worker: identity,
        firstView,
        skip,
        cacheBytesMax,
        policy,
        ...(turns && { turns }),
      },
      log,
      bus,
      transport,
      clock,
      state: new ReplicaState({ log, checkpoints, shelf: parts.shelf, database }),
      host: this,
      askAgainMs,
    })
    this.#keeper = new CheckpointKeeper({
      checkpoints,
      log,
      appender: this.#appender,
      bus,
      clock,
      address: addresses.checkpoint(database.id),
      database,
      firstView,
      checkpointBytes: settings.checkpointBytes,
      replicas: () => this.#replicas.replicas,
      onTrouble: events.onTrouble,
    })
    this.#desk = makeDesk(this)
  }

  /** The workers and owners as this worker last read them. */
  get view(): View | undefined {
    return this.#replicas.view
  }

  /** How far its engines have come. */
  get progress(): WorkerProgress {
    const { replicas } = this.#replicas
    const scanned = Math.max(0, ...replicas.map(({ engine }) => engine.scanned.sequence))
    const resolved = Math.min(scanned, ...replicas.map(({ engine }) => engine.resolvedBatch))
    return { scanned, resolved, replicas: replicas.length }
  }

  /** Its partitions. */
  get owned(): PartitionId[] {
    return this.view === undefined ? [] : ownedBy(this.view, this.identity.name)
  }

  /**
   * Joins, catches up, and resolves when it is ready. Rejects with CODE_MISMATCH when workers of other code run the
   * database, and with what `ReplicaState` throws.
   */
  async start(): Promise<void> {
    const { bus, clock, database, program } = this.#parts
    const { heartbeatMs, evictAfterMs } = this.#settings
    await this.#replicas.start()
    const joined = await this.#change({ kind: 'join', ...this.identity, fingerprint: program.fingerprint })
    this.#detector = new FailureDetector({
      bus,
      clock,
      address: addresses.heartbeat(database.id),
      worker: this.identity,
      heartbeatMs,
      evictAfterMs,
      view: () => this.view,
      onSilent: (worker, view) => this.#evict(worker, view),
    })
    await this.#replicas.scanned(joined)
    if (this.#ending !== undefined) return
    if (!this.#joined) throw this.#refused()
    await new Promise<void>((resolve) => {
      this.#readyWaiters.push(resolve)
      this.#tellReady()
    })
  }

  /** Hands over what it owns, and stops; without others to take over it just stops. */
  async leave(waitMs: number): Promise<void> {
    if (this.#ending === undefined) {
      this.#ending = 'leaving'
      const { clock } = this.#parts
      const gone = new Promise<void>((resolve) => this.#gone.push(resolve))
      const overdue = new Promise<void>((resolve) => clock.alarm(clock.now() + waitMs * 1000, resolve))
      await this.#change({ kind: 'leave', ...this.identity }).catch((error: unknown) => this.#events.onTrouble(error))
      this.#viewChanged()
      await Promise.race([gone, overdue])
      const settled = Promise.all(
        this.#replicas.replicas.map((replica) => replica.whenResolved(replica.engine.scanned.sequence)),
      )
      await Promise.race([settled, overdue])
    }
    await this.stop(true)
  }

  /** Stops at once; others find out by its silence. With `keep` its state is brought up to date on its disk. */
  async stop(keep: boolean): Promise<void> {
    this.#ending = 'ended'
    this.#tickAlarm?.cancel()
    this.#detector?.stop()
    this.#desk.close()
    for (const resolve of [...this.#readyWaiters, ...this.#gone]) resolve()
    await this.#keeper.stop()
    await this.#replicas.stop(keep)
  }

  /** Asks for a checkpoint of the whole database now. */
  askForCheckpoint(): void {
    this.#keeper.ask()
  }

  /** Appends an entry that only marks a place in the log; resolves with the end of its batch. */
  async barrier(): Promise<Position> {
    return endOfBatch(await this.#appender.tick())
  }

  /** The replica that speaks for a partition of this worker. */
  serving(partition: PartitionId): Replica | undefined {
    return this.#replicas.serving(partition)
  }

  perform(replica: Replica, effects: Effects): void {
    const { replies, submissions, incidents, checkpoints } = effects
    if (replies.length > 0) this.#desk.reply(replies, replica.engine.scanned.logTime)
    for (const transaction of submissions) this.#appender.submit(transaction)
    if (incidents.length === 0 && checkpoints.length === 0) return
    // What was in the log when a replica was made has been dealt with.
    for (const sequence of checkpoints) if (sequence > replica.catchUpTo) this.#keeper.begin(replica, sequence)
    if (this.#replicas.hasCaughtUp(replica)) for (const incident of incidents) this.#events.onIncident(incident)
  }

  executed(replica: Replica, bytes: number): void {
    this.#keeper.executed(replica, bytes)
    // What was appended before it was executed tells how far ahead the clock is at most.
    this.#aheadOfLogUs = Math.min(this.#aheadOfLogUs, this.#parts.clock.now() - replica.engine.scanned.logTime)
    this.#armTick()
  }

  viewed(view: View): void {
    this.#viewChanged()
    this.#events.onView(view)
  }

  warm(partitions: readonly PartitionId[]): void {
    if (this.#ending !== undefined) return
    const announced = `${this.view?.number}:${partitions.join()}`
    if (announced === this.#announced) return
    this.#announced = announced
    this.#change({ kind: 'ready', ...this.identity, partitions }).catch((error: unknown) => {
      this.#announced = ''
      this.#events.onTrouble(error)
    })
  }

  freshCheckpoint(after: Sequence): Promise<boolean> {
    return this.#keeper.fresh(after)
  }

  became(): void {
    this.#desk.serve(this.owned)
    this.#armTick()
  }

  troubled(error: Error): void {
    this.#events.onTrouble(error)
  }

  failed(error: Error): void {
    if (this.#ending !== 'ended') this.#events.onFailed(error)
  }

  #viewChanged(): void {
    const { view } = this
    if (view === undefined) return
    const member = memberOf(view, this.identity)
    if (member !== undefined) this.#joined = true
    this.#tellReady()
    this.#desk.serve(this.owned)
    if (!this.#joined || member !== undefined) return
    for (const resolve of this.#gone.splice(0)) resolve()
    if (this.#ending === undefined) this.#events.onEvicted()
  }

  #tellReady(): void {
    const { view } = this
    const member = view === undefined ? undefined : memberOf(view, this.identity)
    if (member?.phase === 'ready') for (const resolve of this.#readyWaiters.splice(0)) resolve()
  }

  #evict(worker: WorkerIdentity, view: View): void {
    this.#change({ kind: 'evict', name: worker.name, incarnation: worker.incarnation, view: view.number }).catch(
      (error: unknown) => this.#events.onTrouble(error),
    )
  }

  #change(change: MembershipChange): Promise<Sequence> {
    return this.#appender.change(change)
  }

  // Retries and tells that the log did not take: it may take them in a while.
  #submitAgainLater(): void {
    if (this.#submitsAgain) return
    this.#submitsAgain = true
    const { clock } = this.#parts
    clock.alarm(clock.now() + SUBMIT_AGAIN_US, () => {
      this.#submitsAgain = false
      if (this.#ending !== 'ended') for (const replica of this.#replicas.replicas) replica.askAgain()
    })
  }

  #refused(): StreamyError {
    const { program } = this.#parts
    const running = this.view?.fingerprint ?? ''
    if (running === program.fingerprint)
      return new StreamyError('OVERLOADED', 'The database has as many workers as it may have. Stop one first.')
    return new StreamyError(
      'CODE_MISMATCH',
      'Workers with other code run this database, so this one was not let in. Start it with the same code, or bring the ' +
        `database to the new code first. They differ: ${fingerprintDifference(running, program.fingerprint)}.`,
    )
  }

  // Log time moves only with entries: a due timer in an idle database needs one. Log time is the servers', whose clock may
  // be another: what is due by this machine's clock alone would be late by hours, or asked for all the time.
  #armTick(): void {
    const due = this.#nextTickDue()
    if (due === undefined || this.#ending !== undefined || this.#ticking) return
    if (this.#tickAlarm !== undefined && this.#tickAlarm.due <= due) return
    this.#tickAlarm?.cancel()
    const cancel = this.#parts.clock.alarm(due, () => {
      this.#tickAlarm = undefined
      this.#tick()
    })
    this.#tickAlarm = { due, cancel }
  }

  #tick(): void {
    const { clock } = this.#parts
    const due = this.#nextTickDue()
    if (this.#ending !== undefined || due === undefined || due > clock.now()) return this.#armTick()
    this.#ticking = true
    const startedAt = clock.now()
    // Until it was executed the timer is still due.
    this.#appender
      .tick()
      .then((sequence) => this.#replicas.scanned(sequence))
      .then(() => this.#noteTick(startedAt))
      .catch((error: unknown) => this.#events.onTrouble(error))
      .finally(() => {
        this.#ticking = false
        this.#armTick()
      })
    return undefined
  }

  // Its own entry was appended after it had asked for it.
  #noteTick(startedAt: number): void {
    const logTime = Math.max(...this.#replicas.replicas.map(({ engine }) => engine.scanned.logTime))
    this.#aheadOfLogUs = Math.max(this.#aheadOfLogUs, startedAt - logTime)
  }

  // By this machine's clock.
  #nextTickDue(): number | undefined {
    const due = this.#nextTimerDue()
    return due === undefined ? undefined : due + this.#aheadOfLogUs
  }

  #nextTimerDue(): LogTime | undefined {
    let next: LogTime | undefined
    for (const replica of this.#replicas.replicas) {
      const due = replica.engine.nextTimerDue
      if (due === undefined || (next !== undefined && due >= next)) continue
      if (this.#replicas.hasCaughtUp(replica) && replica.engine.ownership.live.length > 0) next = due
    }
    return next
  }
}
