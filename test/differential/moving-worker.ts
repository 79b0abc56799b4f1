// MovingWorker: what a real worker does about membership, in miniature. It joins, starts replicas for what is or will be
// its own, says when it is ready for it, builds a replica again that waits for what nobody holds, and lets go of what is
// not wanted any more. It only ever compares the view that it knows with what it has, so it does not matter what came first.

import {
  destinationOf,
  memberOf,
  ownedBy,
  targetsOf,
  type Effects,
  type EngineOptions,
  type LogEntry,
  type Member,
  type MembershipChange,
  type PartitionId,
  type PeerMessage,
  type Sequence,
  type View,
  type WorkerIdentity,
} from '@streamy-db/core'
import type { Checkpoints } from './checkpoints.ts'
import type { MovingLog } from './moving-log.ts'
import type { EngineMaker } from './node.ts'
import { Replica, type Disk } from './replica.ts'

/** What a worker works with. */
export interface MovingWorkerOptions {
  readonly name: string
  readonly log: MovingLog
  readonly checkpoints: Checkpoints
  readonly make: EngineMaker
  readonly engine: Omit<EngineOptions, 'store' | 'owned' | 'worker' | 'extra'>
  /** Tries to append an entry about itself; the place where it landed, if it did. */
  readonly change: (change: MembershipChange) => Sequence | undefined
  readonly perform: (worker: MovingWorker, effects: Effects) => void
  readonly note: (event: string) => void
}

const fingerprint = 'code'
// How often a replica is looked at before it gives up on messages that somebody does not hold.
const patience = 2

/** One worker through all its starts. */
export class MovingWorker {
  readonly name: string
  readonly #options: MovingWorkerOptions
  #identity: WorkerIdentity
  #starts = 0
  #running = false
  #leaving = false
  #replicas: Replica[] = []
  #disks: Disk[] = []
  // How far it has read the log for changes of the view.
  #seen: Sequence = 0
  #joinedAt: Sequence | undefined = undefined
  #readyAt: Sequence = 0

  constructor(options: MovingWorkerOptions) {
    this.name = options.name
    this.#options = options
    this.#identity = { name: options.name, incarnation: '0' }
  }

  get identity(): WorkerIdentity {
    return this.#identity
  }

  get running(): boolean {
    return this.#running
  }

  get replicas(): readonly Replica[] {
    return this.#replicas
  }

  /** Begins anew, as another incarnation. */
  start(): void {
    this.#starts += 1
    this.#identity = { name: this.name, incarnation: `${this.#starts}` }
    this.#running = true
    this.#leaving = false
    this.#joinedAt = undefined
    this.#readyAt = 0
    this.#options.note(`${this.name} starts for the time ${this.#starts}`)
  }

  /** Loses its memory, and its disk too unless it keeps that. */
  crash(keepsDisk: boolean): void {
    if (this.#running) this.#disks = this.#replicas.map((replica) => replica.disk())
    if (!keepsDisk) this.#disks = []
    this.#running = false
    this.#replicas = []
    this.#options.note(`${this.name} crashes ${keepsDisk ? 'and keeps' : 'without'} its disk`)
  }

  /** Asks to be relieved. */
  leave(): void {
    if (!this.#running || this.#leaving || memberOf(this.view, this.#identity) === undefined) return
    this.#leaving = this.#options.change({ kind: 'leave', ...this.#identity }) !== undefined
  }

  /** The newest view it knows of. */
  get view(): View {
    return this.#options.log.viewBehind(this.#seen)
  }

  /** Reads the log to its end for changes of the view. */
  look(): void {
    this.#seen = this.#options.log.tail
  }

  /** The replica that speaks for a partition. */
  serving(partition: PartitionId): Replica | undefined {
    const owners = this.#replicas.filter(({ engine }) => engine.ownership.isOwner(partition))
    return owners.toSorted((a, b) => b.engine.scanned.sequence - a.engine.scanned.sequence)[0]
  }

  deliver(replica: Replica, entry: LogEntry, decoded: Parameters<Replica['deliver']>[1]): void {
    this.#seen = Math.max(this.#seen, entry.sequence)
    replica.deliver(entry, decoded)
  }

  receive(message: PeerMessage): void {
    for (const replica of this.#replicas)
      if (replica.partitions.includes(destinationOf(message))) replica.receive(message)
  }

  /** Does what the view asks of it. */
  async tend(): Promise<void> {
    if (!this.#running) return
    const member = memberOf(this.view, this.#identity)
    if (member === undefined) return this.#outside()
    this.#dropReplaced()
    this.#dropTrimmed()
    const wanted = this.#wanted(member)
    const missing = wanted.filter((partition) => !this.#covers(partition))
    if (missing.length > 0) await this.#startFor(missing)
    this.#letGo(wanted)
    for (const replica of this.#replicas) await this.#rebuildIfUnheld(replica)
    this.#announce(member)
    return undefined
  }

  // Not in the view: it has yet to join, or it was evicted, or it has handed over everything.
  #outside(): void {
    if (this.#joinedAt !== undefined && this.#seen >= this.#joinedAt) {
      if (this.#leaving) this.crash(true)
      else this.#startAgain()
    } else if (this.#joinedAt === undefined)
      this.#joinedAt = this.#options.change({ kind: 'join', ...this.#identity, fingerprint })
  }

  #startAgain(): void {
    this.crash(true)
    this.start()
  }

  #wanted(member: Member): PartitionId[] {
    const { view, name } = this
    const targets = targetsOf(view)
    const owned = ownedBy(view, name)
    if (member.phase === 'leaving') return owned
    return targets.flatMap((target, partition) => (target === name || owned.includes(partition) ? [partition] : []))
  }

  #covers(partition: PartitionId): boolean {
    return this.#replicas.some(
      ({ engine, partitions, extra }) =>
        partitions.includes(partition) && !extra.has(partition) && engine.ownership.executes(partition),
    )
  }

  async #startFor(missing: readonly PartitionId[]): Promise<void> {
    const found = this.#takeDisk(missing)
    const disk = found ?? { store: await this.#options.checkpoints.store(missing), partitions: missing }
    this.#options.note(`${this.name} starts a replica of ${disk.partitions.join()}${found ? ' from its disk' : ''}`)
    this.#add(disk, new Set())
  }

  // A store of an earlier start that the log still reaches.
  #takeDisk(missing: readonly PartitionId[]): Disk | undefined {
    for (const disk of this.#disks) {
      const partitions = disk.partitions.filter((partition) => missing.includes(partition))
      if (partitions.length === 0) continue
      this.#disks.splice(this.#disks.indexOf(disk), 1)
      return { store: disk.store, partitions }
    }
    return undefined
  }

  #add(disk: Disk, extra: ReadonlySet<PartitionId>, replaces?: Replica): void {
    const { engine, make, perform, log, checkpoints } = this.#options
    const host = {
      perform: (_: Replica, effects: Effects): void => perform(this, effects),
      checkpointed: (replica: Replica, sequence: Sequence): void => {
        for (const partition of replica.partitions)
          if (replica.engine.ownership.executesAt(partition, sequence))
            checkpoints.report(sequence, partition, replica.store)
      },
    }
    const options = { ...engine, worker: this.#identity, extra, catchUpTo: this.#seen }
    const replica = new Replica(make, options, disk, host, replaces)
    if (replica.engine.next < log.first) return this.#options.note(`${this.name} finds the log trimmed`)
    this.#replicas.push(replica)
  }

  #dropReplaced(): void {
    for (const { replaces: old, engine } of this.#replicas)
      if (old !== undefined && engine.scanned.sequence >= old.engine.scanned.sequence)
        if (engine.resolved >= old.engine.resolved) this.#drop(old)
  }

  #dropTrimmed(): void {
    for (const replica of this.#replicas) if (replica.engine.next < this.#options.log.first) this.#drop(replica)
  }

  // Whoever took its place takes the place of the one before it too; with nobody there, that one goes on by itself.
  #drop(replica: Replica): void {
    this.#replicas = this.#replicas.filter((other) => other !== replica)
    const successor = this.#replicas.find((other) => other.replaces === replica)
    if (successor !== undefined) successor.replaces = replica.replaces
    else if (replica.replaces !== undefined) replica.replaces.replaced = false
  }

  async #rebuildIfUnheld(replica: Replica): Promise<void> {
    const waitsFor = replica.engine.waitsFor()
    const lacking: PartitionId[] = []
    for (const [partition, times] of replica.unheld) {
      if (!waitsFor.has(partition)) replica.unheld.delete(partition)
      else if (times >= patience) lacking.push(partition)
      else replica.unheld.set(partition, times + 1)
    }
    if (lacking.length === 0 || replica.replaced) return
    const wanted = replica.partitions.filter(
      (partition) => !replica.extra.has(partition) && replica.engine.ownership.executes(partition),
    )
    const extra = new Set([...replica.extra, ...lacking].filter((partition) => !wanted.includes(partition)))
    const partitions = [...wanted, ...extra].sort((a, b) => a - b)
    this.#options.note(`${this.name} builds its replica of ${wanted.join()} again with ${[...extra].join()}`)
    this.#add({ store: await this.#options.checkpoints.store(partitions), partitions }, extra, replica)
  }

  // What is left to do may be somebody's for whom it alone does it, but for what it cannot do.
  #letGo(wanted: readonly PartitionId[]): void {
    for (const replica of this.#replicas) {
      const { engine, extra, replaced, unheld } = replica
      const needed = wanted.some((partition) => !extra.has(partition) && engine.ownership.executes(partition))
      if (needed || (engine.resolvedBatch < engine.scanned.sequence && !replaced && unheld.size === 0)) continue
      this.#options.note(`${this.name} lets go of a replica of ${replica.partitions.join()}`)
      this.#drop(replica)
    }
  }

  #announce(member: Member): void {
    if (member.phase === 'leaving' || this.#readyAt > this.#seen) return
    const { view, name } = this
    const mine = targetsOf(view).flatMap((target, partition) => (target === name ? [partition] : []))
    const warm = mine.filter((partition) => view.owners[partition] !== name && this.#isWarm(partition))
    const complete = member.phase === 'joining' && mine.every((partition) => this.#isWarm(partition))
    if (warm.length === 0 && !complete) return
    this.#readyAt = this.#options.change({ kind: 'ready', ...this.#identity, partitions: warm }) ?? 0
  }

  #isWarm(partition: PartitionId): boolean {
    return this.#replicas.some(
      ({ engine, extra }) =>
        !extra.has(partition) && engine.ownership.executes(partition) && engine.resolvedBatch >= this.#seen - 2,
    )
  }
}
