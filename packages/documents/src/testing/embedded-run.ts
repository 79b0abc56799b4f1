// EmbeddedRun: transactions of documents on an embedded database, each compared with the model, with crashes in between.

import { deepStrictEqual } from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Call } from '@streamy-db/core'
import { kvActors } from '@streamy-db/kv'
import { type Database, layerPortOf, open } from '@streamy-db/runtime'
import type { IndexOptions } from '../catalogue/index-definition.ts'
import type { DocumentResult } from '../storage/document-operation.ts'
import type { WriteOperation, WriteOutcome } from '../storage/write-operation.ts'
import { type DirectWrite, directOutcome, directWrite } from '../collection/direct-write.ts'
import type { TouchPrediction } from '../collection/touch-prediction.ts'
import { textOfId } from '../document-id.ts'
import { CollectionCalls } from '../collection/collection-calls.ts'
import { defineCollection } from '../collection/collection-definition.ts'
import { Collection } from '../collection/collection.ts'
import { documentActors } from '../document-actors.ts'
import { CollectionModel, type ModelResult } from './collection-model.ts'
import { compareQuery } from './compare-queries.ts'
import type { RandomQuery, RandomWrite } from './document-arbitraries.ts'
import { modelIndexes } from './model-indexes.ts'
import { operationOf } from './write-operations.ts'

type Indexes = Readonly<Record<string, IndexOptions>>

/** One database, from round to round. */
export class EmbeddedRun {
  readonly #model: CollectionModel
  readonly #unique: Indexes
  readonly #names: string[] = []
  #directory: string
  #db: Database | undefined
  #upserts = 0
  /** Answers of queries that an index other than that of all ids has given. */
  answered = 0

  constructor(directory: string, unique: Indexes) {
    this.#directory = directory
    this.#unique = unique
    this.#model = new CollectionModel(modelIndexes(unique))
  }

  async open(): Promise<void> {
    this.#db = await open(this.#directory, { actors: [...kvActors, ...documentActors], onIncident: failOnIncident })
    await this.#collection(this.#unique).ready()
    this.#names.push(...Object.keys(this.#unique).filter((name) => !this.#names.includes(name)))
  }

  async close(): Promise<void> {
    await this.#db?.close()
  }

  /** What a crash leaves: the log, and no state. */
  async reopen(crashes: boolean): Promise<void> {
    const copy = `${this.#directory}x`
    if (crashes) await cp(join(this.#directory, 'log'), join(copy, 'log'), { recursive: true })
    await this.close()
    if (crashes) this.#directory = copy
    await this.open()
  }

  /** Declares indexes while transactions run, and drops one. */
  async round(sent: readonly (readonly RandomWrite[])[], added: Indexes, dropped: string | undefined): Promise<void> {
    const port = layerPortOf(this.#db!)
    const calls = new CollectionCalls('model')
    const declaring = this.#collection(added).ready()
    const done = await Promise.all(
      sent.map(async (writes) => {
        const newIds = writes.map(() => `new ${this.#upserts++}`)
        const operations = writes.map((write, index) => operationOf('model', write, newIds[index]!))
        return {
          writes,
          newIds,
          result: await resultOf(() => executed(calls, operations, (call) => port.execute([call]))),
        }
      }),
    )
    await declaring
    this.#names.push(...Object.keys(added).filter((name) => !this.#names.includes(name)))
    // One partition runs them in the order in which they were sent.
    for (const { writes, newIds, result } of done) deepStrictEqual(result, this.#model.apply(writes, newIds))
    if (dropped !== undefined && this.#names.includes(dropped)) {
      deepStrictEqual(await this.#collection({}).dropIndex(dropped), true)
      this.#names.splice(this.#names.indexOf(dropped), 1)
    }
  }

  async query(query: RandomQuery): Promise<void> {
    this.answered += (await compareQuery(this.#collection({}), this.#model, query, this.#names)) - 1
  }

  /** Looks at all documents and indexes when builds are over. */
  async checkAtRest(): Promise<void> {
    const collection = this.#collection({})
    await collection.waitForIndexes({ everyMs: 1 })
    deepStrictEqual(await collection.verifyIndexes(), [])
    deepStrictEqual(await collection.find({}).toArray(), this.#model.all)
    deepStrictEqual(await collection.countDocuments({}), this.#model.all.length)
  }

  #collection(indexes: Indexes): Collection {
    return new Collection(this.#db!, defineCollection('model', { indexes }), true)
  }
}

/** Runs operations the way a collection does: one that names its document by an actor of its own. */
export async function executed(
  calls: CollectionCalls,
  operations: readonly WriteOperation[],
  execute: (call: Call) => Promise<{ readonly results: readonly unknown[] }>,
  prediction?: TouchPrediction,
): Promise<readonly WriteOutcome[]> {
  const direct = operations.length === 1 ? (directWrite(operations[0]!) ?? directInsert(operations[0]!)) : undefined
  if (direct === undefined) return (await execute(calls.write(operations, []))).results[0] as WriteOutcome[]
  // Without a prediction nothing is awaited: transactions are run in the order in which they are sent.
  const touches = prediction === undefined ? [] : await prediction.touches(direct.idText, direct.operation)
  const { results } = await execute(calls.writeDocument(direct.idText, direct.operation, touches))
  // What the message `write` of a document returns.
  const result = results[0] as DocumentResult
  prediction?.learn(result)
  return [directOutcome(direct, result)]
}

function directInsert(operation: WriteOperation): DirectWrite | undefined {
  if (operation.kind !== 'insert') return undefined
  const { document } = operation
  const id = (document as { readonly _id?: unknown })._id
  return { idText: textOfId('model', id), operation: { kind: 'insert', document }, id }
}

/** What a transaction came to, as the model says it. */
export async function resultOf(execute: () => Promise<readonly WriteOutcome[]>): Promise<ModelResult> {
  try {
    return (await execute()).map(({ matched, modified }) => ({ matched, modified }))
  } catch (error) {
    if (error instanceof Error) return error.name
    throw error
  }
}

function failOnIncident({ reason }: { readonly reason: string }): void {
  throw new Error(`An incident: ${reason}`)
}
