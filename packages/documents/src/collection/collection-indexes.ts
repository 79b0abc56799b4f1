// CollectionIndexes: the indexes of a collection as a client declares, watches and drops them. Builds run in the database
// by themselves; nothing here drives them.

import type { LayerPort } from '@streamy-db/runtime'
import { type CatalogueContent, parseCatalogue } from '../catalogue/catalogue.ts'
import type { BuildProgress } from '../catalogue/builder-actor.ts'
import {
  type DeclaredIndex,
  declaredIndexes,
  type IndexDefinition,
  type IndexOptions,
  sameIndex,
} from '../catalogue/index-definition.ts'
import { IndexConflict } from '../document-errors.ts'
import { textOfValue } from '../stored-text.ts'
import type { CollectionCalls } from './collection-calls.ts'
import type { CollectionDefinition } from './collection-definition.ts'

/** An index as it is now. */
export interface IndexReport extends IndexDefinition {
  /** Documents that its build has passed, while it is being built. */
  readonly documentsBuilt: number | undefined
}

/** How builds are waited for. */
export interface WaitForIndexes {
  /** Told now and then how far builds have come. */
  readonly onProgress?: (indexes: readonly IndexReport[]) => void
  /** Milliseconds between looks. */
  readonly everyMs?: number
}

/** The indexes of one collection. */
export class CollectionIndexes {
  readonly #port: LayerPort
  readonly #calls: CollectionCalls
  readonly #definition: Pick<CollectionDefinition, 'name' | 'declared'>
  #declaring: Promise<void> | undefined

  constructor(port: LayerPort, calls: CollectionCalls, definition: Pick<CollectionDefinition, 'name' | 'declared'>) {
    this.#port = port
    this.#calls = calls
    this.#definition = definition
    this.#declaring = definition.declared.length === 0 ? Promise.resolve() : undefined
  }

  /** Resolves when those of the definition are declared. */
  declared(): Promise<void> {
    this.#declaring ??= this.#declare(this.#definition.declared).catch((error: unknown) => {
      // The next operation tries again.
      this.#declaring = undefined
      throw error
    })
    return this.#declaring
  }

  async list(): Promise<readonly IndexReport[]> {
    await this.declared()
    const { indexes } = await this.#read()
    const progress = await this.#port.query(indexes.map(({ epoch }) => this.#calls.progress(epoch)))
    // What the query `progress` returns.
    return indexes.map((index, place) => reportOf(index, progress[place] as BuildProgress))
  }

  async create(name: string, options: IndexOptions): Promise<void> {
    await this.declared()
    await this.#declare(declaredIndexes({ [name]: options }))
  }

  async drop(name: string): Promise<boolean> {
    await this.declared()
    const { results } = await this.#port.execute([this.#calls.dropIndex(name)])
    return results[0] === true
  }

  async wait({ onProgress, everyMs = 50 }: WaitForIndexes = {}): Promise<void> {
    for (;;) {
      const indexes = await this.list()
      onProgress?.(indexes)
      const failed = indexes.find(({ state }) => state === 'failed')
      if (failed !== undefined) throw buildFailed(this.#definition.name, failed)
      if (indexes.every(({ state }) => state === 'ready')) return
      await new Promise((resolve) => {
        setTimeout(resolve, everyMs)
      })
    }
  }

  async #declare(declared: readonly DeclaredIndex[]): Promise<void> {
    const { indexes } = await this.#read()
    const isThere = (wanted: DeclaredIndex): boolean =>
      indexes.some((index) => index.name === wanted.name && sameIndex(index, wanted))
    if (declared.every(isThere)) return
    await this.#port.execute([this.#calls.declare(textOfValue([...declared], 'indexes'))])
  }

  async #read(): Promise<CatalogueContent> {
    const [text] = (await this.#port.query([this.#calls.catalogueText()])) as [string | undefined]
    return parseCatalogue(text).content
  }
}

function reportOf(index: IndexDefinition, { documents }: BuildProgress): IndexReport {
  return { ...index, documentsBuilt: index.state === 'building' ? documents : undefined }
}

function buildFailed(collection: string, { name, failure }: IndexReport): IndexConflict {
  return new IndexConflict(
    `The index ${name} of ${collection} could not be built: ${failure ?? 'for no reason'} Drop it, mend that, and ` +
      'declare it again.',
    { collection, index: name },
  )
}
