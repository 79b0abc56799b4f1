// ReplicaSet: the replicas of one worker, and what has to happen to them when the view changes. It only ever compares
// what the view wants of this worker with what there is, so that it does not matter which change came first:
//
//   a partition that is, or will be, this worker's and that no replica executes   --> start one, from a state
//   a replica that has caught up with partitions meant for this worker             --> say so (`ready`)
//   a replica that waits for what nobody holds                                     --> build it again with the sender
//   a replica that executes nothing that is wanted                                 --> let it go
//
// The view is that of the replica that has come furthest. A worker with nothing to execute has one that only observes.
//
// RS1 A replica that is replaced goes on until its successor has caught up: both say the same.

import type {
  Effects,
  Log,
  MessageBus,
  PartitionId,
  PeerMessage,
  Position,
  Sequence,
  StateStore,
  Transport,
  View,
} from '@streamy-db/core'
import { MemoryStateStore, StreamyError, destinationOf, memberOf, targetsOf } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import { Replica } from './replica.ts'
import type { ReplicaHost, ReplicaOptions } from './replica.ts'
import type { ReplicaState } from './replica-state.ts'
import { headChanges } from './replica-state.ts'
import type { ShelvedStore } from './state-shelf.ts'

/** What the set tells its worker. */
export interface ReplicaSetHost {
  /** Does what an engine wants done, but for messages to peers, which have been sent. */
  perform(replica: Replica, effects: Effects): void
  executed(replica: Replica, bytes: number): void
  /** There is a new view. */
  viewed(view: View): void
  /** Replicas have caught up with these partitions, which are meant for this worker and not yet its own. */
  warm(partitions: readonly PartitionId[]): void
  /** Resolves when there is a checkpoint at or behind a batch; false when there is none in time. */
  freshCheckpoint(after: Sequence): Promise<boolean>
  /** These partitions are this worker's from now on. */
  became(partitions: readonly PartitionId[]): void
  /** Nothing can go on. */
  failed(error: Error): void
}

/** What replicas are made of. */
export interface ReplicaSetOptions {
  readonly replica: Pick<
    ReplicaOptions,
    'program' | 'database' | 'worker' | 'firstView' | 'skip' | 'actorsCachedMax' | 'policy'
  >
  readonly log: Log
  readonly bus: MessageBus
  readonly transport: Transport
  readonly clock: Clock
  readonly state: ReplicaState
  readonly host: ReplicaSetHost
  /** How often those who wait for messages ask again. */
  readonly askAgainMs: number
}

/** One replica, with what the set knows of it. */
interface Held {
  readonly replica: Replica
  readonly shelved: ShelvedStore | undefined
  /** What it is for; `extra` partitions come on top. */
  readonly wanted: ReadonlySet<PartitionId>
  readonly extra: ReadonlySet<PartitionId>
  readonly replaces: Held | undefined
  caughtUp: boolean
  live: ReadonlySet<PartitionId>
  /** Since when a partition is said to be held by nobody. */
  readonly unheld: Map<PartitionId, number>
  successor: boolean
  /** Where it stood when it was last asked to ask again. */
  stood: Position
  /** The view by which `live` was found. */
  viewed: View | undefined
}

const nobody: ReadonlySet<PartitionId> = new Set()
// Answers of others, who may hold what one does not, have this long.
const UNHELD_PATIENCE_MS = 300

/** The replicas of one worker; see the header. */
export class ReplicaSet implements ReplicaHost {
  readonly #options: ReplicaSetOptions
  readonly #held = new Set<Held>()
  #view: View | undefined
  #viewBatch: Sequence = -1
  #reconciling: Promise<void> | undefined
  #again = false
  readonly #scanWaiters: (() => void)[] = []
  readonly #viewWaiters: (() => void)[] = []
  #stopped = false
  #cancelAlarm: () => void = () => {}

  constructor(options: ReplicaSetOptions) {
    this.#options = options
    options.transport.onMessage((message) => this.#receive(message))
  }

  /** The newest view that was read; undefined before the first entry. */
  get view(): View | undefined {
    return this.#view
  }

  /** The replicas that run. */
  get replicas(): Replica[] {
    return [...this.#held].map(({ replica }) => replica)
  }

  /** Starts with one replica that executes nothing. */
  async start(): Promise<void> {
    await this.#observe(await this.#options.state.observe())
    this.#armAlarm()
  }

  /** The replica that speaks for a partition of this worker; one that has caught up, if there are two. */
  serving(partition: PartitionId): Replica | undefined {
    let found: Held | undefined
    for (const held of this.#held) {
      if (held.replica.stopped || !held.replica.engine.ownership.isOwner(partition)) continue
      if (found === undefined || (held.caughtUp && !found.caughtUp)) found = held
    }
    return found?.replica
  }

  /** Whether the replica that speaks for a partition has caught up with what was in the log when it started. */
  hasCaughtUp(replica: Replica): boolean {
    return this.#heldOf(replica)?.caughtUp === true
  }

  /** Resolves when some replica has scanned a batch. */
  async scanned(sequence: Sequence): Promise<void> {
    while (!this.#stopped && this.#viewBatch < sequence)
      await new Promise<void>((resolve) => this.#scanWaiters.push(resolve))
  }

  /** Looks again at what is wanted. */
  reconcile(): void {
    if (this.#stopped) return
    this.#again = true
    this.#reconciling ??= this.#reconcile()
      .catch((error: unknown) => this.#options.host.failed(error instanceof Error ? error : new Error(String(error))))
      .finally(() => (this.#reconciling = undefined))
  }

  /** Stops all replicas. With `keep` their stores are brought up to date and stay for the next start. */
  async stop(keep: boolean): Promise<void> {
    this.#stopped = true
    this.#cancelAlarm()
    for (const resolve of [...this.#scanWaiters.splice(0), ...this.#viewWaiters.splice(0)]) resolve()
    await this.#reconciling
    for (const held of this.#held) {
      await held.replica.stop()
      if (keep && !held.successor) await held.replica.flush().catch(() => {})
      await (keep && !held.successor ? held.shelved?.close() : held.shelved?.discard())
    }
    this.#held.clear()
    await this.#options.state.close()
  }

  perform(replica: Replica, effects: Effects): void {
    for (const message of effects.messages) this.#options.transport.send(message)
    if (effects.unheld.length > 0) this.#noteUnheld(replica, effects.unheld)
    this.#options.host.perform(replica, effects)
  }

  executed(replica: Replica, bytes: number): void {
    const { engine } = replica
    const { sequence } = engine.scanned
    if (sequence > this.#viewBatch) {
      this.#viewBatch = sequence
      if (engine.view.number !== this.#view?.number) {
        this.#view = engine.view
        for (const resolve of this.#viewWaiters.splice(0)) resolve()
        this.#options.host.viewed(engine.view)
        this.reconcile()
      }
      for (const resolve of this.#scanWaiters.splice(0)) resolve()
    }
    this.#noteLive(replica)
    this.#options.host.executed(replica, bytes)
  }

  failed(replica: Replica, error: Error): void {
    if (this.#stopped) return
    const held = this.#heldOf(replica)
    if (held === undefined || !isTrimmed(error)) return this.#options.host.failed(error)
    // The log went on without it: it begins again at a checkpoint.
    void this.#drop(held).then(() => (held.wanted.size === 0 ? this.start() : this.reconcile()))
    return undefined
  }

  async #reconcile(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      const wanted = this.#wanted()
      if (wanted === undefined) continue
      const missing = [...wanted].filter((partition) => !this.#covers(partition))
      if (missing.length > 0) {
        await this.#startFor(missing)
        this.#again = true
      }
      for (const held of Array.from(this.#held)) this.#rebuildIfUnheld(held)
      await this.#letGo(wanted)
      this.#announce(wanted)
    }
  }

  #heldOf(replica: Replica): Held | undefined {
    for (const held of this.#held) if (held.replica === replica) return held
    return undefined
  }

  // What is this worker's or meant for it; undefined while it is no member.
  #wanted(): Set<PartitionId> | undefined {
    const view = this.#view
    const { worker } = this.#options.replica
    const member = view === undefined ? undefined : memberOf(view, worker)
    if (view === undefined || member === undefined) return undefined
    const targets = targetsOf(view)
    const wanted = new Set<PartitionId>()
    view.owners.forEach((owner, partition) => {
      if (owner === worker.name || targets[partition] === worker.name) wanted.add(partition)
    })
    return wanted
  }

  #covers(partition: PartitionId): boolean {
    for (const { replica, wanted } of this.#held)
      if (wanted.has(partition) && replica.engine.ownership.executes(partition)) return true
    return false
  }

  async #startFor(partitions: readonly PartitionId[]): Promise<void> {
    if (!(await this.#isWorthStarting(partitions))) return
    const { shelved, partitions: found } = await this.#options.state.prepare(partitions, false)
    await this.#add({ store: shelved.store, shelved, wanted: new Set(found), extra: nobody, replaces: undefined })
  }

  // What another worker serves until this one is ready is best begun at a checkpoint of after the view that said so: from
  // there on everything that its next owner needs is sent to it. Not worth it when the view changes meanwhile.
  async #isWorthStarting(partitions: readonly PartitionId[]): Promise<boolean> {
    const view = this.#view!
    const { name } = this.#options.replica.worker
    const served = partitions.some((partition) => {
      const owner = view.owners[partition]
      return owner !== undefined && owner !== name
    })
    if (!served || (await this.#options.state.hasOnShelf(partitions))) return true
    const changed = new Promise<boolean>((resolve) => this.#viewWaiters.push(() => resolve(false)))
    const fresh = this.#options.host.freshCheckpoint(this.#viewBatch).then(() => true)
    return await Promise.race([changed, fresh])
  }

  #observe(store: StateStore): Promise<void> {
    return this.#add({ store, shelved: undefined, wanted: nobody, extra: nobody, replaces: undefined })
  }

  async #add(
    made: Pick<Held, 'shelved' | 'wanted' | 'extra' | 'replaces'> & { readonly store: StateStore },
  ): Promise<void> {
    const catchUpTo = await this.#options.log.tail()
    if (this.#stopped) return made.shelved?.discard()
    const partitions = [...new Set([...made.wanted, ...made.extra])].sort((a, b) => a - b)
    const { log, replica: common } = this.#options
    const replica = new Replica({
      ...common,
      log,
      partitions,
      extra: made.extra,
      store: made.store,
      catchUpTo,
      host: this,
    })
    const { shelved, wanted, extra, replaces } = made
    const held: Held = {
      replica,
      shelved,
      wanted,
      extra,
      replaces,
      caughtUp: false,
      live: nobody,
      unheld: new Map(),
      successor: false,
      stood: 0,
      viewed: undefined,
    }
    if (replaces !== undefined) replaces.successor = true
    this.#held.add(held)
    this.#listen()
    this.#noteLive(replica)
    replica.start()
    void this.#catchUp(held)
    return undefined
  }

  // It has caught up when it has resolved what was in the log a moment ago.
  async #catchUp(held: Held): Promise<void> {
    const { log } = this.#options
    const { replica } = held
    try {
      for (;;) {
        const tail = await log.tail()
        const behind = tail - replica.engine.resolvedBatch
        if (behind <= LAG_BATCHES) break
        await replica.whenResolved(tail)
        if (replica.stopped) return
      }
    } catch (error) {
      this.failed(replica, error instanceof Error ? error : new Error(String(error)))
      return
    }
    if (this.#stopped || replica.stopped) return
    held.caughtUp = true
    replica.engine.asksAtOnce = false
    if (replica.engine.ownership.live.length > 0) replica.askAgain()
    this.reconcile()
  }

  #listen(): void {
    const partitions = new Set([...this.#held].flatMap(({ replica }) => replica.partitions))
    this.#options.transport.listen([...partitions].sort((a, b) => a - b))
  }

  #receive(message: PeerMessage): void {
    const destination = destinationOf(message)
    for (const { replica } of this.#held) if (replica.partitions.includes(destination)) replica.receive(message)
  }

  // What a partition that becomes this worker's was waiting for is asked for, and submitted, at once.
  #noteLive(replica: Replica): void {
    const held = this.#heldOf(replica)
    if (held === undefined || held.viewed === replica.engine.view) return
    held.viewed = replica.engine.view
    const live = replica.engine.ownership.live
    const gained = live.filter((partition) => !held.live.has(partition))
    held.live = new Set(live)
    if (gained.length === 0) return
    replica.askAgain()
    this.#options.host.became(gained)
  }

  async #letGo(wanted: ReadonlySet<PartitionId>): Promise<void> {
    for (const held of Array.from(this.#held)) {
      if (held.replaces !== undefined && held.caughtUp && this.#held.has(held.replaces)) await this.#drop(held.replaces)
      const { replica } = held
      const { ownership, scanned, resolvedBatch } = replica.engine
      const needed = [...held.wanted].some((partition) => wanted.has(partition) && ownership.executes(partition))
      if (needed || held.successor || resolvedBatch < scanned.sequence) continue
      // Somebody has to follow the log, or nothing more is ever wanted.
      const followed = [...this.#held].some((other) => other !== held && other.caughtUp && !other.replica.stopped)
      if (followed) await this.#drop(held)
      else if (held.wanted.size > 0) await this.#turnToObserving(held)
    }
  }

  async #turnToObserving(held: Held): Promise<void> {
    const { engine } = held.replica
    const store = new MemoryStateStore()
    await store.advance(headChanges(engine.scanned, engine.view))
    await this.#observe(store)
    await this.#drop(held)
  }

  async #drop(held: Held): Promise<void> {
    this.#held.delete(held)
    await held.replica.stop()
    await held.shelved?.discard()
    this.#listen()
  }

  #announce(wanted: ReadonlySet<PartitionId>): void {
    const view = this.#view!
    const { name } = this.#options.replica.worker
    const targets = targetsOf(view)
    const warm = [...wanted].filter(
      (partition) => view.owners[partition] !== name && targets[partition] === name && this.#isWarm(partition),
    )
    const joining = memberOf(view, this.#options.replica.worker)?.phase === 'joining'
    const complete = [...wanted].every((partition) => this.#isWarm(partition))
    if (warm.length > 0 || (joining && complete)) this.#options.host.warm(warm.sort((a, b) => a - b))
  }

  #isWarm(partition: PartitionId): boolean {
    for (const { caughtUp, wanted, replica } of this.#held)
      if (caughtUp && wanted.has(partition) && replica.engine.ownership.executes(partition)) return true
    return false
  }

  #noteUnheld(replica: Replica, partitions: readonly PartitionId[]): void {
    const now = this.#options.clock.now()
    const held = this.#heldOf(replica)
    for (const partition of partitions) if (held?.unheld.has(partition) === false) held.unheld.set(partition, now)
  }

  #rebuildIfUnheld(held: Held): void {
    if (held.unheld.size === 0 || held.successor) return
    const due = this.#options.clock.now() - UNHELD_PATIENCE_MS * 1000
    const waitsFor = held.replica.engine.waitsFor()
    for (const partition of held.unheld.keys()) if (!waitsFor.has(partition)) held.unheld.delete(partition)
    const lacking = [...held.unheld].filter(([, since]) => since <= due).map(([partition]) => partition)
    if (lacking.length > 0) void this.#rebuild(held, lacking)
  }

  async #rebuild(held: Held, lacking: readonly PartitionId[]): Promise<void> {
    held.successor = true
    const executed = new Set(held.replica.engine.ownership.executed)
    const wanted = new Set([...held.wanted].filter((partition) => executed.has(partition)))
    const extra = new Set(this.#extrasOf(held, wanted, lacking))
    try {
      const { shelved } = await this.#options.state.prepare([...wanted, ...extra], true)
      await this.#add({ store: shelved.store, shelved, wanted, extra, replaces: held })
    } catch (error) {
      this.failed(held.replica, error instanceof Error ? error : new Error(String(error)))
    }
    return undefined
  }

  // The second time everything is taken, so that it ends there.
  #extrasOf(held: Held, wanted: ReadonlySet<PartitionId>, lacking: readonly PartitionId[]): PartitionId[] {
    const { partitions } = this.#options.replica.database
    const every = Array.from({ length: partitions }, (_, partition) => partition)
    const extras = held.extra.size > 0 ? every : lacking
    return extras.filter((partition) => !wanted.has(partition))
  }

  #armAlarm(): void {
    const { clock, askAgainMs } = this.#options
    this.#cancelAlarm = clock.alarm(clock.now() + askAgainMs * 1000, () => {
      if (this.#stopped) return
      for (const held of Array.from(this.#held)) this.#nudge(held)
      this.reconcile()
      this.#armAlarm()
    })
  }

  // Whoever has not moved since the last time asks its peers again.
  #nudge(held: Held): void {
    const { engine } = held.replica
    const stands = engine.resolved
    if (stands === held.stood && engine.resolvedBatch < engine.scanned.sequence) held.replica.askPeers()
    held.stood = stands
  }
}

// A replica this close behind the end of the log is as good as up to date: what is left is under way.
const LAG_BATCHES = 16

function isTrimmed(error: Error): boolean {
  return error instanceof StreamyError && error.code === 'LOG_TRIMMED'
}
