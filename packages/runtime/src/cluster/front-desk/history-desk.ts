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
  readonly #snapshots = new Map<string, Promise<PastSnapshot>>()
  readonly #listings = new Map<string, Promise<PresentListing>>()
  #serving: Historian | undefined

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
    if (historian !== this.#serving) this.#forget(historian)
    switch (question.kind) {
      case 'changes':
        return await this.#changes(historian, question, signal)
      case 'present':
        return await this.#present(historian, question, signal)
      default:
        return await this.#past(historian, question, signal)
    }
  }

  // What an earlier historian held went with it.
  #forget(historian: Historian): void {
    this.#serving = historian
    this.#snapshots.clear()
    this.#listings.clear()
  }

  async #changes(historian: Historian, question: Asked<'changes'>, signal: AbortSignal): Promise<HistoryMessage> {
    const { id, from } = question
    await this.#reach(historian, from, signal)
    const { clock } = this.#options
    const reading = new AbortController()
    let upTo = from
    let isPatient = true
    // What holds nothing for the asker is passed over for a while; then it is told that there was nothing.
    const cancel = clock.alarm(clock.now() + protocolLimits.historyProgressUs, () => {
      isPatient = false
      if (upTo > from) reading.abort()
    })
    try {
      for await (const stretch of historian.past.read(
        typesOf(question),
        from,
        AbortSignal.any([signal, reading.signal]),
      )) {
        const { commits, cut } = this.#encoded(stretch.commits)
        upTo = cut ?? stretch.upTo
        if (commits.length > 0) return { kind: 'changes', id, upTo, merged: stretch.merged ?? false, commits }
        if (!isPatient) break
      }
    } finally {
      cancel()
    }
    return upTo > from ? { kind: 'changes', id, upTo, merged: false, commits: [] } : { kind: 'wait', id }
  }

  async #present(historian: Historian, question: Asked<'present'>, signal: AbortSignal): Promise<HistoryMessage> {
    const { id, since, listing: wanted } = question
    // Whoever asks again, because it took long, finds what was begun for it.
    const name = `${since}/${question.types?.join() ?? '*'}`
    const known = this.#listings.get(name)
    if (wanted !== undefined) {
      const listing = await known
      return listing?.position === wanted.position
        ? this.#portion(id, listing, wanted.next)
        : this.#refusal(id, expired())
    }
    if (known !== undefined) return this.#portion(id, await known, 0)
    await this.#reach(historian, since, signal)
    const listing = historian.past.list(typesOf(question))
    remember(this.#listings, name, listing, LISTINGS_MAX)
    listing.catch(() => this.#listings.delete(name))
    return this.#portion(id, await listing, 0)
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
    if (known !== undefined) return await known
    if (moment.kind === 'position') await this.#reach(historian, moment.position, signal)
    else await historian.executed(await this.#options.log.tail(), signal)
    const asked = moment.kind === 'position' ? moment.position : new Date(Math.floor(moment.timeUs / 1000))
    const snapshot = historian.past.snapshot(asked)
    remember(this.#snapshots, name, snapshot, limits.viewsInMemoryMax)
    snapshot.catch(() => this.#snapshots.delete(name))
    return await snapshot
  }

  // Waits for a position that the asker has seen.
  async #reach(historian: Historian, position: Position, signal: AbortSignal): Promise<void> {
    const sequence = sequenceOf(position)
    if (historian.scanned >= sequence) return
    if (sequence > (await this.#options.log.tail())) throw positionUnknown(position, historian.past.now())
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
