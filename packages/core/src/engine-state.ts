// EngineState: all replicated state of a worker's partitions, as tables over one state store, and how far it has come.
// It knows nothing of transactions in flight; the engine tells it up to where everything has resolved.

import { crc32 } from 'node:zlib'
import type { ActorRecord, Timer } from './actor-record.ts'
import { ActorTable } from './actor-table.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { StreamyError, assert } from './errors.ts'
import { partitionOf } from './footprint.ts'
import { KeptMessages } from './kept-messages.ts'
import type { CommitSink } from './commit.ts'
import type { LogEntry } from './log.ts'
import { decodeView, encodeView, firstView } from './membership.ts'
import type { View } from './membership.ts'
import { Outbox } from './outbox.ts'
import { endOfBatch, sequenceOf } from './position.ts'
import type { LogTime, PartitionId, Position, Sequence } from './position.ts'
import type { Program } from './program.ts'
import { Sessions } from './sessions.ts'
import { StateSnapshots } from './state-snapshots.ts'
import {
  StateHash,
  decodeHeld,
  decodeProgress,
  encodeHeld,
  encodeProgress,
  heldKey,
  keyPrefixes,
  partitionPrefix,
  progressKey,
  viewKey,
} from './state-format.ts'
import type { Progress } from './state-format.ts'
import type { StateChange, StateStore } from './state-store.ts'
import { TimerQueue } from './timer-queue.ts'
import type { ActorRef } from './transaction.ts'

/** Where the state lives and what it is of. */
export interface EngineStateOptions {
  readonly program: Program
  readonly store: StateStore
  /** Number of partitions of the database. */
  readonly partitions: number
  /** The partitions it is of at first. */
  readonly executed: readonly PartitionId[]
  /** Whether nothing overlaps and only the newest value is ever read: older ones need not be kept. */
  readonly sequential: boolean
  /** The view before the first batch of the log. */
  readonly firstView?: View
  /** The partitions of which the state as of a batch is held, where that changes: those that were left are not. */
  readonly heldAt?: (sequence: Sequence) => readonly PartitionId[]
  /** Bytes of clean actors kept in memory. */
  readonly cacheBytesMax: number
}

/** The changes that bring a store from one batch to a later one. */
export interface StateCapture {
  readonly progress: Progress
  /** To be given to `StateStore.advance`, once. Encodes as it goes. */
  changes(): Iterable<StateChange>
}

const beginning: Progress = { sequence: 0, logTime: 0, logHash: 0 }

// A batch that was scanned, with the view in force behind it.
interface Scanned extends Progress {
  readonly view: View
}

/** Replicated state; see the header. */
export class EngineState {
  readonly actors: ActorTable
  readonly sessions: Sessions
  readonly outbox: Outbox
  readonly timers: TimerQueue
  readonly messages: KeptMessages
  readonly snapshots: StateSnapshots
  /** Told of every write, if anybody wants to know. */
  onCommit: CommitSink | undefined = undefined
  readonly #options: EngineStateOptions
  /** Of the batches scanned and not yet captured, ascending, behind the last captured one. */
  #progress: Scanned[]
  // The view that the store holds.
  #storedView: View | undefined
  // The partitions that it says it holds.
  #storedHeld: string | undefined

  constructor(options: EngineStateOptions) {
    this.#options = options
    const { store, partitions, executed, sequential } = options
    this.actors = new ActorTable({ ...options, partitionOf: (ref) => this.partitionOf(ref) })
    this.sessions = new Sessions(store, executed, sequential)
    this.outbox = new Outbox(store, executed, sequential)
    this.timers = new TimerQueue(store, executed, sequential, (ref) => this.partitionOf(ref))
    this.messages = new KeptMessages(store, executed, sequential)
    this.snapshots = new StateSnapshots((ref) => this.actors.get(ref))
    const stored = store.get(progressKey)
    const storedView = store.get(viewKey)
    const storedHeld = store.get(heldKey)
    this.#storedHeld = storedHeld === undefined ? undefined : decodeHeld(storedHeld).join()
    this.#storedView = storedView === undefined ? undefined : decodeView(new ByteReader(storedView))
    const view = this.#storedView ?? options.firstView ?? firstView(partitions, '')
    this.#progress = [{ ...(stored === undefined ? beginning : decodeProgress(stored)), view }]
  }

  /** The last batch that was scanned. */
  get scanned(): Progress {
    return this.#progress.at(-1)!
  }

  /** The workers and owners as of the last batch that was scanned. */
  get view(): View {
    return this.#progress.at(-1)!.view
  }

  /** The batch the store holds, or will hold when the flush under way is done. */
  get captured(): Progress {
    return this.#progress[0]!
  }

  partitionOf(ref: ActorRef): PartitionId {
    return partitionOf(ref, this.#options.partitions)
  }

  /** Begins the next batch of the log, with the view behind it. Throws LOG_DIVERGED unless it follows the last (L6). */
  begin(entry: LogEntry, view: View = this.view): Progress {
    const last = this.scanned
    if (entry.sequence !== last.sequence + 1) throw gap(last.sequence, entry.sequence)
    const progress: Scanned = {
      sequence: entry.sequence,
      logTime: Math.max(entry.appendTime, last.logTime + 1),
      logHash: crc32(entry.bytes),
      view,
    }
    this.#progress.push(progress)
    return progress
  }

  /** The first scanned batch after `sequence` whose log time has reached `due`. */
  batchReaching(due: LogTime, sequence: Sequence): Sequence | undefined {
    const first = Math.max(0, sequence + 1 - this.captured.sequence)
    for (let index = first; index < this.#progress.length; index++)
      if (this.#progress[index]!.logTime >= due) return this.#progress[index]!.sequence
    return undefined
  }

  /** A batch that was scanned and not yet captured. */
  batch(sequence: Sequence): Progress {
    const progress = this.#progress[sequence - this.captured.sequence]
    assert(progress?.sequence === sequence, `batch ${sequence} is among those in memory`)
    return progress
  }

  /** Puts an actor's new record; answers the timers that it brings. */
  commitActor(ref: ActorRef, record: ActorRecord | undefined, position: Position): readonly Timer[] {
    const before = this.actors.put(ref, record, position)
    if (this.snapshots.count > 0) this.snapshots.keep(ref, before)
    if (this.onCommit !== undefined) {
      const { logTime } = this.batch(sequenceOf(position))
      this.onCommit({ position, logTime, ref, before, after: record })
    }
    return before?.timers === record?.timers ? none : this.timers.changed(ref, before, record, position)
  }

  /** Forgets what a partition would do by itself: from here on another engine does it. */
  leave(partition: PartitionId): void {
    this.sessions.leave(partition)
  }

  /** The state as of the end of batch `sequence`, at which everything must have resolved. One at a time. */
  capture(sequence: Sequence): StateCapture | undefined {
    const index = sequence - this.captured.sequence
    if (index <= 0) return undefined
    const progress = this.#progress[index]!
    this.#progress = this.#progress.slice(index)
    const position = endOfBatch(sequence)
    const tables = [this.actors, this.sessions, this.outbox, this.timers, this.messages].flatMap((table) =>
      table.capture(position),
    )
    const last: StateChange[] = [{ key: progressKey, value: encodeProgress(progress) }]
    if (progress.view !== this.#storedView && progress.view.number > 0)
      last.push({ key: viewKey, value: viewBytes(progress.view) })
    this.#storedView = progress.view
    const held = this.#options.heldAt?.(sequence)
    if (held !== undefined && held.join() !== this.#storedHeld) {
      last.push({ key: heldKey, value: encodeHeld(held) })
      this.#storedHeld = held.join()
    }
    return { progress, changes: () => chain([...tables, last]) }
  }

  /** The store holds what was captured last. */
  flushed(): void {
    for (const table of [this.actors, this.sessions, this.outbox, this.timers, this.messages]) table.flushed()
  }

  /** One hash for each of these partitions; everything scanned must have resolved. */
  hashes(partitions: readonly PartitionId[]): Map<PartitionId, string> {
    const unflushed = new Map<string, Uint8Array | undefined>()
    for (const { key, value } of this.#unflushed()) unflushed.set(key, value)
    return new Map(partitions.map((partition) => [partition, this.#hash(partition, unflushed)]))
  }

  #hash(partition: PartitionId, unflushed: ReadonlyMap<string, Uint8Array | undefined>): string {
    const hash = new StateHash()
    for (const kind of keyPrefixes.hashed) {
      const prefix = partitionPrefix(kind, partition)
      for (const { key, value } of this.#options.store.scan(prefix)) if (!unflushed.has(key)) hash.add(key, value)
      for (const [key, value] of unflushed) if (value !== undefined && key.startsWith(prefix)) hash.add(key, value)
    }
    return hash.digest(this.scanned.logTime)
  }

  *#unflushed(): Iterable<StateChange> {
    yield* this.actors.unflushed()
    yield* this.sessions.unflushed()
    yield* this.outbox.unflushed()
  }
}

const none: readonly Timer[] = []

function* chain(tables: readonly Iterable<StateChange>[]): Iterable<StateChange> {
  for (const table of tables) yield* table
}

function viewBytes(view: View): Uint8Array {
  const out = new ByteWriter()
  encodeView(out, view)
  return out.take()
}

function gap(last: Sequence, next: Sequence): StreamyError {
  return new StreamyError(
    'LOG_DIVERGED',
    `Batch ${next} was delivered after batch ${last}. The log is not the one this state was made from; restore both.`,
  )
}
