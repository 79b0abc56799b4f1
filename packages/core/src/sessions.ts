// Sessions: exactly once (DESIGN §9). Home remembers per session which requests it answered and how, so that a repeated
// request gets the recorded outcome and a superseded attempt nothing. One object serves all partitions of a worker.
//
// Entries of one session may be scanned long before earlier ones resolve, so every decision rests on what was true as
// of its own position, which `admit` notes at the scan:
// S1 An entry counts if its attempt is the stored one + 1 (1 when none is), decided after every earlier entry of the
//    request has resolved; the engine holds to the second half.
// S2 A done record below `answeredBelow` as of the entry is as good as gone.
// S3 Records of an earlier generation of the session are as good as gone.
// S4 Records leave the state (`maintain`) only when everything before the entry that ended them has resolved.

import type { ErrorData } from './error-data.ts'
import type { ErrorCode } from './errors.ts'
import { limits } from './limits.ts'
import { MinHeap } from './min-heap.ts'
import type { Aborted, Outcome } from './outcome.ts'
import type { LogTime, PartitionId, Position } from './position.ts'
import {
  decodeRequestRecord,
  decodeSession,
  encodeRequestRecord,
  encodeSession,
  keyPrefixes,
  partitionPrefix,
  requestKey,
} from './state-format.ts'
import type { RequestRecord, SessionRecord } from './state-format.ts'
import type { StateChange, StateStore } from './state-store.ts'
import { CellBudget, StateTable } from './state-table.ts'
import type { Request, Transaction } from './transaction.ts'

/** Message of REQUEST_EXPIRED, part of the recorded outcome. */
export const expiredMessage: string =
  `The request arrived more than ${limits.requestRetentionUs / 60_000_000} minutes of log time after it was first sent, ` +
  'so it was not run. Read the state, then send a new request if it is still wanted.'

/** What was true of a session as of one of its entries. */
export interface Admission {
  /** Key of the request's record. */
  readonly key: string
  readonly request: Request
  readonly generation: Position
  readonly answeredBelow: number
}

/** Whether an entry counts. */
export type Decision =
  | { readonly kind: 'counts' }
  /** It does not, and the caller is answered. */
  | { readonly kind: 'answered'; readonly outcome: Outcome }
  /** It does not, and nobody waits for it. */
  | { readonly kind: 'ignored' }

interface RecordedRequest {
  readonly sequence: number
  readonly key: string
}

// What a later maintenance does to the records of one session.
type Ending = { readonly position: Position; readonly session: string } & (
  | { readonly kind: 'answered'; readonly below: number }
  | { readonly kind: 'expired'; readonly generation: Position }
)

const counts: Decision = { kind: 'counts' }
const ignored: Decision = { kind: 'ignored' }

/** The sessions of a worker's partitions; see S1 to S4. */
export class Sessions {
  readonly #sessions: StateTable<SessionRecord>
  readonly #requests: StateTable<RequestRecord>
  // Keys in the order of `lastSeen`, for expiry.
  readonly #bySeen = new Map<string, LogTime>()
  readonly #recorded = new Map<string, MinHeap<RecordedRequest>>()
  readonly #pendingRetries = new Map<string, Transaction>()
  readonly #endings: Ending[] = []

  constructor(store: StateStore, executed: readonly PartitionId[], sequential: boolean) {
    const everything = { store, sequential, storageKey: (key: string) => key, budget: new CellBudget(Infinity) }
    this.#sessions = new StateTable({
      ...everything,
      encode: (_, value) => encodeSession(value),
      decode: (_, bytes) => decodeSession(bytes),
    })
    this.#requests = new StateTable({
      ...everything,
      encode: (_, value) => encodeRequestRecord(value),
      decode: (_, bytes) => decodeRequestRecord(bytes),
    })
    this.#loadSessions(store, executed)
    for (const partition of executed) this.#loadRequests(store, partition)
  }

  /** Retries whose next attempt has not been seen in the log. */
  get pendingRetries(): Iterable<Transaction> {
    return this.#pendingRetries.values()
  }

  /** What is recorded of a request, if its outcome is known and was not forgotten. */
  outcome(home: PartitionId, request: Pick<Request, 'session' | 'sequence' | 'suffix'>): Outcome | undefined {
    const session = this.#sessions.get(partitionPrefix(keyPrefixes.session, home) + request.session)
    const record = this.#requests.get(partitionPrefix(keyPrefixes.request, home) + requestKey(request))
    if (record?.kind !== 'done' || record.generation !== session?.generation) return undefined
    return request.sequence < session.answeredBelow ? undefined : record.outcome
  }

  /** Ends no more sessions of a partition: it is another engine's. */
  leave(partition: PartitionId): void {
    const prefix = partitionPrefix(keyPrefixes.session, partition)
    for (const session of this.#bySeen.keys()) if (session.startsWith(prefix)) this.#bySeen.delete(session)
  }

  /** Notes an entry of a session at the scan, in log order. */
  admit(home: PartitionId, transaction: Transaction, position: Position, logTime: LogTime): Admission {
    const request = transaction.request!
    const session = partitionPrefix(keyPrefixes.session, home) + request.session
    const key = partitionPrefix(keyPrefixes.request, home) + requestKey(request)
    const cell = this.#sessions.cell(session)
    const known = cell.value
    const answeredBelow = Math.max(known?.answeredBelow ?? 0, request.answeredBelow)
    const generation = known?.generation ?? position
    this.#sessions.putCell(cell, { generation, lastSeen: logTime, answeredBelow }, position)
    // What is not seen for the first time in this batch stands in its place already.
    if (known?.lastSeen !== logTime) this.#markSeen(session, logTime)
    if (answeredBelow > (known?.answeredBelow ?? 0))
      this.#endings.push({ kind: 'answered', position, session, below: answeredBelow })
    if (this.#pendingRetries.get(key)?.attempt === transaction.attempt) this.#pendingRetries.delete(key)
    return { key, request, generation, answeredBelow }
  }

  /** Whether the entry counts (S1 to S3), once every earlier entry of the request has resolved. */
  decide(admission: Admission, attempt: number, logTime: LogTime): Decision {
    const record = this.#record(admission)
    if (record?.kind === 'retry') return record.next.attempt === attempt ? counts : ignored
    if (record?.kind === 'done') return { kind: 'answered', outcome: record.outcome }
    const { request } = admission
    if (attempt !== 1 || request.sequence < admission.answeredBelow) return ignored
    if (!isTell(request.session) && logTime - request.seenTime > limits.requestRetentionUs)
      return { kind: 'answered', outcome: refusal('REQUEST_EXPIRED', expiredMessage) }
    return counts
  }

  /** Records what an entry that counted came to; a retry waits to be appended until its attempt is seen. */
  record(admission: Admission, record: RequestRecord, position: Position): void {
    const { key, request } = admission
    const stored = record.kind === 'done' && request.sequence < admission.answeredBelow ? undefined : record
    const cell = this.#requests.cell(key)
    const stale = cell.value
    if (stale !== undefined && stale.generation !== admission.generation)
      this.#requests.putCell(cell, undefined, admission.generation)
    this.#requests.putCell(cell, stored, position)
    if (record.kind === 'retry') this.#pendingRetries.set(key, record.next)
    else this.#pendingRetries.delete(key)
    if (stored !== undefined) this.#noteRecorded(key, request.sequence)
  }

  /** Ends, at the start of a batch, the sessions that were silent for `limits.sessionRetentionUs`. */
  expire(position: Position, logTime: LogTime): void {
    for (const [session, lastSeen] of this.#bySeen) {
      if (lastSeen + limits.sessionRetentionUs > logTime) return
      this.#bySeen.delete(session)
      const { generation } = this.#sessions.get(session)!
      this.#sessions.put(session, undefined, position)
      this.#endings.push({ kind: 'expired', position, session, generation })
    }
  }

  /** Takes out of the state what ended at or before `resolved`, up to which everything has resolved (S4). */
  maintain(resolved: Position): void {
    if (this.#endings.length === 0 || this.#endings[0]!.position > resolved) return
    const later = this.#endings.findIndex((ending) => ending.position > resolved)
    const due = this.#endings.splice(0, later < 0 ? this.#endings.length : later)
    for (const ending of due) this.#end(ending)
  }

  capture(position: Position): Iterable<StateChange>[] {
    return [this.#sessions.capture(position), this.#requests.capture(position)]
  }

  flushed(): void {
    this.#sessions.flushed()
    this.#requests.flushed()
  }

  /** Changes not yet stored, encoded; for hashing. */
  *unflushed(): Iterable<StateChange> {
    for (const { key, value } of this.#sessions.unflushed())
      yield { key, value: value === undefined ? undefined : encodeSession(value) }
    for (const { key, value } of this.#requests.unflushed())
      yield { key, value: value === undefined ? undefined : encodeRequestRecord(value) }
  }

  // `expire` stops at the first session that it keeps, so those of all partitions stand in one order.
  #loadSessions(store: StateStore, executed: readonly PartitionId[]): void {
    const sessions: { key: string; lastSeen: LogTime }[] = []
    for (const partition of executed)
      for (const { key, value } of store.scan(partitionPrefix(keyPrefixes.session, partition)))
        sessions.push({ key, lastSeen: decodeSession(value).lastSeen })
    sessions.sort((a, b) => a.lastSeen - b.lastSeen)
    for (const { key, lastSeen } of sessions) this.#markSeen(key, lastSeen)
  }

  #loadRequests(store: StateStore, partition: PartitionId): void {
    for (const { key, value } of store.scan(partitionPrefix(keyPrefixes.request, partition))) {
      const record = decodeRequestRecord(value)
      this.#noteRecorded(key, Number.parseInt(key.split('/')[2]!, 16))
      if (record.kind === 'retry') this.#pendingRetries.set(key, record.next)
    }
  }

  #record(admission: Admission): RequestRecord | undefined {
    const record = this.#requests.get(admission.key)
    if (record === undefined || record.generation !== admission.generation) return undefined
    if (record.kind === 'done' && admission.request.sequence < admission.answeredBelow) return undefined
    return record
  }

  #markSeen(session: string, logTime: LogTime): void {
    if (isTell(session.slice(session.indexOf('/') + 1))) return
    this.#bySeen.delete(session)
    this.#bySeen.set(session, logTime)
  }

  #noteRecorded(key: string, sequence: number): void {
    const session = sessionOf(key)
    let heap = this.#recorded.get(session)
    if (heap === undefined) this.#recorded.set(session, (heap = new MinHeap((a, b) => a.sequence < b.sequence)))
    heap.push({ sequence, key })
  }

  #end(ending: Ending): void {
    const heap = this.#recorded.get(ending.session)
    if (heap === undefined) return
    if (ending.kind === 'answered') this.#forgetAnswered(heap, ending.below, ending.position)
    else this.#forgetGeneration(heap, ending)
    if (heap.size === 0) this.#recorded.delete(ending.session)
  }

  #forgetAnswered(heap: MinHeap<RecordedRequest>, below: number, position: Position): void {
    const retries: RecordedRequest[] = []
    for (let top = heap.peek(); top !== undefined && top.sequence < below; top = heap.peek()) {
      heap.pop()
      const record = this.#requests.get(top.key)
      if (record?.kind === 'retry') retries.push(top)
      else if (record !== undefined) this.#requests.put(top.key, undefined, position)
    }
    for (const retry of retries) heap.push(retry)
  }

  #forgetGeneration(heap: MinHeap<RecordedRequest>, ending: Ending & { readonly kind: 'expired' }): void {
    const kept: RecordedRequest[] = []
    for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
      const record = this.#requests.get(top.key)
      if (record === undefined) continue
      if (record.generation === ending.generation) {
        this.#requests.put(top.key, undefined, ending.position)
        this.#pendingRetries.delete(top.key)
      } else kept.push(top)
    }
    for (const request of kept) heap.push(request)
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

// A request's key is `r<p>/<session>/…`, its session's `s<p>/<session>`. Session names hold no slash.
function sessionOf(key: string): string {
  return `${keyPrefixes.session}${key.slice(1, key.indexOf('/', 6))}`
}
