// Public face of the document layer, by name.

export { Collection, type FindAndWriteOptions } from './collection/collection.ts'
export {
  type CollectionDefinition,
  type CollectionOptions,
  defineCollection,
} from './collection/collection-definition.ts'
export { collectionInHandler, CollectionInHandler } from './collection/collection-in-handler.ts'
export type { BulkWrite, UpdateOptions } from './collection/collection-core.ts'
export type { IndexReport, WaitForIndexes } from './collection/collection-indexes.ts'
export type {
  AnyDocument,
  DocumentOf,
  DocumentSchema,
  FieldOperators,
  Filter,
  Insertable,
  PathOf,
  FieldProjection,
  Sort,
  Update,
  ValueAt,
} from './collection/document-types.ts'
export { type Explanation, FindCursor } from './collection/find-cursor.ts'
export type { FindOptions } from './collection/find-options.ts'
export {
  type CollectionHandle,
  CollectionInTransaction,
  TransactionDocuments,
} from './collection/transaction-documents.ts'
export type { CollectionView } from './collection/collection-view.ts'
export type { DocumentChange, WatchBatch, WatchOptions } from './collection/watch-documents.ts'
export type { BulkResult, UpdateResult } from './collection/write-results.ts'
export type { IndexOptions, IndexState } from './catalogue/index-definition.ts'
export { documentActors, documentActorsOf, documentErrors } from './document-actors.ts'
export {
  DocumentInvalid,
  type DocumentIssue,
  DuplicateKey,
  FilterInvalid,
  IndexConflict,
  IndexKeyInvalid,
  ScanRefused,
  TooManyDocuments,
  UpdateInvalid,
} from './document-errors.ts'
export type { DocumentId } from './document-id.ts'
export { documentLimits } from './limits.ts'
