// IndexScan: goes over the documents that a plan leads to and a filter matches, in the order of the plan's index, within a
// handler. What it reads is fixed by the log order, so no document can appear behind its back.

import type { Actor } from '@streamy-db/actors'
import { type IndexRange, OrderedIndex } from '@streamy-db/kv'
import { documentKey, primaryEpoch, treeOf, uniqueKey } from '../collection-name.ts'
import type { CompiledFilter } from '../filter/filter.ts'
import { idTextIn, itemOf, keysOf } from '../index-keys/index-keys.ts'
import type { DocumentActor } from '../storage/document-actor.ts'
import { UniqueEntry } from '../storage/unique-entry.ts'
import type { QueryPlan } from './query-plan.ts'

/** A document that was found. */
export interface Found {
  readonly item: string
  readonly idText: string
  readonly document: unknown
}

/** How a scan goes. */
export interface ScanOptions {
  /** Behind this item; undefined for all. */
  readonly after: string | undefined
  /** Keys to look at, at most; then `isOver` stays false. */
  readonly keysMax: number
  /** Whether entries of unique keys are up to date, as they are but amid a transaction that swaps some. */
  readonly usesEntries: boolean
}

/** One pass over an index. */
export class IndexScan {
  readonly #actor: Actor
  readonly #collection: string
  readonly #plan: QueryPlan
  readonly #filter: CompiledFilter
  /** How much was looked at so far. */
  keysExamined = 0
  documentsExamined = 0
  /** The last key that was looked at. */
  lastItem: string | undefined = undefined
  /** Whether there is nothing behind that. */
  isOver = false

  constructor(actor: Actor, collection: string, plan: QueryPlan, filter: CompiledFilter) {
    this.#actor = actor
    this.#collection = collection
    this.#plan = plan
    this.#filter = filter
  }

  /** The documents. */
  *documents({ after, keysMax, usesEntries }: ScanOptions): Generator<Found> {
    const { point, index } = this.#plan
    if (point !== undefined && (index.epoch === primaryEpoch || usesEntries)) {
      if (after === undefined) yield* this.#pointed(point)
      this.isOver = true
      return
    }
    for (const item of this.items(after, keysMax)) {
      const idText = index.epoch === primaryEpoch ? item : idTextIn(item)
      const document = this.#load(idText)
      if (document === undefined || !this.#filter.matches(document)) continue
      if (!index.multikey || this.#isFirst(item, idText, document)) yield { item, idText, document }
    }
  }

  /** The items of the index behind `after`, or all; `keysMax` at most. */
  *items(after: string | undefined, keysMax: number): Generator<string> {
    const { ranges, descending, index } = this.#plan
    const tree = new OrderedIndex(this.#actor, treeOf(this.#collection, index.epoch))
    for (const range of descending ? ranges.toReversed() : ranges)
      for (const page of tree.pages(behind(range, after, descending), { descending, limit: Infinity }))
        for (const item of page) {
          if (this.keysExamined >= keysMax) return
          this.keysExamined += 1
          this.lastItem = item
          yield item
        }
    this.isOver = true
  }

  *#pointed(point: string): Generator<Found> {
    const { index } = this.#plan
    this.keysExamined += 1
    const idText =
      index.epoch === primaryEpoch
        ? point
        : this.#actor.actor(UniqueEntry, uniqueKey(this.#collection, index.epoch, point)).get()
    if (idText === undefined) return
    const document = this.#load(idText)
    if (document === undefined || !this.#filter.matches(document)) return
    const item = index.epoch === primaryEpoch ? idText : itemOf(point, idText)
    this.lastItem = item
    yield { item, idText, document }
  }

  #load(idText: string): unknown {
    this.documentsExamined += 1
    return this.#actor.actor<DocumentActor>('doc.Document', documentKey(this.#collection, idText)).get()
  }

  // A document with several keys in the ranges is met several times, and counts at the first.
  #isFirst(item: string, idText: string, document: unknown): boolean {
    const { index, ranges, descending } = this.#plan
    const items = keysOf(this.#collection, index, document).texts.map((text) => itemOf(text, idText))
    const within = items.filter((each) =>
      ranges.some(({ from, to }) => each >= from && (to === undefined || each < to)),
    )
    return (descending ? within.at(-1) : within[0]) === item
  }
}

function behind(range: IndexRange, after: string | undefined, descending: boolean): IndexRange {
  if (after === undefined) return range
  if (descending) return { from: range.from, to: range.to === undefined || after < range.to ? after : range.to }
  const next = `${after}\u0001`
  return { from: next > range.from ? next : range.from, to: range.to }
}
