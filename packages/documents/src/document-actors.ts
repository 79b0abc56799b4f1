// The actor classes of the layer, which a database must be opened with, and the errors that they throw.

import type { ActorClass, ActorErrorClass } from '@streamy-db/actors'
import { BuilderActor } from './catalogue/builder-actor.ts'
import { CatalogueActor } from './catalogue/catalogue-actor.ts'
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
import { UniqueEntry } from './storage/unique-entry.ts'
import { WriterActor } from './storage/writer-actor.ts'

/** To be added to the actors that a database is opened with, beside those of the key-value layer, whose index they use. */
export const documentActors: readonly ActorClass[] = [
  DocumentActor,
  UniqueEntry,
  CatalogueActor,
  BuilderActor,
  ReaderActor,
  WriterActor,
]

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
