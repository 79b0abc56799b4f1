// HeldReplica: a replica with what its worker knows of it: what it is for, whether it has caught up, what it lacks.

import type { Log, PartitionId, Position, View } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import { untilCaughtUp } from './catch-up.ts'
import type { Replica } from './replica.ts'
import type { ShelvedStore } from './state-shelf.ts'

/** What a replica is held for. */
export interface HeldReplicaPurpose {
  /** Where its state is; undefined for one that only observes. */
  readonly shelved: ShelvedStore | undefined
  /** The partitions it is for. */
  readonly wanted: ReadonlySet<PartitionId>
  /** Those it executes because the others need what they send. */
  readonly extra: ReadonlySet<PartitionId>
  /** The replica whose place it takes once it has caught up. */
  readonly replaces: HeldReplica | undefined
}

// Answers of others, who may hold what one does not, have this long.
const UNHELD_PATIENCE_US = 300_000

/** One replica of a worker. */
export class HeldReplica {
  readonly replica: Replica
  readonly purpose: HeldReplicaPurpose
  /** Another one takes its place as soon as that has caught up. */
  hasSuccessor = false
  #caughtUp = false
  #live: ReadonlySet<PartitionId> = new Set()
  #viewed: View | undefined
  #stood: Position = 0
  /** Since when a partition is said to be held by nobody. */
  readonly #unheld = new Map<PartitionId, number>()

  constructor(replica: Replica, purpose: HeldReplicaPurpose) {
    this.replica = replica
    this.purpose = purpose
  }

  /** Whether it has resolved what was in the log a moment ago. */
  get caughtUp(): boolean {
    return this.#caughtUp
  }

  /** Whether it is for a partition and still executes it. */
  covers(partition: PartitionId): boolean {
    return this.purpose.wanted.has(partition) && this.replica.engine.ownership.executes(partition)
  }

  /** Whether what it executes for a partition is up to date. */
  isWarm(partition: PartitionId): boolean {
    return this.#caughtUp && this.covers(partition)
  }

  /** Resolves when it has caught up, with true, or has stopped before. */
  async catchUp(log: Log, clock: Clock): Promise<boolean> {
    if (!(await untilCaughtUp(this.replica, log, clock))) return false
    const { engine } = this.replica
    this.#caughtUp = true
    engine.asksAtOnce = false
    if (engine.ownership.live.length > 0) this.replica.askAgain()
    return true
  }

  /**
   * Looks at its newest view. What partitions that have become this worker's wait for is asked for, and submitted, at once;
   * says whether there are any.
   */
  noteLive(): boolean {
    const { engine } = this.replica
    if (this.#viewed === engine.view) return false
    this.#viewed = engine.view
    const { live } = engine.ownership
    const gained = live.some((partition) => !this.#live.has(partition))
    this.#live = new Set(live)
    if (gained) this.replica.askAgain()
    return gained
  }

  /** Somebody says that nothing of what it waits for from these partitions is held. */
  noteUnheld(partitions: readonly PartitionId[], now: number): void {
    for (const partition of partitions) if (!this.#unheld.has(partition)) this.#unheld.set(partition, now)
  }

  /** The partitions whose messages it waits for in vain. */
  lacking(now: number): PartitionId[] {
    if (this.#unheld.size === 0) return []
    const waitsFor = this.replica.engine.waitsFor()
    for (const partition of this.#unheld.keys()) if (!waitsFor.has(partition)) this.#unheld.delete(partition)
    return [...this.#unheld].filter(([, since]) => now - since >= UNHELD_PATIENCE_US).map(([partition]) => partition)
  }

  /** If it has not moved since the last time, asks its peers again, and looks whether the log is still the same. */
  nudge(): void {
    const { engine } = this.replica
    const stands = engine.resolved
    if (stands === this.#stood && engine.resolvedBatch < engine.scanned.sequence) {
      this.replica.askPeers()
      this.replica.checkLog()
    }
    this.#stood = stands
  }
}
