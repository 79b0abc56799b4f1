// ClusterRun: transactions of documents on engines with several partitions, each compared with the model at the position
// at which it came to an end.

import { deepStrictEqual } from 'node:assert/strict'
import type { Call } from '@streamy-db/core'
import type { ClusterOptions } from '@streamy-db/core/testing'
import { ClusterPort, treeShape } from '@streamy-db/kv/testing'
import { parseCatalogue } from '../catalogue/catalogue.ts'
import { declaredIndexes, type IndexOptions } from '../catalogue/index-definition.ts'
import { CollectionCalls } from '../collection/collection-calls.ts'
import { TouchPrediction } from '../collection/touch-prediction.ts'
import { primaryEpoch, treeOf } from '../collection-name.ts'
import { documentActors } from '../document-actors.ts'
import { textOfId } from '../document-id.ts'
import { filterText } from '../filter/filter.ts'
import { itemOf, keysOf } from '../index-keys/index-keys.ts'
import type { FindPage } from '../query/find-query.ts'
import { sortDocuments } from '../query/sort-documents.ts'
import { textOfValue } from '../stored-text.ts'
import { CollectionModel, type ModelResult } from './collection-model.ts'
import type { RandomQuery, RandomWrite } from './document-arbitraries.ts'
import { executed, resultOf } from './embedded-run.ts'
import { modelIndexes } from './model-indexes.ts'
import { operationOf } from './write-operations.ts'

type Indexes = Readonly<Record<string, IndexOptions>>

interface Sent {
  readonly writes: readonly RandomWrite[]
  readonly newIds: readonly string[]
  readonly result: ModelResult
  readonly position: number
}

/** One cluster, from round to round. */
export class ClusterRun {
  readonly #port: ClusterPort
  readonly #calls = new CollectionCalls('model')
  readonly #model: CollectionModel
  readonly #prediction: TouchPrediction
  #upserts = 0

  constructor(placement: readonly number[], faults: ClusterOptions['faults'], unique: Indexes) {
    const options = { placement, seed: 'documents', ...(faults === undefined ? {} : { faults }) }
    this.#port = new ClusterPort(options, documentActors)
    this.#prediction = new TouchPrediction(this.#port, this.#calls, 'model')
    this.#model = new CollectionModel(modelIndexes(unique))
  }

  async declare(indexes: Indexes): Promise<void> {
    const declared = declaredIndexes(indexes)
    if (declared.length === 0) return
    await this.#run(this.#port.execute([this.#calls.declare(textOfValue(declared, 'indexes'))]))
  }

  /** Sends transactions at once, together with declarations of indexes. */
  async round(sent: readonly (readonly RandomWrite[])[], added: Indexes): Promise<void> {
    const declaring = this.declare(added)
    const ran = sent.map((writes) => this.#send(writes))
    await this.#port.run()
    await declaring
    for (const { writes, newIds, result, position } of (await Promise.all(ran)).sort((a, b) => a.position - b.position))
      deepStrictEqual(result, this.#model.apply(writes, newIds), `at ${position}`)
  }

  /** Asks in a transaction: what it reads is fixed by the log order. */
  async query({ filter, sort }: RandomQuery): Promise<void> {
    const query = { collection: 'model', filter: filterText(filter), sort: [], hint: undefined }
    const documents: unknown[] = []
    let after: string | undefined
    // Nobody writes between the pages.
    do {
      const { results } = await this.#run(this.#port.execute([this.#calls.read(query, after, 1000)]))
      // What the message `read` returns.
      const page = results[0] as FindPage
      documents.push(...page.documents)
      after = page.next
    } while (after !== undefined)
    deepStrictEqual(
      sortDocuments(documents, []),
      this.#model.find({ filter, sort: undefined, skip: 0, limit: undefined }),
      sort === undefined ? undefined : 'sorted',
    )
  }

  /** Looks at all documents and indexes when tells and builds are over. */
  async checkAtRest(): Promise<void> {
    this.#port.cluster.tick(1_000_000)
    await this.#port.run()
    const { all } = this.#model
    const ids = all.map((document) => textOfId('model', document['_id']))
    await this.#checkTree(primaryEpoch, ids)
    const text = (await this.#ask(this.#calls.catalogueText())) as string | undefined
    for (const index of parseCatalogue(text).content.indexes) deepStrictEqual(index.state, 'ready')
    for (const index of parseCatalogue(text).maintained) {
      const items = all.flatMap((document, place) =>
        keysOf('model', index, document).texts.map((keyText) => ({
          keyText,
          item: itemOf(keyText, ids[place]!),
          id: ids[place],
        })),
      )
      await this.#checkTree(
        index.epoch,
        items.map(({ item }) => item),
      )
      if (index.unique)
        for (const { keyText, id } of items)
          deepStrictEqual(await this.#ask(this.#calls.owner(index.epoch, keyText)), id)
    }
  }

  attempts(): readonly number[] {
    return this.#port.cluster.attempts()
  }

  async #checkTree(epoch: number, items: readonly string[]): Promise<void> {
    const { keys, offences } = await treeShape(treeOf('model', epoch), (call) => this.#ask(call))
    deepStrictEqual(offences, [])
    deepStrictEqual(
      keys,
      [...items].sort((a, b) => (a < b ? -1 : 1)),
    )
  }

  async #send(writes: readonly RandomWrite[]): Promise<Sent> {
    let position = 0
    const newIds = writes.map(() => `new ${this.#upserts++}`)
    const operations = writes.map((write, index) => operationOf('model', write, newIds[index]!))
    const result = await resultOf(() =>
      executed(
        this.#calls,
        operations,
        (call) =>
          this.#port.executeAt([call], (at) => {
            position = at
          }),
        this.#prediction,
      ),
    )
    return { writes, newIds, result, position }
  }

  async #run<Result>(running: Promise<Result>): Promise<Result> {
    await this.#port.run()
    return await running
  }

  async #ask(call: Call): Promise<unknown> {
    return (await this.#port.query([call]))[0]
  }
}
