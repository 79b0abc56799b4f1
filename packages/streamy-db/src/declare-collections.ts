// Declares the indexes of the collections that a database is opened with, so that handlers find them maintained from the
// first document on.

import type { CollectionDefinition } from '@streamy-db/documents'
import type { Database } from './layered-database.ts'

/** Resolves when they are declared; closes the database, and rejects, when one of them cannot be. */
export async function declareCollections(db: Database, collections: readonly CollectionDefinition[]): Promise<void> {
  try {
    for (const definition of collections) await db.collection(definition).ready()
  } catch (error) {
    await db.close()
    throw error
  }
}
