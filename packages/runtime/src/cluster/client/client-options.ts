// What `connect` can be told, and the check of it: plain JavaScript has no compiler to say that an option is wrong.

import type { ActorClass, ActorErrorClass } from '@streamy-db/actors'
import { limits, StreamyError } from '@streamy-db/core'
import type { ReferenceOptions } from '../../database.ts'
import { isSession, isToken, operatorSessionPrefix, workerSessionPrefix } from '../protocol/addresses.ts'
import { clientLimits } from './client-limits.ts'

/** What a client can be told. Only `name` must be given. */
export interface ConnectOptions {
  /** The database's name: letters, digits, `-` and `_`. */
  readonly name: string
  /** Actor classes known here; others are called by the name of their type. */
  readonly actors?: readonly ActorClass[]
  /** Error classes that may arrive before this process has made one itself. */
  readonly errors?: readonly ActorErrorClass[]
  /** How long a call may take before it rejects with DEADLINE_EXCEEDED. Default 30,000; at most 240,000. */
  readonly deadlineMs?: number
  /** How long a client waits for an answer before it asks again; doubles up to two seconds. Default 250. */
  readonly askAgainMs?: number
  /** How many calls may wait for answers; one more is refused with OVERLOADED. Default 262,144. */
  readonly callsPendingMax?: number
  /** What the names of this client's sessions begin with: its user may have permissions for no other. Default `client`. */
  readonly sessionPrefix?: string
}

/** What a reference of a cluster's client can be told. */
export interface ClusterReferenceOptions extends ReferenceOptions {
  /** How long each call may take before it rejects with DEADLINE_EXCEEDED; the client's own by default. */
  readonly deadlineMs?: number
  /**
   * Names one message, so that it happens once whoever sends it and however often, within the half hour for which
   * outcomes are kept: a repeat gets the outcome of the first. Keys count for one actor and one session prefix; use a
   * reference with a key for one message. Queries ignore it.
   */
  readonly idempotencyKey?: string
}

// `.key-` and 40 digits, or `.` and 32, follow it in a session's name.
const prefixLengthMax = limits.nameBytesMax - 48

const reserved: ReadonlySet<string> = new Set([workerSessionPrefix, operatorSessionPrefix])

/** Throws OPTIONS_INVALID for options that a client cannot work with. */
export function checkConnectOptions(options: ConnectOptions | undefined): asserts options is ConnectOptions {
  if (typeof options?.name !== 'string' || !isToken(options.name))
    throw invalid('A client needs the name of a database, of letters, digits, - and _: connect(url, { name: "bank" }).')
  const { deadlineMs, askAgainMs = 1, callsPendingMax = 1, sessionPrefix = 'client' } = options
  checkDeadline(deadlineMs)
  for (const [option, value] of Object.entries({ askAgainMs, callsPendingMax }))
    if (!isCount(value))
      throw invalid(`The option ${option} has the value ${String(value)}. Give whole numbers above zero.`)
  if (!isClientPrefix(sessionPrefix))
    throw invalid(
      `The option sessionPrefix has the value ${sessionPrefix}. Give letters, digits, - and _, ` +
        `in parts separated by dots, ${prefixLengthMax} characters at most; not ${[...reserved].join(' or ')}, which are taken.`,
    )
}

/** Whether a text may be a client's session prefix: no worker's, and with room for what follows it. */
export function isClientPrefix(text: string): boolean {
  return isSession(text) && text.length <= prefixLengthMax && !reserved.has(text.split('.')[0]!)
}

/** Throws OPTIONS_INVALID for a reference's options that a client cannot work with. */
export function checkReferenceOptions({ deadlineMs, idempotencyKey }: ClusterReferenceOptions): void {
  checkDeadline(deadlineMs)
  if (idempotencyKey !== undefined && (typeof idempotencyKey !== 'string' || idempotencyKey === ''))
    throw invalid('The option idempotencyKey must be a text that is not empty.')
}

function checkDeadline(deadlineMs: number | undefined): void {
  if (deadlineMs === undefined || (isCount(deadlineMs) && deadlineMs <= clientLimits.deadlineMsMax)) return
  throw invalid(
    `The option deadlineMs has the value ${deadlineMs}. Give whole milliseconds from 1 to ` +
      `${clientLimits.deadlineMsMax}: requests older than that may be refused as expired.`,
  )
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0
}

function invalid(message: string): StreamyError {
  return new StreamyError('OPTIONS_INVALID', message)
}
