// BuilderActor: fills an index that was declared over documents, and empties one that was dropped. It goes over all ids
// step by step, each step a transaction of its own that tells the next: so a build goes on by itself after a crash, and
// writers run in between. Writers maintain the index from its declaration on, so it does not matter in which order they
// and the builder meet a document.
//
// B1 When a step has passed an id, every document up to it is in the index, or was put there by its writer.

import { Actor, registerActor } from '@streamy-db/actors'
import { bytesOfText, OrderedIndex } from '@streamy-db/kv'
import { collectionOf, documentKey, epochOf, primaryEpoch, treeOf, uniqueKey } from '../collection-name.ts'
import { IndexKeyInvalid } from '../document-errors.ts'
import { keyTextIn } from '../index-keys/index-keys.ts'
import { decodeKeyValue } from '../index-keys/index-key-decoder.ts'
import { documentLimits } from '../limits.ts'
import type { DocumentActor } from '../storage/document-actor.ts'
import { UniqueEntry } from '../storage/unique-entry.ts'
import { CatalogueActor } from './catalogue-actor.ts'
import { parseCatalogue } from './catalogue.ts'

/** How far a build has come. */
export interface BuildProgress {
  /** Documents that were passed. */
  readonly documents: number
}

/** A build of the index of its key's epoch. */
export class BuilderActor extends Actor {
  documents = 0

  /** How far it has come. */
  progress(): BuildProgress {
    return { documents: this.documents }
  }

  /** Takes the next documents behind the id `after`, or the first, into the index. */
  build(after?: string): void {
    if (!this.isBuilding()) return this.destroy()
    const ids = this.keys(primaryEpoch, after, documentLimits.buildStepDocumentsMax)
    for (const idText of ids) {
      const failure = this.failureOf(idText)
      if (failure === undefined) continue
      this.tell(CatalogueActor, collectionOf(this.key)).failed(epochOf(this.key), failure)
      return
    }
    this.documents += ids.length
    if (ids.length < documentLimits.buildStepDocumentsMax) {
      // Within this transaction: nobody can insert a document that is neither passed nor maintained.
      this.actor(CatalogueActor, collectionOf(this.key)).built(epochOf(this.key))
      this.destroy()
    } else this.tell(BuilderActor, this.key).build(ids.at(-1))
  }

  /** Takes out what a dropped index holds. */
  clear(): void {
    const epoch = epochOf(this.key)
    const collection = collectionOf(this.key)
    const items = this.keys(epoch, undefined, documentLimits.clearStepKeysMax)
    const tree = new OrderedIndex(this, treeOf(collection, epoch))
    for (const item of items) {
      tree.remove(item)
      this.actor(UniqueEntry, uniqueKey(collection, epoch, keyTextIn(item))).clear()
    }
    if (items.length === documentLimits.clearStepKeysMax) this.tell(BuilderActor, this.key).clear()
    this.destroy()
  }

  private isBuilding(): boolean {
    const { maintained } = parseCatalogue(this.actor(CatalogueActor, collectionOf(this.key)).text())
    return maintained.some(({ epoch, state }) => epoch === epochOf(this.key) && state === 'building')
  }

  // Why a document cannot be in the index.
  private failureOf(idText: string): string | undefined {
    try {
      const conflict = this.actor<DocumentActor>('doc.Document', documentKey(collectionOf(this.key), idText)).build(
        epochOf(this.key),
      )
      return conflict && `The documents ${idOf(idText)} and ${idOf(conflict.owner)} have the same values.`
    } catch (error) {
      if (error instanceof IndexKeyInvalid) return error.message
      throw error
    }
  }

  private keys(epoch: number, after: string | undefined, limit: number): readonly string[] {
    const tree = new OrderedIndex(this, treeOf(collectionOf(this.key), epoch))
    const from = after === undefined ? '' : `${after}\u0001`
    return [...tree.pages({ from, to: undefined }, { descending: false, limit })].flat()
  }
}

registerActor(BuilderActor, {
  name: 'doc.Builder',
  errors: [IndexKeyInvalid],
  messages: { build: {}, clear: {} },
  queries: { progress: {} },
})

function idOf(idText: string): string {
  return String(decodeKeyValue(bytesOfText(idText)))
}
