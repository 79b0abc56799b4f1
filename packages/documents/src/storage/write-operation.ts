// WriteOperation: a write as it is asked for, of whatever documents it meets; and what it came to. Types only.

import type { SortSpec } from '../query/query-plan.ts'
import type { ReturnDocument } from './document-operation.ts'

/** Which documents a write meets. */
export interface WriteTarget {
  /** The text of the filter. */
  readonly filter: string
  /** Whether all of them are written, or the first. */
  readonly many: boolean
  /** Which is the first. */
  readonly sort: SortSpec
  readonly hint: string | undefined
}

/** A write of one collection. Updates are texts; `newId` is the `_id` of what an upsert inserts, unless it names one. */
export type WriteOperation = { readonly collection: string; readonly returns: ReturnDocument } & (
  | { readonly kind: 'insert'; readonly document: unknown }
  | {
      readonly kind: 'update'
      readonly target: WriteTarget
      readonly update: string
      readonly newId: string | undefined
    }
  | {
      readonly kind: 'replace'
      readonly target: WriteTarget
      readonly document: unknown
      readonly newId: string | undefined
    }
  | { readonly kind: 'delete'; readonly target: WriteTarget }
)

/** What a write came to. */
export interface WriteOutcome {
  /** Documents that the filter matched. */
  readonly matched: number
  /** Of those, the ones that were changed or deleted. */
  readonly modified: number
  /** The `_id` of the document that was inserted. */
  readonly insertedId: unknown
  /** The document that was asked for. */
  readonly document: unknown
}
