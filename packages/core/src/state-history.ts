// StateHistory: earlier states in a state store, by what later flushes have replaced. Each flush brings the store from one
// boundary to the next, and with it, in the same atomic step, writes down what stood under every key that it changes. So
// the state as of any boundary that is kept can be read without a copy of it, and from there the log says the rest.
//
//   boundary A ──flush──▶ boundary B ──flush──▶ boundary C = the store
//        u<A>/… what B replaced    u<B>/… what C replaced
//
//   history               the boundaries, ascending; the last one is the store itself
//   u<sequence>/<key>     what that boundary had under a key which the next replaced; see `replaced-value.ts`
//
// H1 The state as of a boundary answers for each key what the store answered when it was there.
// H2 A state whose boundary was let go of throws HISTORY_TRIMMED; it never answers from a later one.

import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { StreamyError, assert } from './errors.ts'
import { limits } from './limits.ts'
import { endOfBatch } from './position.ts'
import type { LogTime, Position, Sequence } from './position.ts'
import { decodeReplaced, encodeReplaced, isPatch } from './replaced-value.ts'
import { decodeProgress, progressKey, sortableNumber } from './state-format.ts'
import type { StateCapture } from './engine-state.ts'
import type { StateChange, StateStore } from './state-store.ts'

/** A moment whose state can be read. */
export interface Boundary {
  /** The state is that of the end of this batch. */
  readonly sequence: Sequence
  readonly logTime: LogTime
  /** Bytes of log that were executed up to here, since the history began. */
  readonly logBytes: number
  /** The fingerprint of the code that executed what follows. */
  readonly code: string
}

/** How far back a history reaches. */
export interface HistoryRetention {
  /** Bytes of log, at most; with 0 only what followed the last flush is kept. */
  readonly logBytesMax: number
  /** Log time in microseconds: what lies further back is let go of. */
  readonly ageUsMax: number
}

const historyKey = 'history'
// In version 1 everything was kept whole.
const formatVersion = 2

/** Earlier states of a store; see the header. */
export class StateHistory {
  readonly #store: StateStore
  readonly #retention: HistoryRetention
  #boundaries: readonly Boundary[]
  #skipped: readonly Position[]
  // What a flush under way is bringing about.
  #next: readonly Boundary[] | undefined

  private constructor(store: StateStore, retention: HistoryRetention, saved: Saved) {
    this.#store = store
    this.#retention = retention
    this.#boundaries = saved.boundaries
    this.#skipped = saved.skipped
  }

  /**
   * The history in a store, which begins here where there is none; `code` executes what follows now, without the
   * positions in `skip`.
   */
  static async open(
    store: StateStore,
    { code, skip, ...retention }: HistoryRetention & { readonly code: string; readonly skip: Iterable<Position> },
  ): Promise<StateHistory> {
    const bytes = store.get(historyKey)
    const saved = bytes === undefined ? { boundaries: [beginning(store, code)], skipped: [] } : decode(bytes)
    const newest = saved.boundaries.at(-1)!
    const boundaries = [...saved.boundaries.slice(0, -1), { ...newest, code }]
    const skipped = [...new Set([...saved.skipped, ...skip])].sort((a, b) => a - b)
    const changed = newest.code !== code || skipped.length !== saved.skipped.length
    if (changed) await store.advance([{ key: historyKey, value: encode({ boundaries, skipped }) }])
    return new StateHistory(store, retention, { boundaries, skipped })
  }

  /** What can be read, ascending. */
  get boundaries(): readonly Boundary[] {
    return this.#boundaries
  }

  get oldest(): Boundary {
    return this.#boundaries[0]!
  }

  /** What the store is as of. */
  get newest(): Boundary {
    return this.#boundaries.at(-1)!
  }

  /** Positions that were aborted as poisoned, as far back as the history reaches: who replays it must skip them too. */
  get skipped(): ReadonlySet<Position> {
    return new Set(this.#skipped)
  }

  /** The newest boundary at or below a batch. Throws HISTORY_TRIMMED when all lie above. */
  before(sequence: Sequence): Boundary {
    const found = this.#boundaries.findLast((boundary) => boundary.sequence <= sequence)
    if (found === undefined) throw historyTrimmed(this.oldest)
    return found
  }

  /** The first boundary behind a batch. */
  after(sequence: Sequence): Boundary | undefined {
    return this.#boundaries.find((boundary) => boundary.sequence > sequence)
  }

  /**
   * The changes of a flush with what the history adds to them, for `StateStore.advance`; `logBytes` were executed since
   * the last. What is let go of cannot be read from now on.
   */
  capture(captured: StateCapture, logBytes: number): Iterable<StateChange> {
    assert(this.#next === undefined, 'one flush at a time is captured')
    const { newest } = this
    const { sequence, logTime } = captured.progress
    const next = { sequence, logTime, logBytes: newest.logBytes + logBytes, code: newest.code }
    const all = [...this.#boundaries, next]
    const kept = all.slice(this.#dropped(all))
    const dropped = all.slice(0, all.length - kept.length)
    this.#boundaries = kept.slice(0, -1)
    if (this.#boundaries.length === 0) this.#boundaries = [newest]
    this.#next = kept
    const since = endOfBatch(kept[0]!.sequence)
    this.#skipped = this.#skipped.filter((position) => position > since)
    return this.#changes(captured.changes(), kept.length > 1 ? newest : undefined, dropped)
  }

  /** The store holds what was captured last. */
  flushed(): void {
    this.#boundaries = this.#next ?? this.#boundaries
    this.#next = undefined
  }

  /** The keys under a prefix that changed between a boundary and the next. Throws HISTORY_TRIMMED. */
  *replacedBehind(boundary: Boundary, prefix: string): Iterable<string> {
    if (boundary.sequence < this.oldest.sequence) throw historyTrimmed(this.oldest)
    const start = replacedKey(boundary, '')
    for (const { key } of this.#store.scan(start + prefix)) yield key.slice(start.length)
  }

  /** The state as of a boundary, to be read. */
  at({ sequence }: Boundary): StateStore {
    return new PastState(this.#store, {
      // While a flush is under way the store may show it already: so the last boundary counts too.
      replaced: () => {
        if (sequence < this.oldest.sequence || (this.#next !== undefined && sequence < this.#next[0]!.sequence))
          throw historyTrimmed(this.#next?.[0] ?? this.oldest)
        return this.#boundaries.filter((boundary) => boundary.sequence >= sequence)
      },
    })
  }

  #dropped(all: readonly Boundary[]): number {
    const { logBytesMax, ageUsMax } = this.#retention
    const last = all.at(-1)!
    let count = 0
    while (count < all.length - 1) {
      const isOver =
        last.logBytes - all[count]!.logBytes > logBytesMax ||
        last.logTime - all[count + 1]!.logTime > ageUsMax ||
        all.length - count > limits.historyBoundariesMax
      if (!isOver) break
      count += 1
    }
    return count
  }

  *#changes(
    changes: Iterable<StateChange>,
    from: Boundary | undefined,
    dropped: readonly Boundary[],
  ): Iterable<StateChange> {
    for (const change of changes) {
      if (from !== undefined)
        yield { key: replacedKey(from, change.key), value: encodeReplaced(this.#store.get(change.key), change.value) }
      yield change
    }
    for (const boundary of dropped)
      for (const { key } of this.#store.scan(replacedKey(boundary, ''))) yield { key, value: undefined }
    yield { key: historyKey, value: encode({ boundaries: this.#next!, skipped: this.#skipped }) }
  }
}

interface Past {
  /** The boundaries from the state's own on, ascending: the first of them that names a key has its value. */
  replaced(): readonly Boundary[]
}

// A state store that only answers.
class PastState implements StateStore {
  readonly #store: StateStore
  readonly #past: Past

  constructor(store: StateStore, past: Past) {
    this.#store = store
    this.#past = past
  }

  get(key: string): Uint8Array | undefined {
    // What was replaced one time after the other, up to one that can be read without what came behind it.
    const replaced: Uint8Array[] = []
    for (const boundary of this.#past.replaced()) {
      const kept = this.#store.get(replacedKey(boundary, key))
      if (kept === undefined) continue
      replaced.push(kept)
      if (!isPatch(kept)) break
    }
    const newest = replaced.at(-1)
    const from = newest === undefined || isPatch(newest) ? this.#store.get(key) : undefined
    return replaced.reduceRight((after: Uint8Array | undefined, kept) => decodeReplaced(kept, after), from)
  }

  *scan(prefix: string): Iterable<{ readonly key: string; readonly value: Uint8Array }> {
    const present = new Map<string, Uint8Array | undefined>()
    for (const { key, value } of this.#store.scan(prefix)) present.set(key, value)
    const boundaries = this.#past.replaced()
    for (const boundary of boundaries.toReversed()) {
      const start = replacedKey(boundary, '')
      for (const { key, value } of this.#store.scan(start + prefix)) {
        const name = key.slice(start.length)
        present.set(name, decodeReplaced(value, present.get(name)))
      }
    }
    for (const [key, value] of present) if (value !== undefined) yield { key, value }
  }

  async advance(): Promise<void> {
    assert(false, 'an earlier state is not written to')
  }

  async close(): Promise<void> {}
}

/** What was asked for lies further back than the history reaches. */
export class HistoryTrimmed extends StreamyError {
  /** The oldest position of which there is a view, and behind which there are changes. */
  readonly oldest: Position

  constructor(oldest: Position) {
    super(
      'HISTORY_TRIMMED',
      `The history reaches back to position ${oldest}, and what was asked for lies before it. Begin from there, or keep ` +
        'more of it from now on: see the options historyBytesMax and historyMs.',
    )
    this.oldest = oldest
  }
}

function historyTrimmed({ sequence }: Boundary): HistoryTrimmed {
  return new HistoryTrimmed(endOfBatch(sequence))
}

function beginning(store: StateStore, code: string): Boundary {
  const bytes = store.get(progressKey)
  const { sequence, logTime } = bytes === undefined ? { sequence: 0, logTime: 0 } : decodeProgress(bytes)
  return { sequence, logTime, logBytes: 0, code }
}

function replacedKey({ sequence }: Boundary, key: string): string {
  return `u${sortableNumber(sequence)}/${key}`
}

interface Saved {
  readonly boundaries: readonly Boundary[]
  readonly skipped: readonly Position[]
}

function encode({ boundaries, skipped }: Saved): Uint8Array {
  const out = new ByteWriter()
  out.u8(formatVersion)
  out.varint(boundaries.length)
  for (const { sequence, logTime, logBytes, code } of boundaries) {
    out.varint(sequence)
    out.varint(logTime)
    out.varint(logBytes)
    out.string(code)
  }
  out.varint(skipped.length)
  for (const position of skipped) out.varint(position)
  return out.take()
}

function decode(bytes: Uint8Array): Saved {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  if (version < 1 || version > formatVersion)
    throw new StreamyError(
      'FORMAT_UNKNOWN',
      `The history has format version ${version}; this is version ${formatVersion}. Run a release that knows it.`,
    )
  const boundaries = reader.list(() => ({
    sequence: reader.varint(),
    logTime: reader.varint(),
    logBytes: reader.varint(),
    code: reader.string(),
  }))
  const skipped = reader.list(() => reader.varint())
  reader.finish()
  return { boundaries, skipped }
}
