// SessionLedger: one session at one home: how it stands where the log is scanned, and what is recorded of its requests.
//
//   records --capture--> flushing --flushed--> stored
//
// What is recorded counts as of a position when it was put at or before it, belongs to the session's generation as of
// there, and is a retry or not below the session's `answeredBelow` as of there. So nothing has to be done to a record for
// it to end: a capture leaves it out, and deletes it where the store has it.

import type { PartitionId, Position, LogTime } from './position.ts'
import { RecordIndex } from './record-index.ts'
import { noRecord } from './request-arena.ts'
import type { RequestArena } from './request-arena.ts'
import { keyPrefixes, partitionPrefix, sortableNumber } from './state-format.ts'
import type { RequestRecord, SessionRecord } from './state-format.ts'
import type { StateChange } from './state-store.ts'
import type { Request } from './transaction.ts'

/** A request of a session: its sequence where it has no suffix, else the end of its key. */
export type Slot = number | string

/** The slot of a request. */
export function slotOf({ sequence, suffix }: Pick<Request, 'sequence' | 'suffix'>): Slot {
  return suffix === '' ? sequence : `${sortableNumber(sequence)}/${suffix}`
}

/** The slot whose record lies under what follows the session in a key: `<sequence>/<suffix>`. */
export function slotOfKey(text: string): Slot {
  return text.endsWith('/') ? Number.parseInt(text, 16) : text
}

function sequenceOfSlot(slot: Slot): number {
  return typeof slot === 'number' ? slot : Number.parseInt(slot, 16)
}

// What has to be known of a stored record to tell whether it counts.
interface StoredRecord {
  readonly generation: Position
  readonly isRetry: boolean
}

/** One session at one home; see the header. */
export class SessionLedger {
  readonly home: PartitionId
  readonly session: string
  /** Key of the session's own record. */
  readonly key: string
  /** As of the last entry scanned; undefined once it has expired. */
  current: SessionRecord | undefined
  /** Where its generation or `answeredBelow` last changed. */
  changedAt: Position = 0
  /** No request of a higher sequence has a record: the common request is new, and needs no look-up. */
  highest = -1
  readonly #prefix: string
  #records = new RecordIndex()
  readonly #flushing = new Map<Slot, number>()
  readonly #stored = new Map<Slot, StoredRecord>()

  constructor(home: PartitionId, session: string, current: SessionRecord | undefined) {
    this.home = home
    this.session = session
    this.current = current
    this.key = partitionPrefix(keyPrefixes.session, home) + session
    this.#prefix = `${partitionPrefix(keyPrefixes.request, home)}${session}/`
  }

  /** Whether it remembers nothing. */
  get isEmpty(): boolean {
    return (
      this.current === undefined && this.#records.size === 0 && this.#flushing.size === 0 && this.#stored.size === 0
    )
  }

  /** Key of a request's record. */
  keyOf(slot: Slot): string {
    return `${this.#prefix}${typeof slot === 'number' ? `${sortableNumber(slot)}/` : slot}`
  }

  /** Notes a record that lies in the store. */
  noteStored(slot: Slot, { generation, kind }: RequestRecord): void {
    this.highest = Math.max(this.highest, sequenceOfSlot(slot))
    this.#stored.set(slot, { generation, isRetry: kind === 'retry' })
  }

  /** Puts a record. Those of one request come in the order of their positions. */
  put(slot: Slot, record: RequestRecord, position: Position, arena: RequestArena): void {
    const sequence = sequenceOfSlot(slot)
    const before = sequence > this.highest ? undefined : this.#records.get(slot)
    this.#records.set(slot, arena.put(record, position, before ?? noRecord))
    if (sequence > this.highest) this.highest = sequence
  }

  /** Where the newest record of a request is; `stored` when it is to be read from the store. */
  find(slot: Slot): { readonly in: 'arena' | 'flushing'; readonly offset: number } | 'stored' | undefined {
    const offset = this.#records.get(slot)
    if (offset !== undefined) return { in: 'arena', offset }
    const flushing = this.#flushing.get(slot)
    if (flushing !== undefined) return flushing === noRecord ? undefined : { in: 'flushing', offset: flushing }
    return this.#stored.has(slot) ? 'stored' : undefined
  }

  /**
   * Takes what a flush as of `position` must write, where the session is as given. What was put later moves to the arena
   * `to`. Says whether there is more to be written later.
   */
  capture(session: SessionRecord | undefined, position: Position, from: RequestArena, to: RequestArena): boolean {
    const records = this.#records
    this.#records = new RecordIndex()
    for (const [slot, newest] of records.entries()) {
      const later: number[] = []
      let offset = newest
      for (; offset !== noRecord && from.positionAt(offset) > position; offset = from.previousOf(offset))
        later.push(offset)
      if (offset !== noRecord) this.#captureRecord(slot, offset, isCounted(session, slot, from, offset))
      if (later.length > 0)
        this.#records.set(
          slot,
          later.reduceRight((previous, each) => to.copy(from, each, previous), noRecord),
        )
    }
    for (const [slot, { generation, isRetry }] of this.#stored) {
      if (counts(session, slot, generation, isRetry)) continue
      this.#stored.delete(slot)
      this.#flushing.set(slot, noRecord)
    }
    return this.#records.size > 0 || this.changedAt > position
  }

  #captureRecord(slot: Slot, offset: number, counted: boolean): void {
    const wasStored = this.#stored.delete(slot)
    if (counted) this.#flushing.set(slot, offset)
    else if (wasStored) this.#flushing.set(slot, noRecord)
  }

  /** What was captured; `arena` is the one it was captured from. */
  *captured(arena: RequestArena): Iterable<StateChange> {
    for (const [slot, offset] of this.#flushing)
      yield { key: this.keyOf(slot), value: offset === noRecord ? undefined : arena.bytesAt(offset) }
  }

  /** What was captured is in the store. */
  flushed(arena: RequestArena): void {
    for (const [slot, offset] of this.#flushing)
      if (offset !== noRecord && !this.#stored.has(slot))
        this.#stored.set(slot, { generation: arena.generationAt(offset), isRetry: arena.isRetryAt(offset) })
    this.#flushing.clear()
  }

  /** What differs from the store where the session is as given, and everything recorded counts as put. */
  *unflushed(session: SessionRecord | undefined, arena: RequestArena, flushing: RequestArena): Iterable<StateChange> {
    for (const [slot, { generation, isRetry }] of this.#stored)
      if (!counts(session, slot, generation, isRetry)) yield { key: this.keyOf(slot), value: undefined }
    yield* valuesOf(this, session, this.#flushing.entries(), flushing)
    yield* valuesOf(this, session, this.#records.entries(), arena)
  }
}

function* valuesOf(
  ledger: SessionLedger,
  session: SessionRecord | undefined,
  records: Iterable<readonly [Slot, number]>,
  arena: RequestArena,
): Iterable<StateChange> {
  for (const [slot, offset] of records) {
    const counted = offset !== noRecord && isCounted(session, slot, arena, offset)
    yield { key: ledger.keyOf(slot), value: counted ? arena.bytesAt(offset) : undefined }
  }
}

function isCounted(session: SessionRecord | undefined, slot: Slot, arena: RequestArena, offset: number): boolean {
  const isRetry = arena.isRetryAt(offset)
  // Most have been answered long since: that shows without reading them.
  if (session === undefined || (!isRetry && sequenceOfSlot(slot) < session.answeredBelow)) return false
  return arena.generationAt(offset) === session.generation
}

function counts(session: SessionRecord | undefined, slot: Slot, generation: Position, isRetry: boolean): boolean {
  if (session === undefined || generation !== session.generation) return false
  return isRetry || sequenceOfSlot(slot) >= session.answeredBelow
}

/** Whether a session was seen at `logTime`, with all that `answeredBelow` says. */
export function isCurrent(session: SessionRecord | undefined, answeredBelow: number, logTime: LogTime): boolean {
  return session !== undefined && session.lastSeen === logTime && session.answeredBelow >= answeredBelow
}
