// What the asserts of a transaction demand, in the form in which the actors check it.

import { StreamyError } from '@streamy-db/core'
import type { EntryCondition } from './entry-condition.ts'
import { textOfKey } from './key-text.ts'
import type { KvEntryAssert, KvRangeAssert } from './kv-transaction-data.ts'
import { freezeValue } from './kv-calls.ts'
import type { RangeCondition } from './range-actor.ts'
import { positionOf } from './version.ts'

const orders = { lt: 'below', lte: 'at most', gt: 'above', gte: 'at least' } as const

/** The conditions of an assert on an entry. Throws OPTIONS_INVALID and TRANSACTION_INVALID. */
export function entryConditions(assert: KvEntryAssert): readonly EntryCondition[] {
  const conditions: EntryCondition[] = []
  if ('version' in assert) conditions.push(versionCondition(assert.version))
  if (assert.exists !== undefined) conditions.push({ is: assert.exists ? 'present' : 'absent' })
  if (assert.value !== undefined) conditions.push({ is: 'equal', value: checked(assert.value) })
  if (assert.not !== undefined) conditions.push({ is: 'different', value: checked(assert.not) })
  for (const name of ['lt', 'lte', 'gt', 'gte'] as const)
    if (assert[name] !== undefined) conditions.push({ is: orders[name], value: checked(assert[name]) })
  if (conditions.length === 0) throw demandsNothing('a value, a version, exists, not, lt, lte, gt or gte')
  return conditions
}

/** The condition of an assert on a range. Throws OPTIONS_INVALID, KEY_INVALID and TRANSACTION_INVALID. */
export function rangeCondition({ empty, count, entries }: KvRangeAssert): RangeCondition {
  if ([empty, count, entries].filter((demand) => demand !== undefined).length !== 1 || empty === false)
    throw demandsNothing('empty: true, or a count, or entries, and one of them')
  if (entries === undefined) return { holds: 'count', count: count ?? 0 }
  const expected = entries.map(({ key, version }): [string, number] => [textOfKey(key), positionOf(version)])
  expected.sort(([a], [b]) => (a < b ? -1 : 1))
  return { holds: 'entries', entries: expected }
}

function versionCondition(version: string | null | undefined): EntryCondition {
  return version === undefined || version === null
    ? { is: 'absent' }
    : { is: 'written at', position: positionOf(version) }
}

function checked(value: unknown): unknown {
  freezeValue(value)
  return value
}

function demandsNothing(demands: string): StreamyError {
  return new StreamyError('TRANSACTION_INVALID', `An assert of a transaction demands nothing. Give it ${demands}.`)
}
