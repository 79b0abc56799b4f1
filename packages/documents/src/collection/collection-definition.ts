// CollectionDefinition: a collection apart from any database: its name, its schema and its indexes. Given to `open`, its
// schema holds wherever documents are written, also within handlers; and handlers name it to have its types.

import { checkName } from '../collection-name.ts'
import { type DeclaredIndex, declaredIndexes, type IndexOptions } from '../catalogue/index-definition.ts'
import type { AnyDocument, DocumentOf, DocumentSchema } from './document-types.ts'

/** What a collection is declared with. */
export interface CollectionOptions<Document> {
  /** Documents are validated with it before they are sent, and what an update makes of them; synchronously. */
  readonly schema?: DocumentSchema<unknown, Document>
  /** Indexes that it shall have. Those that are not there are added; no other is taken away. */
  readonly indexes?: Readonly<Record<string, IndexOptions>>
  /** Names this state of the schema. Workers of a cluster must agree on it. */
  readonly version?: string
}

/** A declared collection; see `defineCollection`. */
export interface CollectionDefinition<Document extends AnyDocument = AnyDocument> {
  readonly name: string
  readonly schema: DocumentSchema<unknown, Document> | undefined
  readonly declared: readonly DeclaredIndex[]
  readonly version: string | undefined
}

/**
 * Declares a collection once, for whoever uses it.
 *
 * ```ts
 * export const users = defineCollection('users', { schema, indexes: { byEmail: { keys: { email: 1 }, unique: true } } })
 * const db = await open('./data', { actors: [], collections: [users] })
 * await db.collection(users).insertOne({ _id: 'u1', email: 'ada@example.org' })
 * ```
 */
export function defineCollection<Schema extends DocumentSchema<unknown, AnyDocument>>(
  name: string,
  options: { readonly schema: Schema } & Omit<CollectionOptions<unknown>, 'schema'>,
): CollectionDefinition<DocumentOf<Schema> & AnyDocument>
export function defineCollection<Document extends AnyDocument>(
  name: string,
  options?: CollectionOptions<Document>,
): CollectionDefinition<Document>
export function defineCollection<Document extends AnyDocument>(
  name: string,
  { schema, indexes = {}, version }: CollectionOptions<Document> = {},
): CollectionDefinition<Document> {
  checkName(name, 'collection')
  return { name, schema, declared: declaredIndexes(indexes), version }
}
