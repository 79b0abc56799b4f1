// Validates a document with its collection's schema: synchronously, since handlers do it too.

import { StreamyError } from '@streamy-db/core'
import { checkDocument, type CheckedDocument, documentInvalid } from '../document-check.ts'
import type { DocumentSchema } from './document-types.ts'

/** What the schema makes of a document. Throws DocumentInvalid, and OPTIONS_INVALID for a schema that needs to wait. */
export function validateDocument(collection: string, schema: DocumentSchema, document: unknown): CheckedDocument {
  const result = schema['~standard'].validate(document)
  if (result instanceof Promise || 'then' in result)
    throw new StreamyError(
      'OPTIONS_INVALID',
      `The schema of ${collection} validates asynchronously. Use a synchronous one: handlers cannot wait.`,
    )
  if (result.issues === undefined) return checkDocument(collection, result.value)
  throw documentInvalid(
    collection,
    result.issues.map(({ message, path = [] }) => ({ message, path: path.map(nameOf).join('.') })),
  )
}

function nameOf(segment: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof segment === 'object' ? segment.key : segment)
}
