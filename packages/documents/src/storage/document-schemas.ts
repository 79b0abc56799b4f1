// Which schemas the documents of a database are held to where they are written: those of the collections that it was
// opened with. Each such database has a class of documents of its own; whose schemas they are is kept here, beside it.

import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Schemas by the names of their collections. */
export type DocumentSchemas = ReadonlyMap<string, StandardSchemaV1>

const schemasOf = new WeakMap<object, DocumentSchemas>()
const none: DocumentSchemas = new Map()

/** Holds the documents of a class to schemas. */
export function holdTo(documentClass: object, schemas: DocumentSchemas): void {
  schemasOf.set(documentClass, schemas)
}

/** The schema that a document of an actor class is held to. */
export function schemaFor(
  document: { readonly constructor: object },
  collection: string,
): StandardSchemaV1 | undefined {
  return (schemasOf.get(document.constructor) ?? none).get(collection)
}
