// The errors that a client makes itself: what it was not told, and what it refuses to send.

import { StreamyError, type Call } from '@streamy-db/core'

/** DEADLINE_EXCEEDED, with the request that may or may not have happened; undefined for what changes nothing. */
export class DeadlineExceeded extends StreamyError {
  /** `session/sequence` of the request, as in the log. */
  readonly requestId: string | undefined

  constructor(message: string, requestId?: string) {
    super('DEADLINE_EXCEEDED', message)
    this.requestId = requestId
  }
}

/** Nobody answered a request within its deadline. */
export function requestDeadline(id: string, calls: readonly Call[]): DeadlineExceeded {
  return new DeadlineExceeded(
    `Request ${id} (${describe(calls)}) was not answered within its deadline: it may or may not have happened. ` +
      'Read the state before sending it again, or send it with an idempotencyKey.',
    id,
  )
}

/** Nobody told the log's time within the deadline of a call, which was therefore not sent. */
export function unsentDeadline(calls: readonly Call[]): DeadlineExceeded {
  return new DeadlineExceeded(
    `${describe(calls)} was not sent: no worker said within its deadline what the log's time is. Nothing happened; ` +
      'look whether workers run, then send it again.',
  )
}

/** Nobody answered a query within its deadline. */
export function queryDeadline({ ref, message }: Call): DeadlineExceeded {
  return new DeadlineExceeded(
    `The query ${message} of ${ref.id} was not answered within its deadline. Look whether workers run, then ask again.`,
  )
}

/** The log did not take an entry, or did not say so. */
export function appendFailed(id: string, calls: readonly Call[], cause: unknown): StreamyError {
  return new StreamyError(
    'STORAGE_FAILED',
    `The log did not acknowledge request ${id} (${describe(calls)}): it may or may not have happened. ` +
      'Read the state before sending it again, or send it with an idempotencyKey.',
    { cause },
  )
}

/** Too much waits already. */
export function overloaded(most: number, what: 'calls' | 'queries'): StreamyError {
  return new StreamyError(
    'OVERLOADED',
    `${most} ${what} of this client are waiting for their answers. Await some before sending more; this one was not sent.`,
  )
}

/** The client was closed. */
export function clientClosed(): StreamyError {
  return new StreamyError('DATABASE_CLOSED', 'The client was closed. Connect again to go on; nothing was sent.')
}

/** Nobody said hello back. */
export function workersUnreachable(name: string): StreamyError {
  return new StreamyError(
    'WORKERS_UNREACHABLE',
    `No worker of a database named ${name} answered. Look whether workers of that name run and reach the same servers, ` +
      'then connect again.',
  )
}

function describe(calls: readonly Call[]): string {
  const { ref, message } = calls[0]!
  const others = calls.length === 1 ? '' : ` and ${calls.length - 1} more`
  return `${message} of ${ref.id}${others}`
}
