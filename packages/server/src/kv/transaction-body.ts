// The body of a transaction: from JSON to what the layer takes. The layer checks what the parts mean; here it is checked
// that they are of the types that it rests on, since JSON may hold anything.

import type { KvAssert, KvGet, KvTransaction, KvUpdate } from '@streamy-db/kv'
import { HttpProblem } from '../http/http-problem.ts'

type Members = Readonly<Record<string, (value: unknown, where: string) => void>>

/** The transaction that typed JSON stands for. Throws BODY_INVALID. */
export function transactionOf(body: unknown): KvTransaction {
  const { asserts, updates, gets } = objectWith(body, 'The body', { asserts: isList, updates: isList, gets: isList })
  return {
    ...(asserts !== undefined && { asserts: (asserts as unknown[]).map(assertOf) }),
    ...(updates !== undefined && { updates: (updates as unknown[]).map(updateOf) }),
    ...(gets !== undefined && { gets: (gets as unknown[]).map(getOf) }),
  }
}

// What follows has members of the right types, and no others; the layer's types say the same of it.

function assertOf(assert: unknown, index: number): KvAssert {
  const members = isObject(assert) && 'range' in assert ? rangeAssert : entryAssert
  return objectWith(assert, `asserts[${index}]`, members) as unknown as KvAssert
}

function updateOf(update: unknown, index: number): KvUpdate {
  return objectWith(update, `updates[${index}]`, updateMembers) as unknown as KvUpdate
}

function getOf(get: unknown, index: number): KvGet {
  const where = `gets[${index}]`
  if (Array.isArray(get)) return get as KvGet
  return objectWith(get, where, rangeGet) as unknown as KvGet
}

const anything = (): void => {}
const isKey = isList
const entryAssert: Members = {
  key: isKey,
  value: anything,
  not: anything,
  version: isTextOrNull,
  exists: isBoolean,
  lt: anything,
  lte: anything,
  gt: anything,
  gte: anything,
}
const range: Members = { prefix: isKey, start: isKey, end: isKey }
const rangeAssert: Members = { range: isRange, empty: isBoolean, count: isCount, entries: areEntries }
const rangeGet: Members = { range: isRange, limit: isCount, reverse: isBoolean, cursor: isText }
const updateMembers: Members = {
  set: isKey,
  delete: isKey,
  deleteRange: isRange,
  sum: isKey,
  min: isKey,
  max: isKey,
  append: isKey,
  value: anything,
  expireIn: isCount,
}

function isRange(value: unknown, where: string): void {
  objectWith(value, where, range)
}

function areEntries(value: unknown, where: string): void {
  isList(value, where)
  for (const [index, entry] of (value as unknown[]).entries())
    objectWith(entry, `${where}[${index}]`, { key: isKey, version: isText })
}

function isList(value: unknown, where: string): void {
  if (!Array.isArray(value)) throw wrong(where, 'a list')
}

function isText(value: unknown, where: string): void {
  if (typeof value !== 'string') throw wrong(where, 'a text')
}

function isTextOrNull(value: unknown, where: string): void {
  if (value !== null) isText(value, where)
}

function isBoolean(value: unknown, where: string): void {
  if (typeof value !== 'boolean') throw wrong(where, 'true or false')
}

function isCount(value: unknown, where: string): void {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw wrong(where, 'a whole number')
}

function objectWith(value: unknown, where: string, members: Members): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw wrong(where, 'an object')
  for (const [name, member] of Object.entries(value)) {
    const check = Object.hasOwn(members, name) ? members[name] : undefined
    if (check === undefined)
      throw new HttpProblem(
        'BODY_INVALID',
        `${where} has a member ${name}. It may have: ${Object.keys(members).join(', ')}.`,
      )
    check(member, where === 'The body' ? name : `${where}.${name}`)
  }
  return value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function wrong(where: string, wanted: string): HttpProblem {
  return new HttpProblem('BODY_INVALID', `${where} must be ${wanted}.`)
}
