// Runs transactions that are given as data: each assert, update and get becomes a call of one actor, and all of them one
// transaction of the core. Calls on keys are confined to their actors, so partitions exchange votes and no values.

import { type Call, StreamyError } from '@streamy-db/core'
import type { LayerPort } from '@streamy-db/runtime'
import { entryConditions, rangeCondition } from './assert-conditions.ts'
import { textOfKey } from './key-text.ts'
import type { KvCalls } from './kv-calls.ts'
import { entryOfText, type KvResult, resultOf } from './kv-entry.ts'
import { type FailedAssert, KvAssertFailed } from './kv-errors.ts'
import type { KvKey } from './kv-key.ts'
import type {
  KvAssert,
  KvCommitted,
  KvFailed,
  KvGet,
  KvRangeGet,
  KvRangeResult,
  KvTransaction,
  KvTransactionResult,
  KvUpdate,
} from './kv-transaction-data.ts'
import { keyOfText } from './key-text.ts'
import type { LeafRouter } from './leaf-router.ts'
import { kvLimits } from './limits.ts'
import { cursorAt, planOf } from './list-plan.ts'
import { rangeOf } from './selector.ts'
import type { EntriesPage, StoredEntry } from './stored-entry.ts'
import { versionOf } from './version.ts'

/** What transactions of one space run on. */
export interface TransactParts {
  readonly port: LayerPort
  readonly calls: KvCalls
  readonly router: LeafRouter
}

/** Runs a transaction. Rejects with what it was refused for; a failed assert is no rejection. */
export async function transact<Value, Key extends KvKey>(
  parts: TransactParts,
  transaction: KvTransaction<Value, Key>,
): Promise<KvTransactionResult<Value, Key>> {
  const { asserts = [], updates = [], gets = [] } = transaction
  checkSize(asserts.length + updates.length + gets.length)
  const subjects = updates.map(subjectOf)
  // Without anything to find out nothing is awaited, so transactions are sent in the order in which they were made.
  const leaves = parts.router.isNeeded
    ? await Promise.all(subjects.map((subject) => leafOf(parts.router, subject)))
    : []
  const assertCalls = asserts.map((assert, index) => assertCall(parts.calls, assert, index))
  const updateCalls = updates.map((update, index) => updateCall(parts.calls, update, subjects[index]!, leaves[index]))
  const getCalls = gets.map((get) => getCall(parts.calls, get))
  try {
    const { results, position } = await parts.port.execute([...assertCalls, ...updateCalls, ...getCalls])
    const read = results.slice(results.length - gets.length)
    return { ok: true, version: versionOf(position), gets: read.map((result, index) => readOf(gets[index]!, result)) }
  } catch (error) {
    if (error instanceof KvAssertFailed) return failure(asserts, error.data)
    throw error
  }
}

function assertCall(calls: KvCalls, assert: KvAssert, index: number): Call {
  if ('range' in assert) return calls.checkRange(rangeOf(assert.range), rangeCondition(assert), index)
  return calls.check(textOfKey(assert.key), entryConditions(assert), index)
}

function updateCall(calls: KvCalls, update: KvUpdate, { kind, key }: Subject, leaf: string | undefined): Call {
  if (kind === 'deleteRange') return calls.deleteAll(rangeOf(key))
  const text = textOfKey(key)
  if (kind === 'delete') return calls.delete(text, leaf)
  const { value, expireIn } = update as { readonly value?: unknown; readonly expireIn?: number }
  if (kind !== 'set') return calls.merge(kind, text, value, leaf)
  return calls.set(text, value, expireIn === undefined ? undefined : { expireIn }, leaf)
}

async function leafOf(router: LeafRouter, { kind, key }: Subject): Promise<string | undefined> {
  if (kind === 'deleteRange') return undefined
  return kind === 'delete' ? await router.leafOf(textOfKey(key)) : await router.leafForWrite(textOfKey(key))
}

type Subject =
  | { readonly kind: 'deleteRange'; readonly key: object }
  | { readonly kind: 'set' | 'delete' | 'sum' | 'min' | 'max' | 'append'; readonly key: KvKey }

// What an update does, and to what. Plain JavaScript may pass anything, so exactly one of the names must be there.
function subjectOf(update: KvUpdate): Subject {
  const kinds = ['set', 'delete', 'deleteRange', 'sum', 'min', 'max', 'append'] as const
  const found = kinds.filter((kind) => typeof update === 'object' && Object.hasOwn(update, kind))
  const [kind] = found
  if (kind === undefined || found.length > 1)
    throw new StreamyError(
      'TRANSACTION_INVALID',
      `An update of a transaction is none. Give it one of ${kinds.join(', ')}.`,
    )
  // `textOfKey` and `rangeOf` check what is under the name.
  return { kind, key: (update as Record<string, unknown>)[kind] } as Subject
}

function getCall(calls: KvCalls, get: KvGet): Call {
  if (!isRangeGet(get)) return calls.read(textOfKey(get))
  const { range, limit = kvLimits.pageEntriesMax, ...options } = get
  if (limit < 1 || limit > kvLimits.rangeEntriesMax)
    throw new StreamyError(
      'OPTIONS_INVALID',
      `A get of a range in a transaction has the limit ${limit}. Give 1 to ${kvLimits.rangeEntriesMax}.`,
    )
  const plan = planOf(range, { ...options, limit })
  return calls.readRange(plan.range, limit, plan.descending)
}

function isRangeGet<Key extends KvKey>(get: KvGet<Key>): get is KvRangeGet {
  return !Array.isArray(get)
}

function readOf<Value, Key extends KvKey>(get: KvGet<Key>, result: unknown): KvCommitted<Value, Key>['gets'][number] {
  // What the two messages return.
  if (!isRangeGet(get)) return resultOf<Value, Key>(get as Key, result as StoredEntry | undefined)
  return rangeResult<Value, Key>(result as EntriesPage)
}

function rangeResult<Value, Key extends KvKey>({ entries, next }: EntriesPage): KvRangeResult<Value, Key> {
  const [last] = entries.at(-1) ?? []
  const decoded = entries.map(([text, stored]) => entryOfText<Value, Key>(text, stored))
  return { entries: decoded, cursor: next === undefined || last === undefined ? undefined : cursorAt(last) }
}

function failure<Value, Key extends KvKey>(
  asserts: readonly KvAssert<Value, Key>[],
  { index, key, entry, count }: FailedAssert,
): KvFailed<Value, Key> {
  const assert = asserts[index]!
  const found: KvResult<Value, Key> | undefined =
    key === undefined ? undefined : resultOf('key' in assert ? assert.key : (keyOfText(key) as unknown as Key), entry)
  return { ok: false, failed: { index, assert, entry: found, count } }
}

function checkSize(operations: number): void {
  if (operations === 0)
    throw new StreamyError('TRANSACTION_INVALID', 'A transaction is empty. Give it something to do.')
  if (operations <= kvLimits.operationsPerTransactionMax) return
  throw new StreamyError(
    'TRANSACTION_INVALID',
    `A transaction has ${operations} operations, above the limit of ${kvLimits.operationsPerTransactionMax}. Split it.`,
  )
}
