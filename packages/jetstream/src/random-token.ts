// Random tokens for subjects and ids: unguessable, and never the same twice.

import { randomBytes } from 'node:crypto'

/** 128 random bits in letters and digits, so that it fits any subject, stream name or header. */
export function randomToken(): string {
  return randomBytes(16).toString('hex')
}
