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
  Sequence,
  StateStore,
  Transport,
  View,
} from '@streamy-db/core'
import { MemoryStateStore, StreamyError, destinationOf, memberOf } from '@streamy-db/core'
import { asError } from '../../as-error.ts'
import type { Clock } from '../../clock.ts'
import { HeldReplica } from './held-replica.ts'
import type { HeldReplicaPurpose } from './held-replica.ts'
import { Replica } from './replica.ts'
import type { ReplicaHost, ReplicaOptions } from './replica.ts'
import type { ReplicaState } from './replica-state.ts'
import { headChanges } from './replica-state.ts'
import { claimable, wantedBy } from './wanted-partitions.ts'

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
  /** Some partitions are this worker's from now on that were not. */
  became(): void
  /** Something failed that is tried again. */
  troubled(error: Error): void
  /** Nothing can go on. */
  failed(error: Error): void
}

/** What replicas are made of. */
export interface ReplicaSetOptions {
  readonly replica: Pick<
    ReplicaOptions,
    'program' | 'database' | 'worker' | 'firstView' | 'skip' | 'cacheBytesMax' | 'policy' | 'turns'
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

const nobody: ReadonlySet<PartitionId> = new Set()

/** The replicas of one worker; see the header. */
export class ReplicaSet implements ReplicaHost {
  readonly #options: ReplicaSetOptions
  readonly #held = new Map<Replica, HeldReplica>()
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
    return [...this.#held.keys()]
  }

  /** Starts with one replica that executes nothing. */
  async start(): Promise<void> {
    await this.#observe(await this.#options.state.observe())
    this.#armAlarm()
  }

  /** The replica that speaks for a partition of this worker; one that has caught up, if there are two. */
  serving(partition: PartitionId): Replica | undefined {
    let found: HeldReplica | undefined
    for (const held of this.#held.values()) {
      if (held.replica.stopped || !held.replica.engine.ownership.isOwner(partition)) continue
      if (found === undefined || (held.caughtUp && !found.caughtUp)) found = held
    }
    return found?.replica
  }

  /** Whether a replica has caught up with what was in the log when it started. */
  hasCaughtUp(replica: Replica): boolean {
    return this.#held.get(replica)?.caughtUp === true
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
      .catch((error: unknown) => this.#trouble(error))
      .finally(() => {
        this.#reconciling = undefined
        // Whoever asked between its last look and now was not heard by it.
        if (this.#again) this.reconcile()
      })
  }

  /** Stops all replicas. With `keep` their stores are brought up to date and stay for the next start. */
  async stop(keep: boolean): Promise<void> {
    this.#stopped = true
    this.#cancelAlarm()
    for (const resolve of [...this.#scanWaiters.splice(0), ...this.#viewWaiters.splice(0)]) resolve()
    await this.#reconciling
    for (const { replica, purpose, hasSuccessor } of this.#held.values()) {
      await replica.stop()
      const kept = keep && !hasSuccessor
      if (kept) await replica.flush().catch(() => {})
      await (kept ? purpose.shelved?.close() : purpose.shelved?.discard())
    }
    this.#held.clear()
    await this.#options.state.close()
  }

  perform(replica: Replica, effects: Effects): void {
    for (const message of effects.messages) this.#options.transport.send(message)
    if (effects.unheld.length > 0) this.#held.get(replica)?.noteUnheld(effects.unheld, this.#options.clock.now())
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
    if (this.#held.get(replica)?.noteLive() === true) this.#options.host.became()
    this.#options.host.executed(replica, bytes)
  }

  failed(replica: Replica, error: Error): void {
    if (this.#stopped) return
    const held = this.#held.get(replica)
    if (held === undefined || !isTrimmed(error)) return this.#options.host.failed(error)
    // The log went on without it: it begins again at a checkpoint.
    const { wanted } = held.purpose
    this.#drop(held)
      .then(async () =>
        wanted.size === 0 ? await this.#observe(await this.#options.state.observe()) : this.reconcile(),
      )
      .catch((reason: unknown) => this.#trouble(reason))
    return undefined
  }

  async #reconcile(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      const wanted = this.#view === undefined ? undefined : wantedBy(this.#view, this.#options.replica.worker)
      if (wanted === undefined) continue
      const missing = [...wanted].filter((partition) => !this.#some((held) => held.covers(partition)))
      if (missing.length > 0) {
        await this.#startFor(missing)
        this.#again = true
      }
      for (const held of Array.from(this.#held.values())) if (isNeeded(held, wanted)) this.#rebuildIfLacking(held)
      await this.#letGo(wanted)
      this.#announce(wanted)
    }
  }

  #some(condition: (held: HeldReplica) => boolean): boolean {
    for (const held of this.#held.values()) if (condition(held)) return true
    return false
  }

  // Servers that do not answer now may do so later: the next look tries again.
  #trouble(error: unknown): void {
    if (error instanceof StreamyError && error.kind === 'retry') this.#options.host.troubled(error)
    else this.#options.host.failed(asError(error))
  }

  // What nobody serves is urgent. What another worker serves until this one is ready is begun at a checkpoint of after the
  // view that said so: from there on everything that its next owner needs is sent to it. A state of its own from before
  // is of less use, since its servers have kept nothing of what they said among themselves.
  async #startFor(missing: readonly PartitionId[]): Promise<void> {
    const { owners } = this.#view!
    const { name } = this.#options.replica.worker
    const unserved = missing.filter((partition) => owners[partition] === undefined || owners[partition] === name)
    const checkpoint = unserved.length > 0 ? 'any' : await this.#freshCheckpoint()
    if (checkpoint === 'pointless') return
    const { shelved, partitions } = await this.#options.state.prepare(
      unserved.length > 0 ? unserved : missing,
      checkpoint === 'fresh',
    )
    await this.#add(shelved.store, { shelved, wanted: new Set(partitions), extra: nobody, replaces: undefined })
  }

  // There may be none in time; and it is pointless when the view changes meanwhile.
  async #freshCheckpoint(): Promise<'fresh' | 'any' | 'pointless'> {
    const changed = new Promise<'pointless'>((resolve) => this.#viewWaiters.push(() => resolve('pointless')))
    const complete = this.#options.host.freshCheckpoint(this.#viewBatch)
    return await Promise.race([changed, complete.then((isFresh) => (isFresh ? 'fresh' : 'any'))])
  }

  #observe(store: StateStore): Promise<void> {
    return this.#add(store, { shelved: undefined, wanted: nobody, extra: nobody, replaces: undefined })
  }

  async #add(store: StateStore, purpose: HeldReplicaPurpose): Promise<void> {
    const { log, replica: common } = this.#options
    const catchUpTo = await log.tail()
    if (this.#stopped) return purpose.shelved?.discard()
    const { wanted, extra, replaces } = purpose
    const partitions = [...new Set([...wanted, ...extra])].sort((a, b) => a - b)
    const replica = new Replica({ ...common, log, partitions, extra, store, catchUpTo, host: this })
    const held = new HeldReplica(replica, purpose)
    if (replaces !== undefined) replaces.hasSuccessor = true
    this.#held.set(replica, held)
    this.#listen()
    if (held.noteLive()) this.#options.host.became()
    replica.start()
    void this.#catchUp(held)
    return undefined
  }

  async #catchUp(held: HeldReplica): Promise<void> {
    try {
      while (!held.caughtUp && !held.replica.stopped) await this.#tryCatchUp(held)
    } catch (error) {
      this.failed(held.replica, asError(error))
    }
  }

  async #tryCatchUp(held: HeldReplica): Promise<void> {
    const { log, clock } = this.#options
    try {
      if (await held.catchUp(log, clock)) this.reconcile()
    } catch (error) {
      if (!(error instanceof StreamyError) || error.kind !== 'retry') throw error
      this.#options.host.troubled(error)
      await new Promise<void>((resolve) => clock.alarm(clock.now() + RETRY_US, resolve))
    }
  }

  #listen(): void {
    const partitions = new Set(this.replicas.flatMap((replica) => replica.partitions))
    this.#options.transport.listen([...partitions].sort((a, b) => a - b))
  }

  #receive(message: PeerMessage): void {
    const destination = destinationOf(message)
    for (const replica of this.#held.keys()) if (replica.partitions.includes(destination)) replica.receive(message)
  }

  async #letGo(wanted: ReadonlySet<PartitionId>): Promise<void> {
    for (const held of Array.from(this.#held.values())) {
      if (held.caughtUp) await this.#dropReplaced(held)
      const { scanned, resolvedBatch } = held.replica.engine
      if (isNeeded(held, wanted) || held.hasSuccessor) continue
      // What others wait for is sent first, unless it waits itself for what is not to be had.
      if (resolvedBatch < scanned.sequence && held.lacking(this.#options.clock.now()).length === 0) continue
      // Somebody has to follow the log, or nothing more is ever wanted.
      if (this.#some((other) => other !== held && other.caughtUp && !other.replica.stopped)) await this.#drop(held)
      else if (held.purpose.wanted.size > 0) await this.#turnToObserving(held)
    }
  }

  // With those that it has replaced in their turn: a later successor may be the first to catch up.
  async #dropReplaced(held: HeldReplica): Promise<void> {
    for (let replaced = held.purpose.replaces; replaced !== undefined; replaced = replaced.purpose.replaces)
      if (this.#held.has(replaced.replica)) await this.#drop(replaced)
  }

  async #turnToObserving(held: HeldReplica): Promise<void> {
    const { engine } = held.replica
    const store = new MemoryStateStore()
    await store.advance(headChanges(engine.scanned, engine.view))
    await this.#observe(store)
    await this.#drop(held)
  }

  async #drop({ replica, purpose }: HeldReplica): Promise<void> {
    this.#held.delete(replica)
    // One that goes before it has caught up, as when the log was trimmed past it, leaves its place to be taken anew.
    const { replaces } = purpose
    if (replaces !== undefined && this.#held.has(replaces.replica)) replaces.hasSuccessor = false
    await replica.stop()
    await purpose.shelved?.discard()
    this.#listen()
  }

  #announce(wanted: ReadonlySet<PartitionId>): void {
    const view = this.#view!
    const { worker } = this.#options.replica
    const warm = [...wanted].filter((partition) => this.#some((held) => held.isWarm(partition)))
    const claimed = claimable(view, worker.name, warm)
    const joining = memberOf(view, worker)?.phase === 'joining'
    if (claimed.length > 0 || (joining && warm.length === wanted.size)) this.#options.host.warm(claimed)
  }

  #rebuildIfLacking(held: HeldReplica): void {
    if (held.hasSuccessor) return
    const lacking = held.lacking(this.#options.clock.now())
    if (lacking.length === 0) return
    held.hasSuccessor = true
    this.#rebuild(held, lacking).catch((error: unknown) => {
      held.hasSuccessor = false
      this.#trouble(error)
    })
  }

  async #rebuild(held: HeldReplica, lacking: readonly PartitionId[]): Promise<void> {
    const wanted = new Set([...held.purpose.wanted].filter((partition) => held.covers(partition)))
    const extra = new Set(this.#extrasOf(held, lacking).filter((partition) => !wanted.has(partition)))
    const { shelved } = await this.#options.state.prepare([...wanted, ...extra], true)
    const { outdone, replaces } = replacedWith(held)
    await this.#add(shelved.store, { shelved, wanted, extra, replaces })
    for (const each of outdone) if (this.#held.has(each.replica)) await this.#drop(each)
    if (replaces !== undefined) replaces.hasSuccessor = true
  }

  // The second time everything is taken, so that it ends there.
  #extrasOf(held: HeldReplica, lacking: readonly PartitionId[]): readonly PartitionId[] {
    if (held.purpose.extra.size === 0) return lacking
    return Array.from({ length: this.#options.replica.database.partitions }, (_, partition) => partition)
  }

  #armAlarm(): void {
    const { clock, askAgainMs } = this.#options
    this.#cancelAlarm = clock.alarm(clock.now() + askAgainMs * 1000, () => {
      if (this.#stopped) return
      for (const held of this.#held.values()) held.nudge()
      this.reconcile()
      this.#armAlarm()
    })
  }
}

// How long to wait for servers that do not answer.
const RETRY_US = 500_000

function isNeeded(held: HeldReplica, wanted: ReadonlySet<PartitionId>): boolean {
  for (const partition of wanted) if (held.covers(partition)) return true
  return false
}

// Those that wait in vain and have never caught up are outdone by the one that executes more: what they would still execute
// only keeps it from catching up. The one before them, which has, is kept until it does.
function replacedWith(held: HeldReplica): { outdone: readonly HeldReplica[]; replaces: HeldReplica | undefined } {
  const outdone: HeldReplica[] = []
  let replaces: HeldReplica | undefined = held
  for (; replaces !== undefined && !replaces.caughtUp; replaces = replaces.purpose.replaces) outdone.push(replaces)
  return { outdone, replaces }
}

function isTrimmed(error: Error): boolean {
  return error instanceof StreamyError && error.code === 'LOG_TRIMMED'
}
