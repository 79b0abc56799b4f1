// What registration refuses, and the rules for names that stand in the log.

import { limits, StreamyError } from '@streamy-db/core'

/** The error REGISTRATION_INVALID. */
export function refuse(message: string): StreamyError {
  return new StreamyError('REGISTRATION_INVALID', message)
}

/** Throws REGISTRATION_INVALID unless `name` can stand in the log; `what` names it for people. */
export function checkName(name: unknown, what: string): void {
  if (typeof name !== 'string' || name.length === 0)
    throw refuse(`${what} has no name. Give it one: @actor('Account').`)
  if (/[/\0]/.test(name) || !name.isWellFormed())
    throw refuse(`${what} holds a slash, a NUL or a lone surrogate in its name. Use letters, digits and dashes.`)
  if (Buffer.byteLength(name) > limits.nameBytesMax)
    throw refuse(`${what} has a name of more than ${limits.nameBytesMax} bytes. Shorten it.`)
}
