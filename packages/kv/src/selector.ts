// Selectors: ranges of keys as clients name them, and as the index knows them.

import { StreamyError } from '@streamy-db/core'
import { textOfKey, textOfParts } from './key-text.ts'
import type { KvKey, KvKeyPart } from './kv-key.ts'
import type { IndexRange } from './ordered-index/ordered-index.ts'

/**
 * A range of keys: those that begin with the parts of `prefix` and have more, from `start` on, before `end`. What is
 * left out does not bound it, so `{}` is the whole space.
 */
export interface KvSelector {
  readonly prefix?: readonly KvKeyPart[]
  /** The first key of the range; there need not be such an entry. */
  readonly start?: KvKey
  /** The first key behind the range. */
  readonly end?: KvKey
}

const names = new Set(['prefix', 'start', 'end'])

/** The range of texts that a selector names. Throws OPTIONS_INVALID and KEY_INVALID. */
export function rangeOf(selector: KvSelector): IndexRange {
  checkSelector(selector)
  const { prefix = [], start, end } = selector
  const base = prefix.length === 0 ? '' : textOfParts(prefix)
  // Behind a prefix comes the type of the next part, which is neither the least byte nor the greatest one.
  const least = base === '' ? '' : `${base}\x01`
  const greatest = base === '' ? undefined : `${base}\xff`
  const from = start === undefined ? least : within(textOfKey(start), least, greatest, 'start')
  const to = end === undefined ? greatest : within(textOfKey(end), least, greatest, 'end')
  return { from, to: to !== undefined && to < from ? from : to }
}

function checkSelector(selector: unknown): void {
  if (typeof selector !== 'object' || selector === null || Array.isArray(selector))
    throw invalid("A range is named by an object: { prefix: ['users'] }, { start, end }, or {} for the whole space.")
  for (const name of Object.keys(selector))
    if (!names.has(name)) throw invalid(`A range has no ${name}. It has a prefix, a start and an end, each optional.`)
}

function within(text: string, least: string, greatest: string | undefined, name: string): string {
  if (text >= least && (greatest === undefined || text <= greatest)) return text
  throw invalid(`The ${name} of a range does not lie under its prefix. Begin it with the parts of the prefix.`)
}

function invalid(message: string): StreamyError {
  return new StreamyError('OPTIONS_INVALID', message)
}
