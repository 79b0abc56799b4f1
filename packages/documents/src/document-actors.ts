// The actor classes of the layer, which a database must be opened with, and the errors that they throw.

import { createHash } from 'node:crypto'
import { type ActorClass, type ActorErrorClass, registerActor } from '@streamy-db/actors'
import { BuilderActor } from './catalogue/builder-actor.ts'
import { CatalogueActor } from './catalogue/catalogue-actor.ts'
import type { CollectionDefinition } from './collection/collection-definition.ts'
import {
  DocumentInvalid,
  DuplicateKey,
  FilterInvalid,
  IndexConflict,
  IndexKeyInvalid,
  ScanRefused,
  TooManyDocuments,
  UpdateInvalid,
} from './document-errors.ts'
import { ReaderActor } from './query/reader-actor.ts'
import { DocumentActor } from './storage/document-actor.ts'
import { holdTo } from './storage/document-schemas.ts'
import { documentsVersion } from './storage/documents-version.ts'
import { UniqueEntry } from './storage/unique-entry.ts'
import { WriterActor } from './storage/writer-actor.ts'

const others = [UniqueEntry, CatalogueActor, BuilderActor, ReaderActor, WriterActor] as const

/** To be added to the actors that a database is opened with, beside those of the key-value layer, whose index they use. */
export const documentActors: readonly ActorClass[] = [DocumentActor, ...others]

/** The same, holding the documents of these collections to their schemas wherever they are written. */
export function documentActorsOf(collections: readonly CollectionDefinition[]): readonly ActorClass[] {
  const held = collections.filter(({ schema }) => schema !== undefined)
  if (held.length === 0) return documentActors
  class HeldDocument extends DocumentActor {}
  registerActor(HeldDocument, { name: 'doc.Document', version: versionOf(held), errors: documentErrors })
  holdTo(HeldDocument, new Map(held.map(({ name, schema }) => [name, schema!])))
  return [HeldDocument, ...others]
}

/** Clients of a cluster meet these before their process has made one: `errors` of `connect`; `streamy-db` adds them. */
export const documentErrors: readonly ActorErrorClass[] = [
  DocumentInvalid,
  DuplicateKey,
  FilterInvalid,
  IndexConflict,
  IndexKeyInvalid,
  ScanRefused,
  TooManyDocuments,
  UpdateInvalid,
]

// Names fit a version, lists of them may not.
function versionOf(collections: readonly CollectionDefinition[]): string {
  const names = collections.map(({ name, version = '' }) => `${name} ${version}`).toSorted()
  const hash = createHash('sha256').update(names.join('\0')).digest('hex').slice(0, 32)
  return `${documentsVersion}, schemas ${hash}`
}
