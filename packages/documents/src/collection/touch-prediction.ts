// TouchPrediction: what a write of one document will use beyond the document, worked out by whoever sends it from what is
// there now, so that it need not be tried again for it where there are partitions. It may be out of date, which costs
// another attempt and never the outcome. With one partition nothing is declared, and there is nothing to do.

import { LeafRouter } from '@streamy-db/kv'
import type { LayerPort } from '@streamy-db/runtime'
import { type Catalogue, parseCatalogue } from '../catalogue/catalogue.ts'
import { documentKey, primaryEpoch, treeOf, uniqueKey } from '../collection-name.ts'
import { itemOf, keysOf } from '../index-keys/index-keys.ts'
import { documentLimits } from '../limits.ts'
import type { DocumentOperation, DocumentResult } from '../storage/document-operation.ts'
import { outcomeOf } from '../storage/document-outcome.ts'
import type { CollectionCalls } from './collection-calls.ts'

const nothing: readonly string[] = []

/** Predicts for one collection. */
export class TouchPrediction {
  readonly #port: LayerPort
  readonly #calls: CollectionCalls
  readonly #collection: string
  readonly #routers = new Map<number, LeafRouter>()
  #catalogue: Promise<Catalogue> | undefined = undefined
  #readAt = 0

  constructor(port: LayerPort, calls: CollectionCalls, collection: string) {
    this.#port = port
    this.#calls = calls
    this.#collection = collection
  }

  /** Whether writes need to declare anything. */
  get isNeeded(): boolean {
    return this.#port.partitions > 1
  }

  /** What an operation on a document is expected to touch; nothing where it is expected to fail, or to change nothing. */
  async touches(idText: string, operation: DocumentOperation): Promise<readonly string[]> {
    if (!this.isNeeded) return nothing
    const before = operation.kind === 'insert' ? undefined : (await this.#port.query([this.#calls.getText(idText)]))[0]
    const after = afterwards(documentKey(this.#collection, idText), operation, before)
    if (after === before) return nothing
    const names = new Set<string>()
    if (before === undefined || after === undefined) names.add(`n${await this.#leafOf(primaryEpoch, idText)}`)
    for (const index of (await this.#readCatalogue()).maintained) {
      const old = before === undefined ? nothing : keysOf(this.#collection, index, before).texts
      const now = after === undefined ? nothing : keysOf(this.#collection, index, after).texts
      for (const text of [...old.filter((key) => !now.includes(key)), ...now.filter((key) => !old.includes(key))]) {
        names.add(`n${await this.#leafOf(index.epoch, itemOf(text, idText))}`)
        if (index.unique) names.add(`u${uniqueKey(this.#collection, index.epoch, text)}`)
      }
    }
    return [...names]
  }

  /** Takes note of where a write has gone. */
  learn({ strayed }: DocumentResult): void {
    for (const [epoch, item] of strayed) this.#router(epoch).wasWrong(item)
  }

  async #leafOf(epoch: number, item: string): Promise<string> {
    return await this.#router(epoch).leafOf(item)
  }

  #router(epoch: number): LeafRouter {
    const known = this.#routers.get(epoch)
    if (known !== undefined) return known
    const router = new LeafRouter(this.#port, treeOf(this.#collection, epoch))
    this.#routers.set(epoch, router)
    return router
  }

  #readCatalogue(): Promise<Catalogue> {
    const now = this.#port.now()
    if (this.#catalogue === undefined || now - this.#readAt > 1000 * documentLimits.catalogueKeptMs) {
      this.#readAt = now
      this.#catalogue = this.#port.query([this.#calls.catalogueText()]).then(([text]) => parseCatalogue(text as string))
      // Whoever waits hears of it; the next one asks again.
      this.#catalogue.catch(() => (this.#catalogue = undefined))
    }
    return this.#catalogue
  }
}

// What becomes of a document; as it is, where the operation will be refused.
function afterwards(key: string, operation: DocumentOperation, before: unknown): unknown {
  try {
    const { modified, after } = outcomeOf({ key }, operation, before, undefined)
    return modified ? after : before
  } catch {
    return before
  }
}
