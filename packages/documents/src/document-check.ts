// What a document may hold: what filters, indexes and the log all understand. Objects, arrays, strings, numbers, bigints,
// booleans, null, dates and bytes; names without dots and leading dollar signs. Fields that are undefined are left out.

import { freeze, type Packed, StreamyError } from '@streamy-db/core'
import { DocumentInvalid, type DocumentIssue } from './document-errors.ts'
import { isId } from './document-id.ts'
import { documentLimits } from './limits.ts'

/** A document that was checked: its own copy, without undefined fields. */
export type CheckedDocument = Readonly<Record<string, unknown>>

// Names that objects have without being given them: code that reads an object by name would meet those instead.
const reserved = new Set(['__proto__', 'constructor', 'prototype'])

/** A copy of a document that may be stored. Throws {@link DocumentInvalid}. */
export function checkDocument(collection: string, document: unknown): CheckedDocument {
  const issues: DocumentIssue[] = []
  const copy = copyOf(document, '', 0, issues)
  if (issues.length === 0 && !isObject(copy)) issues.push({ message: 'is no object', path: '' })
  if (isObject(copy) && !isId(copy['_id']))
    issues.push({ message: 'is missing or no string, number, bigint, boolean, date or bytes', path: '_id' })
  if (issues.length > 0) throw documentInvalid(collection, issues)
  checkSize(collection, copy as CheckedDocument)
  return copy as CheckedDocument
}

/** A copy of a document's value that shares nothing that can be changed, but bytes. */
export function copyValue(value: unknown): unknown {
  return copyOf(value, '', 0, [])
}

/** The error for a document with these issues. */
export function documentInvalid(collection: string, issues: readonly DocumentIssue[]): DocumentInvalid {
  const listed = issues.slice(0, 8).map(({ path, message }) => `${path === '' ? 'it' : path} ${message}`)
  return new DocumentInvalid(
    `A document of ${collection} cannot be stored: ${listed.join('; ')}. Nothing was written.`,
    { collection, issues },
  )
}

/** What is wrong with a value of a filter or an update; undefined when it could be part of a document. */
export function checkLiteral(value: unknown): string | undefined {
  if (value === undefined) return 'undefined: use null, or $exists'
  const issues: DocumentIssue[] = []
  copyOf(value, '', 0, issues)
  const [issue] = issues
  return issue === undefined
    ? undefined
    : `a value that ${issue.path === '' ? '' : `at ${issue.path} `}${issue.message}`
}

function copyOf(value: unknown, path: string, depth: number, issues: DocumentIssue[]): unknown {
  if (typeof value !== 'object' || value === null) {
    const problem = scalarProblem(value)
    if (problem !== undefined) issues.push({ message: problem, path })
    return value
  }
  if (depth >= documentLimits.documentDepthMax) {
    issues.push({ message: `is nested deeper than ${documentLimits.documentDepthMax} levels`, path })
    return undefined
  }
  if (Array.isArray(value)) return copyOfArray(value, path, depth, issues)
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) issues.push({ message: 'is an invalid date', path })
    return new Date(value.getTime())
  }
  if (value instanceof Uint8Array) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null)
    return copyOfObject(value as Readonly<Record<string, unknown>>, path, depth, issues)
  issues.push({ message: `is an instance of ${classOf(value)}: store its data as a plain object`, path })
  return undefined
}

function copyOfArray(items: readonly unknown[], path: string, depth: number, issues: DocumentIssue[]): unknown[] {
  const copy: unknown[] = []
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    if (item === undefined) issues.push({ message: 'is undefined in a list: use null', path: join(path, `${index}`) })
    copy.push(copyOf(item, join(path, `${index}`), depth + 1, issues))
  }
  return copy
}

function copyOfObject(
  object: Readonly<Record<string, unknown>>,
  path: string,
  depth: number,
  issues: DocumentIssue[],
): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(object)) {
    const problem = keyProblem(key)
    if (problem !== undefined) {
      issues.push({ message: problem, path: join(path, key) })
      continue
    }
    const value = object[key]
    if (value !== undefined) copy[key] = copyOf(value, join(path, key), depth + 1, issues)
  }
  return copy
}

function keyProblem(key: string): string | undefined {
  if (key === '') return 'is an empty name'
  if (key.includes('.')) return 'is a name with a dot, which a path could not reach: nest objects'
  if (key.startsWith('$')) return 'is a name that begins with a dollar sign, as operators do'
  if (key.includes('\0')) return 'is a name with a NUL'
  if (reserved.has(key)) return 'is a name that every object has'
  return key.isWellFormed() ? undefined : 'is a name with a lone surrogate'
}

function scalarProblem(value: unknown): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'is text with a lone surrogate'
  return typeof value === 'function' || typeof value === 'symbol' ? `is a ${typeof value}` : undefined
}

function checkSize(collection: string, document: CheckedDocument): void {
  const bytes = sizeOf(document)
  if (bytes <= documentLimits.documentBytesMax) return
  const message = `has ${bytes === Infinity ? '' : `${bytes} bytes, `}more than ${documentLimits.documentBytesMax} bytes`
  throw documentInvalid(collection, [{ message, path: '' }])
}

function sizeOf(document: CheckedDocument): number {
  try {
    return (freeze(document, 'a document') as Packed).bytes.length
  } catch (error) {
    if (error instanceof StreamyError && error.code === 'VALUE_TOO_LARGE') return Infinity
    throw error
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array)
  )
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function classOf(value: object): string {
  const { constructor } = value
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'a class'
}
