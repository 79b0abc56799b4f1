// Errors of the layer that reach whoever made the transaction; nothing of the transaction was written.

import { ActorError } from '@streamy-db/actors'

/** A document of this `_id`, or another with the same values of a unique index, is there already. */
export class DuplicateKey extends ActorError<{
  readonly collection: string
  /** `_id`, or the name of the unique index. */
  readonly index: string
  /** The `_id` of the document that was to be written. */
  readonly id: unknown
  /** The `_id` of the document that is there. */
  readonly existingId: unknown
}> {}

/** One thing wrong with a document. */
export interface DocumentIssue {
  readonly message: string
  /** Dotted, as in a filter; empty for the document itself. */
  readonly path: string
}

/** A document cannot be stored: what its schema, its keys, its values or its size offend against. */
export class DocumentInvalid extends ActorError<{
  readonly collection: string
  readonly issues: readonly DocumentIssue[]
}> {}

/** A filter, a sort or a projection that cannot be answered. */
export class FilterInvalid extends ActorError<{
  /** The operator that is unknown or misused, where it is one. */
  readonly operator: string | undefined
  readonly path: string
}> {}

/** An update that cannot be applied, to any document or to the one that it met. */
export class UpdateInvalid extends ActorError<{
  readonly operator: string | undefined
  readonly path: string
}> {}

/** A document has a key in an index that is too long, or too many of them. */
export class IndexKeyInvalid extends ActorError<{ readonly collection: string; readonly index: string }> {}

/** Indexes cannot be as they were declared: one of the name is there and differs, or is not there at all. */
export class IndexConflict extends ActorError<{ readonly collection: string; readonly index: string }> {}

/** A query would look at more documents without an index than is allowed unasked. */
export class ScanRefused extends ActorError<{ readonly collection: string; readonly documentsMax: number }> {}

/** One operation met more documents than it may write, or hold in memory. */
export class TooManyDocuments extends ActorError<{ readonly collection: string; readonly documentsMax: number }> {}
