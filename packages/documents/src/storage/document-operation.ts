// DocumentOperation: what a write does to one document, as it travels to the document's actor. Types only.

import type { StrayedItem, UniqueConflict } from './index-maintenance.ts'

/** What the writer wants to see of the document. */
export type ReturnDocument = 'nothing' | 'before' | 'after'

/** A write of one document; filters and updates are texts, and a document that a filter does not match is left alone. */
export type DocumentOperation = { readonly returns?: ReturnDocument } & (
  | { readonly kind: 'insert'; readonly document: unknown }
  | { readonly kind: 'replace'; readonly document: unknown; readonly filter?: string }
  // `upsert` is what the update starts from where there is no document.
  | { readonly kind: 'update'; readonly update: string; readonly filter?: string; readonly upsert?: unknown }
  | { readonly kind: 'delete'; readonly filter?: string }
)

/** What a write came to. */
export interface DocumentResult {
  /** Whether there was a document that the filter matches. */
  readonly matched: boolean
  /** Whether the document was written, or deleted. */
  readonly modified: boolean
  readonly inserted: boolean
  readonly document: unknown
  /** Unique keys that others have: for whoever has asked to settle them later. */
  readonly conflicts: readonly UniqueConflict[]
  /** Items of indexes that were not where the writer believed: it should look again. */
  readonly strayed: readonly StrayedItem[]
}
