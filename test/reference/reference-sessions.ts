// What home knows of sessions: whether an entry counts, what a repeat is answered, what is remembered and what is
// forgotten. The rules of exactly-once (DESIGN §9), applied to one partition's state in the order of the log.

import { limits, type LogTime, type Outcome, type Position, type Request, type Transaction } from '@streamy-db/core'
import { expiredMessage, nextAttempt, requestKey, type RunOutcome, type SessionRecord } from '@streamy-db/core/testing'
import type { ReferenceState } from './reference-state.ts'

/** Whether an entry counts; what does not may still be answered. */
export type Verdict =
  | { readonly kind: 'counts' }
  | { readonly kind: 'answered'; readonly outcome: Outcome; readonly position: Position | undefined }
  | { readonly kind: 'ignored' }

/** Whether the session belongs to a partition, which sends tells, rather than to a client. */
export function isPartitionSession(session: string): boolean {
  return session.startsWith('~')
}

/** Forgets the sessions that have been silent for too long, with all their requests. */
export function expireSessions(state: ReferenceState, logTime: LogTime): void {
  for (const [name, { lastSeen }] of state.sessions) {
    if (isPartitionSession(name) || lastSeen + limits.sessionRetentionUs > logTime) continue
    state.sessions.delete(name)
    state.forgetRequests(name, () => true)
  }
}

/** Notes that the entry was seen and decides whether it counts. */
export function judge(
  state: ReferenceState,
  transaction: Transaction,
  request: Request,
  position: Position,
  logTime: LogTime,
): Verdict {
  const session = noteSession(state, request, position, logTime)
  const known = state.requests.get(requestKey(request))?.record
  if (known?.kind === 'retry') return transaction.attempt === known.next.attempt ? counts : ignored
  if (known?.kind === 'done') return { kind: 'answered', outcome: known.outcome, position: known.position }
  if (transaction.attempt !== 1) return ignored
  if (request.sequence < session.answeredBelow) return ignored
  if (!isPartitionSession(request.session) && logTime - request.seenTime > limits.requestRetentionUs)
    return { kind: 'answered', outcome: expired, position: undefined }
  return counts
}

/** Remembers what an entry that counted came to. */
export function remember(
  state: ReferenceState,
  transaction: Transaction,
  request: Request,
  { outcome, position }: { readonly outcome: RunOutcome; readonly position: Position },
): void {
  const { generation, answeredBelow } = state.sessions.get(request.session)!
  if (outcome.kind === 'missed') {
    const next = nextAttempt(transaction, outcome.ref, outcome.mode)
    state.setRequest(request, { kind: 'retry', generation, next })
  } else if (request.sequence < answeredBelow) {
    state.requests.delete(requestKey(request))
  } else {
    state.setRequest(request, { kind: 'done', generation, position, outcome })
  }
}

const counts: Verdict = { kind: 'counts' }
const ignored: Verdict = { kind: 'ignored' }
const expired: Outcome = {
  kind: 'aborted',
  operation: 0,
  error: { name: 'StreamyError', code: 'REQUEST_EXPIRED', message: expiredMessage, data: undefined },
}

function noteSession(
  state: ReferenceState,
  { session, answeredBelow }: Request,
  position: Position,
  logTime: LogTime,
): SessionRecord {
  const before = state.sessions.get(session)
  const after: SessionRecord = {
    generation: before?.generation ?? position,
    lastSeen: logTime,
    answeredBelow: Math.max(before?.answeredBelow ?? 0, answeredBelow),
  }
  state.sessions.set(session, after)
  state.forgetRequests(
    session,
    ({ request, record }) => record.kind === 'done' && request.sequence < after.answeredBelow,
  )
  return after
}
