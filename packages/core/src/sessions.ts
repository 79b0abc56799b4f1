// Sessions: exactly once (DESIGN §9). Home remembers per session which requests it answered and how, so that a repeated
// request gets the recorded outcome and a superseded attempt nothing. One object serves all partitions of a worker.
//
// Entries of one session may be scanned long before earlier ones resolve, so every decision rests on what was true as
// of its own position, which `admit` notes at the scan:
// S1 An entry counts if its attempt is the stored one + 1 (1 when none is), decided after every earlier entry of the
//    request has resolved; the engine holds to the second half.
// S2 A done record below `answeredBelow` as of the entry is as good as gone.
// S3 Records of an earlier generation of the session are as good as gone.
// S4 A capture as of a position leaves out what has ended as of there, and nothing else (session-ledger.ts).

import type { ErrorData } from './error-data.ts'
import type { ErrorCode } from './errors.ts'
import { limits } from './limits.ts'
import type { Aborted, Outcome } from './outcome.ts'
import type { LogTime, PartitionId, Position } from './position.ts'
import { RequestArena } from './request-arena.ts'
import { SessionLedger, isCurrent, slotOf, slotOfKey } from './session-ledger.ts'
import { decodeRequestRecord, decodeSession, encodeSession, keyPrefixes, partitionPrefix } from './state-format.ts'
import type { RequestRecord, SessionRecord } from './state-format.ts'
import type { StateChange, StateStore } from './state-store.ts'
import { CellBudget } from './cell-budget.ts'
import { StateTable } from './state-table.ts'
import type { Request, Transaction } from './transaction.ts'

/** Message of REQUEST_EXPIRED, part of the recorded outcome. */
export const expiredMessage: string =
  `The request arrived more than ${limits.requestRetentionUs / 60_000_000} minutes of log time after it was first sent, ` +
  'so it was not run. Read the state, then send a new request if it is still wanted.'

/** What was true of a session as of one of its entries. */
export interface Admission {
  readonly ledger: SessionLedger
  readonly request: Request
  readonly generation: Position
  readonly answeredBelow: number
}

/** What tells the request of an admission from all others. */
export function admissionKey({ ledger, request }: Admission): string {
  return ledger.keyOf(slotOf(request))
}

/** Whether an entry counts. */
export type Decision =
  | { readonly kind: 'counts' }
  /** It does not, and the caller is answered. */
  | {
      readonly kind: 'answered'
      readonly outcome: Outcome
      /** Of the entry that counted; undefined where none did, or nobody remembers. */
      readonly position: Position | undefined
    }
  /** It does not, and nobody waits for it. */
  | { readonly kind: 'ignored' }

const counts: Decision = { kind: 'counts' }
const ignored: Decision = { kind: 'ignored' }

// A retry that waits for its next attempt to be seen.
interface PendingRetry {
  readonly ledger: SessionLedger
  readonly generation: Position
  readonly next: Transaction
}

// A session that has expired; its retries are forgotten when everything before that has resolved.
interface Expired {
  readonly position: Position
  readonly ledger: SessionLedger
  readonly generation: Position
}

/** The sessions of a worker's partitions; see S1 to S4. */
export class Sessions {
  readonly #store: StateStore
  readonly #sessions: StateTable<SessionRecord>
  /** By home, then by session. */
  readonly #ledgers: Map<string, SessionLedger>[] = []
  /** Those of clients in the order in which they were last seen, for expiry. */
  readonly #bySeen = new Set<SessionLedger>()
  readonly #pendingRetries = new Map<string, PendingRetry>()
  readonly #expired: Expired[] = []
  /** Those of which something is to be written. */
  #changed = new Set<SessionLedger>()
  #arena = new RequestArena()
  #flushing: readonly SessionLedger[] = []
  #flushingArena = new RequestArena()
  #resolved: Position = 0

  constructor(store: StateStore, executed: readonly PartitionId[], sequential: boolean) {
    this.#store = store
    this.#sessions = new StateTable({
      store,
      sequential,
      storageKey: (key: string) => key,
      budget: new CellBudget(Infinity),
      encode: (_, value) => encodeSession(value),
      decode: (_, bytes) => decodeSession(bytes),
    })
    this.#loadSessions(store, executed)
    for (const partition of executed) this.#loadRequests(store, partition)
  }

  /** Retries whose next attempt has not been seen in the log. */
  get pendingRetries(): Iterable<Transaction> {
    return [...this.#pendingRetries.values()].map(({ next }) => next)
  }

  /** What is recorded of a request, if its outcome is known and was not forgotten. */
  outcome(
    home: PartitionId,
    request: Pick<Request, 'session' | 'sequence' | 'suffix'>,
  ): Pick<RequestRecord & { readonly kind: 'done' }, 'outcome' | 'position'> | undefined {
    const ledger = this.#ledgers[home]?.get(request.session)
    if (ledger?.current === undefined || request.sequence < ledger.current.answeredBelow) return undefined
    const record = this.#find(ledger, request)
    return record?.kind === 'done' && record.generation === ledger.current.generation ? record : undefined
  }

  /** Ends no more sessions of a partition: it is another engine's. */
  leave(partition: PartitionId): void {
    for (const ledger of this.#bySeen) if (ledger.home === partition) this.#bySeen.delete(ledger)
  }

  /** Notes an entry of a session at the scan, in log order. */
  admit(home: PartitionId, transaction: Transaction, position: Position, logTime: LogTime): Admission {
    const request = transaction.request!
    const ledger = this.#ledger(home, request.session)
    // What is not seen for the first time in this batch has mostly nothing new to say.
    if (!isCurrent(ledger.current, request.answeredBelow, logTime))
      this.#see(ledger, request.answeredBelow, position, logTime)
    if (this.#pendingRetries.size > 0) this.#noteAttempt(ledger, transaction)
    const { generation, answeredBelow } = ledger.current!
    return { ledger, request, generation, answeredBelow }
  }

  /** Whether the entry counts (S1 to S3), once every earlier entry of the request has resolved. */
  decide(admission: Admission, attempt: number, logTime: LogTime): Decision {
    const record = this.#record(admission)
    if (record?.kind === 'retry') return record.next.attempt === attempt ? counts : ignored
    if (record?.kind === 'done') return { kind: 'answered', outcome: record.outcome, position: record.position }
    const { request } = admission
    if (attempt !== 1 || request.sequence < admission.answeredBelow) return ignored
    if (logTime - request.seenTime > limits.requestRetentionUs && !isTell(request.session))
      return { kind: 'answered', outcome: refusal('REQUEST_EXPIRED', expiredMessage), position: undefined }
    return counts
  }

  /** Records what an entry that counted came to; a retry waits to be appended until its attempt is seen. */
  record(admission: Admission, record: RequestRecord, position: Position): void {
    const { ledger, request, generation } = admission
    ledger.put(slotOf(request), record, position, this.#arena)
    this.#changed.add(ledger)
    if (record.kind === 'retry')
      this.#pendingRetries.set(admissionKey(admission), { ledger, generation, next: record.next })
    else if (this.#pendingRetries.size > 0) this.#pendingRetries.delete(admissionKey(admission))
  }

  /** Ends, at the start of a batch, the sessions that were silent for `limits.sessionRetentionUs`. */
  expire(position: Position, logTime: LogTime): void {
    for (const ledger of this.#bySeen) {
      const { lastSeen, generation } = ledger.current!
      if (lastSeen + limits.sessionRetentionUs > logTime) return
      this.#bySeen.delete(ledger)
      this.#set(ledger, undefined, position)
      this.#expired.push({ position, ledger, generation })
    }
  }

  /** Forgets the retries of what expired at or before `resolved`, up to which everything has resolved. */
  maintain(resolved: Position): void {
    this.#resolved = resolved
    while (this.#expired.length > 0 && this.#expired[0]!.position <= resolved) {
      const expired = this.#expired.shift()!
      for (const [key, { ledger, generation }] of this.#pendingRetries)
        if (ledger === expired.ledger && generation === expired.generation) this.#pendingRetries.delete(key)
    }
  }

  capture(position: Position): Iterable<StateChange>[] {
    const [changed, arena] = [this.#changed, this.#arena]
    this.#changed = new Set()
    this.#arena = new RequestArena()
    for (const ledger of changed)
      if (ledger.capture(this.#sessions.getAt(ledger.key, position), position, arena, this.#arena))
        this.#changed.add(ledger)
    this.#flushing = [...changed]
    this.#flushingArena = arena
    return [this.#sessions.capture(position), this.#captured()]
  }

  flushed(): void {
    this.#sessions.flushed()
    for (const ledger of this.#flushing) {
      ledger.flushed(this.#flushingArena)
      // An entry of before the expiry may still hold it, until it has resolved; and what is not written yet needs it.
      if (ledger.isEmpty && ledger.changedAt <= this.#resolved && !this.#changed.has(ledger))
        this.#ledgers[ledger.home]!.delete(ledger.session)
    }
    this.#flushing = []
    this.#flushingArena = new RequestArena()
  }

  /** Changes not yet stored, encoded; for hashing, when everything has resolved. */
  *unflushed(): Iterable<StateChange> {
    for (const { key, value } of this.#sessions.unflushed())
      yield { key, value: value === undefined ? undefined : encodeSession(value) }
    for (const ledger of new Set([...this.#flushing, ...this.#changed]))
      yield* ledger.unflushed(this.#sessions.getAt(ledger.key, this.#resolved), this.#arena, this.#flushingArena)
  }

  *#captured(): Iterable<StateChange> {
    for (const ledger of this.#flushing) yield* ledger.captured(this.#flushingArena)
  }

  // `expire` stops at the first session that it keeps, so those of all partitions stand in one order.
  #loadSessions(store: StateStore, executed: readonly PartitionId[]): void {
    const ledgers: SessionLedger[] = []
    for (const partition of executed) {
      const prefix = partitionPrefix(keyPrefixes.session, partition)
      const byName = (this.#ledgers[partition] = new Map<string, SessionLedger>())
      for (const { key, value } of store.scan(prefix)) {
        const ledger = new SessionLedger(partition, key.slice(prefix.length), decodeSession(value))
        byName.set(ledger.session, ledger)
        ledgers.push(ledger)
      }
    }
    ledgers.sort((a, b) => a.current!.lastSeen - b.current!.lastSeen)
    for (const ledger of ledgers) this.#markSeen(ledger)
  }

  #loadRequests(store: StateStore, partition: PartitionId): void {
    const prefix = partitionPrefix(keyPrefixes.request, partition)
    for (const { key, value } of store.scan(prefix)) {
      const record = decodeRequestRecord(value)
      const slash = key.indexOf('/', prefix.length)
      const ledger = this.#ledger(partition, key.slice(prefix.length, slash))
      ledger.noteStored(slotOfKey(key.slice(slash + 1)), record)
      if (record.kind === 'retry')
        this.#pendingRetries.set(key, { ledger, generation: record.generation, next: record.next })
    }
  }

  #ledger(home: PartitionId, session: string): SessionLedger {
    const byName = (this.#ledgers[home] ??= new Map<string, SessionLedger>())
    let ledger = byName.get(session)
    if (ledger === undefined) byName.set(session, (ledger = new SessionLedger(home, session, undefined)))
    return ledger
  }

  #see(ledger: SessionLedger, answeredBelow: number, position: Position, logTime: LogTime): void {
    const known = ledger.current
    const wasSeen = known?.lastSeen === logTime
    const seen = {
      generation: known?.generation ?? position,
      lastSeen: logTime,
      answeredBelow: Math.max(known?.answeredBelow ?? 0, answeredBelow),
    }
    this.#set(ledger, seen, position)
    if (!wasSeen) this.#markSeen(ledger)
  }

  #set(ledger: SessionLedger, session: SessionRecord | undefined, position: Position): void {
    ledger.current = session
    ledger.changedAt = position
    this.#sessions.put(ledger.key, session, position)
    this.#changed.add(ledger)
  }

  #noteAttempt(ledger: SessionLedger, { attempt, request }: Transaction): void {
    const key = ledger.keyOf(slotOf(request!))
    if (this.#pendingRetries.get(key)?.next.attempt === attempt) this.#pendingRetries.delete(key)
  }

  #record({ ledger, request, generation, answeredBelow }: Admission): RequestRecord | undefined {
    if (request.sequence > ledger.highest) return undefined
    const record = this.#find(ledger, request)
    if (record === undefined || record.generation !== generation) return undefined
    if (record.kind === 'done' && request.sequence < answeredBelow) return undefined
    return record
  }

  #find(ledger: SessionLedger, request: Pick<Request, 'sequence' | 'suffix'>): RequestRecord | undefined {
    const slot = slotOf(request)
    const found = ledger.find(slot)
    if (found === undefined) return undefined
    if (found !== 'stored') return (found.in === 'arena' ? this.#arena : this.#flushingArena).recordAt(found.offset)
    const bytes = this.#store.get(ledger.keyOf(slot))
    return bytes === undefined ? undefined : decodeRequestRecord(bytes)
  }

  #markSeen(ledger: SessionLedger): void {
    if (isTell(ledger.session)) return
    this.#bySeen.delete(ledger)
    this.#bySeen.add(ledger)
  }
}

/** The outcome of an entry that was refused before it ran. */
export function refusal(code: ErrorCode, message: string): Aborted {
  const error: ErrorData = { name: 'StreamyError', code, message, data: undefined }
  return { kind: 'aborted', operation: 0, error }
}

/** Whether a session is the outbox of a partition rather than a client. */
export function isTell(session: string): boolean {
  return session.startsWith('~')
}
