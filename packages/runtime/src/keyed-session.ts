// The session of an idempotency key. Session and sequence are functions of the key, so whoever sends a request under it
// sends the same request, and home answers a repeat with the outcome that it has recorded.

import { createHash } from 'node:crypto'

/** Under a key there is one request a session. */
export const keyedSequence = 1

const DIGITS = 40

/** The session of the requests that are sent under `key`; sessions of clients begin with their prefix. */
export function keyedSession(prefix: string, key: string): string {
  const digest = createHash('sha256').update(key).digest('hex').slice(0, DIGITS)
  return `${prefix}.key-${digest}`
}
