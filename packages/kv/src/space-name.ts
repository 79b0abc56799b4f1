// Names of spaces, and the keys of the actors that belong to a space. A space is a name: nothing is created for it, and
// an empty one leaves no trace.

import { StreamyError } from '@streamy-db/core'
import { kvLimits } from './limits.ts'

const SLASH = '/'

/** Throws OPTIONS_INVALID unless `name` can be one. */
export function checkSpaceName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') throw invalid('needs a name', "db.kv('settings')")
  if (/[/\0]/.test(name) || !name.isWellFormed())
    throw invalid('has a slash, a NUL or a lone surrogate in its name', 'use letters, digits and dashes')
  if (Buffer.byteLength(name) > kvLimits.spaceNameBytesMax)
    throw invalid(`has a name of more than ${kvLimits.spaceNameBytesMax} bytes`, 'shorten it')
}

/** The key of the actor of an entry, or of another that is named by a text in a space. */
export function keyInSpace(space: string, text: string): string {
  return space + SLASH + text
}

/** The space of such an actor. */
export function spaceOf(actorKey: string): string {
  return actorKey.slice(0, actorKey.indexOf(SLASH))
}

/** The text that names such an actor in its space. */
export function textOf(actorKey: string): string {
  return actorKey.slice(actorKey.indexOf(SLASH) + 1)
}

/** The ordered index of the keys of a space. */
export function treeOf(space: string): string {
  return `kv.${space}`
}

function invalid(problem: string, advice: string): StreamyError {
  return new StreamyError('OPTIONS_INVALID', `A key-value space ${problem}: ${advice}.`)
}
