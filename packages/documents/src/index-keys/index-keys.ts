// The keys of one document in one index, as the text that stands in the ordered index; and the document in such a text.
// A document has one key, or, where arrays are met, one for each combination of values.
//
//   item   fields of the index · id of the document · length of the id's text, two characters

import { textOfBytes } from '@streamy-db/kv'
import { byUnits } from './compare-values.ts'
import type { CollectionIndex, IndexField } from '../catalogue/catalogue.ts'
import { IndexKeyInvalid } from '../document-errors.ts'
import { documentLimits } from '../limits.ts'
import { encodeKeyValue, invertBytes, KeyNotEncodable } from './index-key-codec.ts'
import { type PathValues, valuesAt } from './path-values.ts'

/** The keys of a document in an index, without its id. */
export interface DocumentKeys {
  /** Sorted, each once. */
  readonly texts: readonly string[]
  readonly multikey: boolean
}

const LENGTH_BASE = 200
const FIRST = 0x20
const nowhere: DocumentKeys = { texts: [], multikey: false }

/** The keys of a document. Throws {@link IndexKeyInvalid}. */
export function keysOf(collection: string, index: CollectionIndex, document: unknown): DocumentKeys {
  if (index.selects !== undefined && !index.selects.matches(document)) return nowhere
  const found = index.fields.map(({ parts }) => valuesAt(document, parts))
  if (index.sparse && found.every(isAbsent)) return nowhere
  const multikey = found.some(({ throughArray }) => throughArray)
  let keys: number[][] = [[]]
  for (const [place, { values }] of found.entries()) {
    const field = index.fields[place]!
    const items = values.length === 0 ? [undefined] : values
    if (keys.length * items.length > documentLimits.indexKeysPerDocumentMax) throw tooMany(collection, index)
    const ends = items.map((value) => fieldBytes(collection, index, field, value))
    keys = keys.flatMap((key) => ends.map((end) => key.concat(end)))
  }
  const texts = keys.map((key) => checkedText(collection, index, key))
  return { texts: texts.length === 1 ? texts : [...new Set(texts)].sort(byUnits), multikey }
}

/** The item that lists a document under a key. */
export function itemOf(keyText: string, idText: string): string {
  const { length } = idText
  return (
    keyText +
    idText +
    String.fromCharCode(FIRST + Math.floor(length / LENGTH_BASE)) +
    String.fromCharCode(FIRST + (length % LENGTH_BASE))
  )
}

/** The id's text in an item. */
export function idTextIn(item: string): string {
  const end = item.length - 2
  return item.slice(end - idLengthIn(item), end)
}

/** The key's text in an item. */
export function keyTextIn(item: string): string {
  return item.slice(0, item.length - 2 - idLengthIn(item))
}

function idLengthIn(item: string): number {
  const { length } = item
  return (item.charCodeAt(length - 2) - FIRST) * LENGTH_BASE + item.charCodeAt(length - 1) - FIRST
}

function fieldBytes(collection: string, index: CollectionIndex, field: IndexField, value: unknown): number[] {
  const bytes: number[] = []
  try {
    encodeKeyValue(bytes, value)
  } catch (error) {
    if (!(error instanceof KeyNotEncodable)) throw error
    throw invalid(collection, index, `holds ${error.message} at ${field.path}`)
  }
  if (field.descending) invertBytes(bytes, 0)
  return bytes
}

function checkedText(collection: string, index: CollectionIndex, key: readonly number[]): string {
  if (key.length <= documentLimits.indexKeyBytesMax) return textOfBytes(Uint8Array.from(key))
  throw invalid(collection, index, `has a key of ${key.length} bytes, above ${documentLimits.indexKeyBytesMax}`)
}

function isAbsent({ values }: PathValues): boolean {
  return values.every((value) => value === undefined)
}

function tooMany(collection: string, index: CollectionIndex): IndexKeyInvalid {
  return invalid(collection, index, `has more than ${documentLimits.indexKeysPerDocumentMax} keys through its arrays`)
}

function invalid(collection: string, index: CollectionIndex, problem: string): IndexKeyInvalid {
  return new IndexKeyInvalid(
    `A document of ${collection} ${problem} in the index ${index.name}. Nothing was written: shorten what it holds, ` +
      'or leave the field out of indexes.',
    { collection, index: index.name },
  )
}
