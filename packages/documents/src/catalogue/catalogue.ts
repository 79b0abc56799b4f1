// Catalogue: the indexes of a collection, as its actor holds them in one text, and as writes and queries use them. What is
// made of a text is remembered; the text is a scalar, so reading the catalogue costs a write next to nothing.

import { BoundedMemo } from '../bounded-memo.ts'
import { primaryEpoch } from '../collection-name.ts'
import { compileFilter, type CompiledFilter } from '../filter/filter.ts'
import { textOfValue, valueOfText } from '../stored-text.ts'
import type { IndexDefinition } from './index-definition.ts'

/** What the catalogue's actor holds. */
export interface CatalogueContent {
  readonly nextEpoch: number
  readonly indexes: readonly IndexDefinition[]
}

/** An index ready for use. */
export interface CollectionIndex extends IndexDefinition {
  readonly fields: readonly IndexField[]
  /** Whether a document is in it; undefined for an index of all documents. */
  readonly selects: CompiledFilter | undefined
}

/** One field of an index. */
export interface IndexField {
  readonly path: string
  readonly parts: readonly string[]
  readonly descending: boolean
}

/** The indexes of a collection. */
export interface Catalogue {
  readonly content: CatalogueContent
  /** Those that writes maintain, in the order of their names. */
  readonly maintained: readonly CollectionIndex[]
  /** Those that queries may use, the primary one first. */
  readonly usable: readonly CollectionIndex[]
}

/** The index of all documents by their ids. Documents maintain it themselves. */
export const primaryIndex: CollectionIndex = {
  name: '_id',
  epoch: primaryEpoch,
  keys: [['_id', 1]],
  unique: true,
  sparse: false,
  where: undefined,
  state: 'ready',
  multikey: false,
  failure: undefined,
  fields: [{ path: '_id', parts: ['_id'], descending: false }],
  selects: undefined,
}

const noContent: CatalogueContent = { nextEpoch: 1, indexes: [] }
const memo = new BoundedMemo<Catalogue>(catalogueOf)

/** The catalogue of a text; undefined stands for a collection of which nothing was declared. */
export function parseCatalogue(text: string | undefined): Catalogue {
  return memo.get(text ?? '')
}

/** The text of a catalogue. */
export function catalogueText(content: CatalogueContent): string {
  return textOfValue(content, 'a catalogue')
}

function catalogueOf(text: string): Catalogue {
  // Only the catalogue's actor writes such texts.
  const content = text === '' ? noContent : (valueOfText(text) as CatalogueContent)
  const indexes = content.indexes.map(ready).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return {
    content,
    maintained: indexes.filter(({ state }) => state !== 'failed'),
    usable: [primaryIndex, ...indexes.filter(({ state }) => state === 'ready')],
  }
}

function ready(definition: IndexDefinition): CollectionIndex {
  return {
    ...definition,
    fields: definition.keys.map(([path, direction]) => ({
      path,
      parts: path.split('.'),
      descending: direction === -1,
    })),
    selects: definition.where === undefined ? undefined : compileFilter(definition.where),
  }
}
