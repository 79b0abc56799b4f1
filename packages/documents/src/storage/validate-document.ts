// Validates documents with their collection's schema, synchronously. Where a document is sent, what the schema makes of it
// is what is stored; where it is written, the schema only says whether it may be. So a schema must accept what it makes.

import { StreamyError } from '@streamy-db/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { checkDocument, type CheckedDocument, documentInvalid } from '../document-check.ts'

/** What the schema makes of a document. Throws DocumentInvalid, and OPTIONS_INVALID for a schema that needs to wait. */
export function validateDocument(collection: string, schema: StandardSchemaV1, document: unknown): CheckedDocument {
  return checkDocument(collection, validated(collection, schema, document))
}

/** Throws as {@link validateDocument} does, and changes nothing. */
export function checkSchema(collection: string, schema: StandardSchemaV1, document: CheckedDocument): void {
  validated(collection, schema, document)
}

function validated(collection: string, schema: StandardSchemaV1, document: unknown): unknown {
  const result = schema['~standard'].validate(document)
  if (result instanceof Promise || 'then' in result)
    throw new StreamyError(
      'OPTIONS_INVALID',
      `The schema of ${collection} validates asynchronously. Use a synchronous one: handlers cannot wait.`,
    )
  if (result.issues === undefined) return result.value
  throw documentInvalid(
    collection,
    result.issues.map(({ message, path = [] }) => ({ message, path: path.map(nameOf).join('.') })),
  )
}

function nameOf(segment: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof segment === 'object' ? segment.key : segment)
}
