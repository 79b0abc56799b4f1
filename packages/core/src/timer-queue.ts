// TimerQueue: which actors have timers due when (DESIGN §11). The timers themselves are part of their actors' records;
// this is only the index over them, so an entry may be stale and whoever pops it looks at the actor.

import type { ActorRecord, Timer } from './actor-record.ts'
import { MinHeap } from './min-heap.ts'
import type { LogTime, PartitionId, Position } from './position.ts'
import { keyPrefixes, partitionPrefix, sortableNumber } from './state-format.ts'
import type { StateChange, StateStore } from './state-store.ts'
import { CELL_BYTES, CellBudget } from './cell-budget.ts'
import { StateTable } from './state-table.ts'
import type { ActorRef } from './transaction.ts'

interface DueActor {
  readonly due: LogTime
  readonly actorId: string
}

const present = new Uint8Array([1])
const noTimers: readonly Timer[] = []

/** The timers of a worker's partitions, by due time. */
export class TimerQueue {
  readonly #heap = new MinHeap<DueActor>((a, b) => a.due < b.due || (a.due === b.due && a.actorId < b.actorId))
  readonly #index: StateTable<true>
  readonly #partitionOf: (ref: ActorRef) => PartitionId

  constructor(
    store: StateStore,
    executed: readonly PartitionId[],
    sequential: boolean,
    partitionOf: (ref: ActorRef) => PartitionId,
  ) {
    this.#partitionOf = partitionOf
    this.#index = new StateTable<true>({
      store,
      sequential,
      storageKey: (key) => key,
      encode: () => present,
      decode: () => true,
      budget: new CellBudget(65_536 * CELL_BYTES),
    })
    for (const partition of executed) {
      const prefix = partitionPrefix(keyPrefixes.timer, partition)
      for (const { key } of store.scan(prefix)) this.#restore(key.slice(prefix.length))
    }
  }

  /** When the next timer is due; undefined when none is pending. May be too early, never too late. */
  get nextDue(): LogTime | undefined {
    return this.#heap.peek()?.due
  }

  /** The actors with timers due by `logTime`, each once, in a fixed order; they leave the queue. */
  popDue(logTime: LogTime): string[] {
    const actorIds = new Set<string>()
    for (let top = this.#heap.peek(); top !== undefined && top.due <= logTime; top = this.#heap.peek()) {
      this.#heap.pop()
      actorIds.add(top.actorId)
    }
    return [...actorIds].sort()
  }

  /** Queues an actor, again or for the first time. */
  push(due: LogTime, actorId: string): void {
    this.#heap.push({ due, actorId })
  }

  /** Keeps the stored index in step with a commit; answers the timers that are new. */
  changed(ref: ActorRef, before: ActorRecord | undefined, after: ActorRecord | undefined, position: Position): Timer[] {
    const was = before?.timers ?? noTimers
    const is = after?.timers ?? noTimers
    const prefix = partitionPrefix(keyPrefixes.timer, this.#partitionOf(ref))
    const key = (due: LogTime): string => `${prefix}${sortableNumber(due)}/${ref.id}`
    const dues = new Set(is.map((timer) => timer.due))
    for (const timer of was) if (!dues.has(timer.due)) this.#index.put(key(timer.due), undefined, position)
    const added = is.filter((timer) => !was.some((old) => sameTimer(old, timer)))
    for (const timer of added) this.#index.put(key(timer.due), true, position)
    return added
  }

  capture(position: Position): Iterable<StateChange>[] {
    return [this.#index.capture(position)]
  }

  flushed(): void {
    this.#index.flushed()
  }

  #restore(key: string): void {
    const slash = key.indexOf('/')
    this.push(Number.parseInt(key.slice(0, slash), 16), key.slice(slash + 1))
  }
}

/** Whether two timers of one actor are the same timer. */
export function sameTimer(a: Timer, b: Timer): boolean {
  return a.position === b.position && a.ordinal === b.ordinal
}
