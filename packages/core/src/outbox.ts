// Outbox: tells that committed and are on their way into the log (DESIGN §11). A tell leaves it when its source reads
// the tell's own entry in the log; until then whoever owns the source appends it, and repeats are harmless.

import { limits } from './limits.ts'
import { MinHeap } from './min-heap.ts'
import type { PartitionId, Position } from './position.ts'
import { decodeOutboxRecord, encodeOutboxRecord, keyPrefixes, partitionPrefix, sortableNumber } from './state-format.ts'
import type { OutboxRecord } from './state-format.ts'
import type { StateChange, StateStore } from './state-store.ts'
import { CellBudget } from './cell-budget.ts'
import { StateTable } from './state-table.ts'
import type { Request, Transaction } from './transaction.ts'

/** The outboxes of a worker's partitions. */
export class Outbox {
  readonly #records: StateTable<OutboxRecord>
  // Not yet handed out, in order of their commit; and handed out, not yet read back.
  readonly #waiting = new Map<string, Transaction>()
  readonly #appending = new Map<string, Transaction>()
  readonly #positions = new Map<PartitionId, MinHeap<{ readonly position: Position; readonly key: string }>>()

  constructor(store: StateStore, executed: readonly PartitionId[], sequential: boolean) {
    this.#records = new StateTable<OutboxRecord>({
      store,
      sequential,
      storageKey: (key) => key,
      encode: (_, value) => encodeOutboxRecord(value),
      decode: (_, bytes) => decodeOutboxRecord(bytes),
      budget: new CellBudget(Infinity),
    })
    for (const partition of executed)
      for (const { key, value } of store.scan(partitionPrefix(keyPrefixes.outbox, partition)))
        this.#remember(key, decodeOutboxRecord(value).next)
  }

  /** Adds a committed tell, unless its own entry was read before its sender committed, as happens in a replay. */
  add(tell: Transaction, position: Position): void {
    const key = outboxKey(tell.source!, tell.request!)
    this.#records.put(key, { next: tell }, position)
    if (this.#records.get(key) !== undefined) this.#remember(key, tell)
  }

  /** Takes out the tell whose entry was read at `position`, also where its sender has yet to commit it. */
  remove(source: PartitionId, request: Request, position: Position): void {
    const key = outboxKey(source, request)
    this.#waiting.delete(key)
    this.#appending.delete(key)
    this.#records.put(key, undefined, position)
  }

  /**
   * Hands out tells to append, as many as may be in flight, of the sources that are the worker's own. `resolved` is the
   * position up to which all is resolved.
   */
  take(resolved: Position, isOwner: (source: PartitionId) => boolean): Transaction[] {
    const taken: Transaction[] = []
    for (const [key, tell] of this.#waiting) {
      if (this.#appending.size >= limits.tellsInFlightMax) break
      if (!isOwner(tell.source!)) continue
      this.#waiting.delete(key)
      this.#appending.set(key, tell)
      taken.push(this.#withAnsweredBelow(tell, resolved))
    }
    return taken
  }

  /** Makes everything that was handed out and not read back be handed out again. */
  takeAgain(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const [key, tell] of [...this.#appending, ...waiting]) this.#waiting.set(key, tell)
    this.#appending.clear()
  }

  capture(position: Position): Iterable<StateChange>[] {
    return [this.#records.capture(position)]
  }

  flushed(): void {
    this.#records.flushed()
  }

  /** Changes not yet stored, encoded; for hashing. */
  *unflushed(): Iterable<StateChange> {
    for (const { key, value } of this.#records.unflushed())
      yield { key, value: value === undefined ? undefined : encodeOutboxRecord(value) }
  }

  #remember(key: string, tell: Transaction): void {
    const source = tell.source!
    this.#waiting.set(key, tell)
    let heap = this.#positions.get(source)
    if (heap === undefined) this.#positions.set(source, (heap = new MinHeap((a, b) => a.position < b.position)))
    heap.push({ position: tell.request!.sequence, key })
  }

  // The target may forget what lies below: nothing there is unresolved here, or still in this outbox.
  #withAnsweredBelow(tell: Transaction, resolved: Position): Transaction {
    const heap = this.#positions.get(tell.source!)!
    while (heap.size > 0 && this.#records.get(heap.peek()!.key) === undefined) heap.pop()
    const answeredBelow = Math.min(resolved + 1, heap.peek()?.position ?? Infinity)
    return { ...tell, request: { ...tell.request!, answeredBelow } }
  }
}

function outboxKey(source: PartitionId, request: Request): string {
  return `${partitionPrefix(keyPrefixes.outbox, source)}${sortableNumber(request.sequence)}/${request.suffix}`
}
