// HistoryDesk: answers what clients ask about the past, from a historian. An answer says how far it goes, and the next
// question says from where on, so nothing is remembered for anybody but what saves work: snapshots and listings.

import { encodeActorRecord, HistoryTrimmed, limits, sequenceOf, StreamyError } from '@streamy-db/core'
import type { Commit, Log, Position, Program } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import type { PastSnapshot, TypeNames } from '../../history/history-port.ts'
import { positionUnknown } from '../../history/moment.ts'
import type { PresentListing } from '../../history/present-listing.ts'
import type { AskedMoment, CommitMessage, HistoryMessage, HistoryQuestion } from '../protocol/history-message.ts'
import { protocolLimits } from '../protocol/protocol-limits.ts'
import type { Historian } from '../worker/historian.ts'
import type { Historians } from '../worker/historians.ts'

/** What a desk works with. */
export interface HistoryDeskOptions {
  readonly historians: Pick<Historians, 'current'>
  readonly log: Pick<Log, 'tail'>
  readonly program: Program
  readonly clock: Clock
}

type Asked<Kind extends HistoryQuestion['kind']> = Extract<HistoryQuestion, { kind: Kind }>

// Listings kept for those who read them; the oldest gives way, and its reader begins again.
const LISTINGS_MAX = 4

/** Answers questions about the past. */
export class HistoryDesk {
  readonly #options: HistoryDeskOptions
  readonly #snapshots = new Map<string, { readonly historian: Historian; readonly snapshot: Promise<PastSnapshot> }>()
  readonly #listings = new Map<string, PresentListing>()

  constructor(options: HistoryDeskOptions) {
    this.#options = options
  }

  /** The answer, soon: `wait` when there is none yet. */
  async answer(question: HistoryQuestion, aborting: AbortSignal): Promise<HistoryMessage> {
    const { clock } = this.#options
    const { id } = question
    const waited = new AbortController()
    const signal = AbortSignal.any([aborting, waited.signal])
    const over = new Promise<HistoryMessage>((resolve) =>
      signal.addEventListener('abort', () => resolve({ kind: 'wait', id })),
    )
    const cancel = clock.alarm(clock.now() + protocolLimits.historyWaitUs, () => waited.abort())
    try {
      return await Promise.race([
        this.#answer(question, signal).catch((error: unknown) => this.#refusal(id, error)),
        over,
      ])
    } finally {
      cancel()
      waited.abort()
    }
  }

  async #answer(question: HistoryQuestion, signal: AbortSignal): Promise<HistoryMessage> {
    const historian = await this.#options.historians.current()
    switch (question.kind) {
      case 'changes':
        return await this.#changes(historian, question, signal)
      case 'present':
        return await this.#present(historian, question, signal)
      default:
        return await this.#past(historian, question, signal)
    }
  }

  async #changes(historian: Historian, question: Asked<'changes'>, signal: AbortSignal): Promise<HistoryMessage> {
    const { id, from } = question
    await this.#reach(historian, from, signal)
    let upTo = from
    for await (const stretch of historian.past.read(typesOf(question), from, signal)) {
      const { commits, cut } = this.#encoded(stretch.commits)
      upTo = cut ?? stretch.upTo
      if (commits.length > 0) return { kind: 'changes', id, upTo, merged: stretch.merged ?? false, commits }
      // What holds nothing for the asker is passed over, and said at the end.
      if (signal.aborted) break
    }
    return upTo > from ? { kind: 'changes', id, upTo, merged: false, commits: [] } : { kind: 'wait', id }
  }

  async #present(historian: Historian, question: Asked<'present'>, signal: AbortSignal): Promise<HistoryMessage> {
    const { id, since, listing: wanted } = question
    const name = (position: Position): string => `${position}/${question.types?.join() ?? '*'}`
    if (wanted === undefined) {
      await this.#reach(historian, since, signal)
      const listing = await historian.past.list(typesOf(question))
      remember(this.#listings, name(listing.position), listing, LISTINGS_MAX)
      return this.#portion(id, listing, 0)
    }
    const listing = this.#listings.get(name(wanted.position))
    return listing === undefined ? this.#refusal(id, expired()) : this.#portion(id, listing, wanted.next)
  }

  #portion(id: number, listing: PresentListing, start: number): HistoryMessage {
    const commits: CommitMessage[] = []
    let bytes = 0
    let next = start
    while (
      next < listing.length &&
      bytes < protocolLimits.historyBytesMax &&
      commits.length < limits.commitsAtOnceMax
    ) {
      const commit = this.#message(listing.read(next, next + 1)[0]!)
      commits.push(commit)
      bytes += sizeOf(commit)
      next += 1
    }
    const { position } = listing
    return { kind: 'present', id, position, next: next < listing.length ? next : undefined, commits }
  }

  async #past(historian: Historian, { id, moment, call }: Asked<'past'>, signal: AbortSignal): Promise<HistoryMessage> {
    const snapshot = await this.#snapshot(historian, moment, signal)
    const { position, logTime } = snapshot
    const value = call === undefined ? undefined : await snapshot.query(call)
    return { kind: 'past', id, position, logTime, value }
  }

  async #snapshot(historian: Historian, moment: AskedMoment, signal: AbortSignal): Promise<PastSnapshot> {
    const name = moment.kind === 'position' ? `${moment.position}` : `time ${moment.timeUs}`
    const known = this.#snapshots.get(name)
    if (known?.historian === historian) return await known.snapshot
    if (moment.kind === 'position') await this.#reach(historian, moment.position, signal)
    else await historian.executed(await this.#options.log.tail(), signal)
    const asked = moment.kind === 'position' ? moment.position : new Date(Math.floor(moment.timeUs / 1000))
    const snapshot = historian.past.snapshot(asked)
    remember(this.#snapshots, name, { historian, snapshot }, limits.viewsInMemoryMax)
    snapshot.catch(() => this.#snapshots.delete(name))
    return await snapshot
  }

  // Waits for a position that the asker has seen.
  async #reach(historian: Historian, position: Position, signal: AbortSignal): Promise<void> {
    const sequence = sequenceOf(position)
    if (historian.scanned >= sequence) return
    if (sequence > (await this.#options.log.tail())) throw positionUnknown(position, await historian.past.now())
    await historian.executed(sequence, signal)
  }

  // As many whole transactions as fit, and, if that is not all, the position up to which they are.
  #encoded(all: readonly Commit[]): { readonly commits: readonly CommitMessage[]; readonly cut: Position | undefined } {
    const commits: CommitMessage[] = []
    let bytes = 0
    for (const [index, commit] of all.entries()) {
      const previous = all[index - 1]
      if (bytes >= protocolLimits.historyBytesMax && previous!.position < commit.position)
        return { commits, cut: previous!.position }
      const message = this.#message(commit)
      commits.push(message)
      bytes += sizeOf(message)
    }
    return { commits, cut: undefined }
  }

  #message({ position, logTime, ref, before, after }: Commit): CommitMessage {
    const { program } = this.#options
    const bytesOf = (record: Commit['after']): Uint8Array | undefined =>
      record === undefined ? undefined : encodeActorRecord(program, ref, record)
    return { position, logTime, ref, before: bytesOf(before), after: bytesOf(after) }
  }

  #refusal(id: number, error: unknown): HistoryMessage {
    if (error instanceof HistoryTrimmed) return { kind: 'trimmed', id, oldest: error.oldest }
    return { kind: 'refused', id, error: this.#options.program.encodeError(error) }
  }
}

function expired(): StreamyError {
  return new StreamyError('SNAPSHOT_EXPIRED', 'The listing is not held any more. Begin again.')
}

function typesOf({ types }: { readonly types: readonly string[] | undefined }): TypeNames {
  return types === undefined ? undefined : new Set(types)
}

function sizeOf({ ref, before, after }: CommitMessage): number {
  return ref.id.length + (before?.length ?? 0) + (after?.length ?? 0) + 32
}

function remember<Value>(kept: Map<string, Value>, key: string, value: Value, most: number): void {
  kept.delete(key)
  for (const oldest of kept.keys()) {
    if (kept.size < most) break
    kept.delete(oldest)
  }
  kept.set(key, value)
}
