// IndexDefinition: what an index of a collection is, as its user declares it and as the catalogue holds it.

import { StreamyError } from '@streamy-db/core'
import { checkName } from '../collection-name.ts'
import { checkFilter } from '../filter/filter-check.ts'
import { documentLimits } from '../limits.ts'

/** An index as it is declared; see `docs/documents.md`. */
export interface IndexOptions {
  /** Dotted paths, 1 for ascending and -1 for descending, in the order in which the index sorts. */
  readonly keys: Readonly<Record<string, 1 | -1>>
  /** Whether no two documents may have the same values. */
  readonly unique?: boolean
  /** Whether documents that lack all fields of the index are left out of it. */
  readonly sparse?: boolean
  /** A filter: documents that it does not match are left out of the index. */
  readonly where?: Readonly<Record<string, unknown>>
}

/** Where an index is in its life. Every write maintains it from `building` on; queries use it when it is `ready`. */
export type IndexState = 'building' | 'ready' | 'failed'

/** An index as the catalogue holds it. */
export interface IndexDefinition {
  readonly name: string
  /** Names the index's actors: no two indexes of a collection ever have the same. */
  readonly epoch: number
  readonly keys: readonly (readonly [path: string, direction: 1 | -1])[]
  readonly unique: boolean
  readonly sparse: boolean
  /** The filter of a partial index. */
  readonly where: Readonly<Record<string, unknown>> | undefined
  readonly state: IndexState
  /** Whether a document has met it whose arrays gave it several keys. */
  readonly multikey: boolean
  /** Why its build has failed. */
  readonly failure: string | undefined
}

/** The part of a definition that its user declares. */
export type DeclaredIndex = Pick<IndexDefinition, 'name' | 'keys' | 'unique' | 'sparse' | 'where'>

/** What was declared, checked. Throws OPTIONS_INVALID and FilterInvalid. */
export function declaredIndexes(indexes: Readonly<Record<string, IndexOptions>>): DeclaredIndex[] {
  const names = Object.keys(indexes)
  if (names.length > documentLimits.indexesMax) throw invalid('', `there are more than ${documentLimits.indexesMax}`)
  return names.map((name) => declaredIndex(name, indexes[name]!))
}

/** Whether two indexes of one name are the same index. */
export function sameIndex(a: DeclaredIndex, b: DeclaredIndex): boolean {
  return signatureOf(a) === signatureOf(b)
}

function declaredIndex(name: string, options: IndexOptions): DeclaredIndex {
  checkName(name, 'index')
  // Plain JavaScript may pass anything.
  const { keys, unique = false, sparse = false, where, ...rest } = options as IndexOptions & Record<string, unknown>
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined) throw invalid(name, `${unknown} is no option of an index`)
  if (name === '_id') throw invalid(name, 'every collection has an index of this name')
  const entries = Object.entries(keys ?? {})
  if (entries.length === 0 || entries.length > documentLimits.indexFieldsMax)
    throw invalid(name, `it needs 1 to ${documentLimits.indexFieldsMax} fields in keys`)
  for (const [path, direction] of entries) {
    if (!isPath(path)) throw invalid(name, `${JSON.stringify(path)} is no path to a field`)
    if (direction !== 1 && direction !== -1) throw invalid(name, `the direction of ${path} is neither 1 nor -1`)
  }
  if (where !== undefined) checkFilter(where)
  return { name, keys: entries, unique, sparse, where }
}

/** Whether a text is a dotted path: names that documents may have, and indexes into arrays. */
export function isPath(path: string): boolean {
  return path.split('.').every((part) => part !== '' && !part.startsWith('$') && part !== '__proto__')
}

function signatureOf({ keys, unique, sparse, where }: DeclaredIndex): string {
  return JSON.stringify([keys, unique, sparse, where === undefined ? undefined : describeValue(where)])
}

// JSON has no dates, bigints and bytes, which filters may hold.
function describeValue(value: unknown): unknown {
  if (typeof value === 'bigint') return { bigint: String(value) }
  if (value instanceof Date) return { date: value.getTime() }
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map(describeValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value).map(([key, item]) => [key, describeValue(item)])
}

function invalid(name: string, problem: string): StreamyError {
  return new StreamyError('OPTIONS_INVALID', `The index ${name} cannot be declared: ${problem}.`)
}
