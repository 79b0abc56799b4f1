// Keeps the indexes of a collection in line with one document: what it had in them and has no longer is removed first,
// then unique keys are claimed, then the new keys are listed. It runs in the document's handler, within its transaction.

import type { Actor, LocalReference } from '@streamy-db/actors'
import { OrderedIndex } from '@streamy-db/kv'
import { CatalogueActor } from '../catalogue/catalogue-actor.ts'
import { type Catalogue, type CollectionIndex, parseCatalogue } from '../catalogue/catalogue.ts'
import { primaryEpoch, treeOf, uniqueKey } from '../collection-name.ts'
import { itemOf, keysOf } from '../index-keys/index-keys.ts'
import { DeclaredLeaves } from './declared-leaves.ts'
import { UniqueEntry } from './unique-entry.ts'

/** A key of a unique index that another document has. */
export interface UniqueConflict {
  readonly index: string
  readonly epoch: number
  readonly keyText: string
  /** The text of the other's id. */
  readonly owner: string
}

/** An item, and the epoch of its index. */
export type StrayedItem = readonly [epoch: number, item: string]

interface KeyChange {
  readonly index: CollectionIndex
  readonly removed: readonly string[]
  readonly added: readonly string[]
}

/** The indexes of a collection, for one document. */
export class IndexMaintenance {
  readonly #actor: Actor
  readonly #collection: string
  readonly #idText: string
  readonly #catalogue: Catalogue

  readonly #leaves: DeclaredLeaves
  readonly #strayed: StrayedItem[] = []

  /** Works for the document `idText` in the handler of `actor` that runs; `touches` are what was declared for it. */
  constructor(actor: Actor, collection: string, idText: string, touches: readonly string[]) {
    this.#actor = actor
    this.#leaves = new DeclaredLeaves(touches)
    this.#collection = collection
    this.#idText = idText
    this.#catalogue = parseCatalogue(actor.actor(CatalogueActor, collection).text())
  }

  /** Items that were not in the leaves that were declared for them. */
  get strayed(): readonly StrayedItem[] {
    return this.#strayed
  }

  /**
   * Brings all indexes from what the document was to what it is; undefined stands for no document. Answers the unique
   * keys that others have: either one of those gives it up in this transaction, or the transaction must not commit.
   */
  change(before: unknown, after: unknown): readonly UniqueConflict[] {
    if (before !== undefined && after === undefined) this.#removeItem(primaryEpoch, this.#idText)
    const changes = this.#catalogue.maintained.map((index) => this.#keyChange(index, before, after))
    for (const { index, removed } of changes) for (const text of removed) this.#remove(index, text)
    const conflicts = changes.flatMap(({ index, added }) => this.#claim(index, added))
    for (const { index, added } of changes) for (const text of added) this.#list(index, text)
    if (before === undefined && after !== undefined) this.#insertItem(primaryEpoch, this.#idText)
    return conflicts
  }

  /** Puts the document into an index that is being built; adding twice is adding once. */
  build(epoch: number, document: unknown): readonly UniqueConflict[] {
    const index = this.#catalogue.maintained.find((maintained) => maintained.epoch === epoch)
    if (index === undefined) return []
    const { added } = this.#keyChange(index, undefined, document)
    const conflicts = this.#claim(index, added)
    if (conflicts.length === 0) for (const text of added) this.#list(index, text)
    return conflicts
  }

  /** Claims keys that others had when the document changed, as far as it still has them. */
  claimAgain(document: unknown): readonly UniqueConflict[] {
    return this.#catalogue.maintained.flatMap((index) =>
      index.unique ? this.#claim(index, keysOf(this.#collection, index, document).texts) : [],
    )
  }

  #keyChange(index: CollectionIndex, before: unknown, after: unknown): KeyChange {
    const old = before === undefined ? nothing : keysOf(this.#collection, index, before).texts
    if (after === undefined) return { index, removed: old, added: nothing }
    const { texts, multikey } = keysOf(this.#collection, index, after)
    if (multikey && !index.multikey) this.#actor.actor(CatalogueActor, this.#collection).becomeMultikey(index.epoch)
    return { index, removed: without(old, texts), added: without(texts, old) }
  }

  #remove(index: CollectionIndex, keyText: string): void {
    this.#removeItem(index.epoch, itemOf(keyText, this.#idText))
    if (index.unique) this.#entry(index, keyText).release(this.#idText)
  }

  #claim(index: CollectionIndex, texts: readonly string[]): UniqueConflict[] {
    if (!index.unique) return []
    const { name, epoch } = index
    return texts
      .map((keyText) => ({ index: name, epoch, keyText, owner: this.#entry(index, keyText).claim(this.#idText) }))
      .filter(({ owner }) => owner !== this.#idText)
  }

  #list(index: CollectionIndex, keyText: string): void {
    this.#insertItem(index.epoch, itemOf(keyText, this.#idText))
  }

  #insertItem(epoch: number, item: string): void {
    const tree = treeOf(this.#collection, epoch)
    const leaf = this.#leaves.leafOf(tree, item)
    this.#note(epoch, item, leaf, new OrderedIndex(this.#actor, tree).insert(item, leaf))
  }

  #removeItem(epoch: number, item: string): void {
    const tree = treeOf(this.#collection, epoch)
    const leaf = this.#leaves.leafOf(tree, item)
    this.#note(epoch, item, leaf, new OrderedIndex(this.#actor, tree).remove(item, leaf))
  }

  #note(epoch: number, item: string, declared: string | undefined, found: string): void {
    if (declared !== undefined && declared !== found) this.#strayed.push([epoch, item])
  }

  #entry(index: CollectionIndex, keyText: string): LocalReference<UniqueEntry> {
    return this.#actor.actor(UniqueEntry, uniqueKey(this.#collection, index.epoch, keyText))
  }
}

const nothing: readonly string[] = []

function without(texts: readonly string[], others: readonly string[]): readonly string[] {
  if (others.length === 0) return texts
  if (texts.length === 1 && others.length === 1) return texts[0] === others[0] ? nothing : texts
  const known = new Set(others)
  return texts.filter((text) => !known.has(text))
}
