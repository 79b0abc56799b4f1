// CatalogueActor: the indexes of one collection. Every write reads it, shared, to know what to maintain; every query, to
// know what it may use. It is written only when indexes come, go, become ready, or meet their first array.
//
//   declared --collection empty--> ready          building --a duplicate--> failed --dropped--> gone
//   declared --documents there--> building --builder has passed all--> ready --dropped--> gone
//
// I1 From the position at which an index is there, every write maintains it.
// I2 An index is ready only when every document there is in it.
// I3 Epochs are never used twice, so what is left of a dropped index disturbs no other.

import { Actor, registerActor } from '@streamy-db/actors'
import { OrderedIndex } from '@streamy-db/kv'
import { builderKey, primaryEpoch, treeOf } from '../collection-name.ts'
import { IndexConflict } from '../document-errors.ts'
import { documentLimits } from '../limits.ts'
import { valueOfText } from '../stored-text.ts'
import type { BuilderActor } from './builder-actor.ts'
import { catalogueText, type CatalogueContent, parseCatalogue } from './catalogue.ts'
import { type DeclaredIndex, type IndexDefinition, sameIndex } from './index-definition.ts'

/** The catalogue of the collection that is its key. */
export class CatalogueActor extends Actor {
  content: string | undefined = undefined

  /** Its text; undefined when no index was ever declared. */
  text(): string | undefined {
    return this.content
  }

  /** Adds the indexes that are not there; `declared` is their text. Throws {@link IndexConflict}. */
  declare(declared: string): void {
    // What a client sends was checked by it; a definition that makes no sense maintains nothing and answers nothing.
    for (const index of valueOfText(declared) as readonly DeclaredIndex[]) this.add(index)
    this.leave()
  }

  /** Drops an index: from here on it is not used, and what it holds is removed in the background. False when absent. */
  drop(name: string): boolean {
    const { nextEpoch, indexes } = this.read()
    const dropped = indexes.find((index) => index.name === name)
    if (dropped === undefined) this.leave()
    else {
      this.write({ nextEpoch, indexes: indexes.filter((index) => index !== dropped) })
      this.tell<BuilderActor>('doc.Builder', builderKey(this.key, dropped.epoch)).clear()
    }
    return dropped !== undefined
  }

  /** Every document has passed the builder. */
  built(epoch: number): void {
    this.change(epoch, (index) => (index.state === 'building' ? { ...index, state: 'ready' } : index))
  }

  /** The builder has met what cannot be in the index. */
  failed(epoch: number, failure: string): void {
    this.change(epoch, (index) => ({ ...index, state: 'failed', failure }))
    this.tell<BuilderActor>('doc.Builder', builderKey(this.key, epoch)).clear()
  }

  /** A document has several keys in the index. */
  becomeMultikey(epoch: number): void {
    this.change(epoch, (index) => ({ ...index, multikey: true }))
  }

  private add(declared: DeclaredIndex): void {
    const { nextEpoch, indexes } = this.read()
    const there = indexes.find(({ name }) => name === declared.name)
    if (there !== undefined) {
      if (sameIndex(there, declared)) return
      throw conflict(this.key, declared.name, 'is there already, and differs: drop it first, or give it another name')
    }
    if (indexes.length >= documentLimits.indexesMax)
      throw conflict(this.key, declared.name, `is one more than the ${documentLimits.indexesMax} of a collection`)
    const state = this.isEmpty() ? 'ready' : 'building'
    const index: IndexDefinition = { ...declared, epoch: nextEpoch, state, multikey: false, failure: undefined }
    this.write({ nextEpoch: nextEpoch + 1, indexes: [...indexes, index] })
    if (state === 'building') this.tell<BuilderActor>('doc.Builder', builderKey(this.key, nextEpoch)).build()
  }

  private isEmpty(): boolean {
    const ids = new OrderedIndex(this, treeOf(this.key, primaryEpoch))
    return ids.pages({ from: '', to: undefined }, { descending: false, limit: 1 }).next().done === true
  }

  private change(epoch: number, to: (index: IndexDefinition) => IndexDefinition): void {
    const { nextEpoch, indexes } = this.read()
    this.write({ nextEpoch, indexes: indexes.map((index) => (index.epoch === epoch ? to(index) : index)) })
  }

  private read(): CatalogueContent {
    return parseCatalogue(this.content).content
  }

  private write(content: CatalogueContent): void {
    this.content = catalogueText(content)
  }

  private leave(): void {
    if (this.content === undefined) this.destroy()
  }
}

registerActor(CatalogueActor, {
  name: 'doc.Catalogue',
  errors: [IndexConflict],
  messages: { declare: {}, drop: {}, built: {}, failed: {}, becomeMultikey: {} },
  queries: { text: {} },
})

function conflict(collection: string, index: string, problem: string): IndexConflict {
  return new IndexConflict(`The index ${index} of ${collection} ${problem}.`, { collection, index })
}
