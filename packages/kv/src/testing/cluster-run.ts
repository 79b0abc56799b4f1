// ClusterRun: transactions on engines with several partitions, each compared with the model at the position at which it
// came to an end.

import { deepStrictEqual } from 'node:assert/strict'
import type { Call } from '@streamy-db/core'
import type { ClusterOptions } from '@streamy-db/core/testing'
import type { Executed, LayerPort } from '@streamy-db/runtime'
import { textOfKey } from '../key-text.ts'
import { KvCalls } from '../kv-calls.ts'
import type { KvTransaction, KvTransactionResult } from '../kv-transaction-data.ts'
import { LeafRouter } from '../leaf-router.ts'
import { treeOf } from '../space-name.ts'
import { transact } from '../transact.ts'
import { versionOf } from '../version.ts'
import { ClusterPort } from './cluster-port.ts'
import { caught, compareResults } from './compare-results.ts'
import { KvModel } from './kv-model.ts'
import { treeShape } from './tree-check.ts'

interface Sent {
  readonly transaction: KvTransaction
  readonly result: KvTransactionResult | 'mismatch'
  readonly position: number
}

/** One cluster, from round to round. */
export class ClusterRun {
  readonly #port: ClusterPort
  readonly #model = new KvModel()
  readonly #router: LeafRouter

  constructor(placement: readonly number[], faults: ClusterOptions['faults']) {
    this.#port = new ClusterPort({ placement, seed: 'kv', ...(faults === undefined ? {} : { faults }) })
    this.#router = new LeafRouter(this.#port, treeOf('space'))
  }

  async round(sent: readonly KvTransaction[], tens: number): Promise<void> {
    const ran = sent.map((transaction) => this.#send(transaction))
    await this.#port.run()
    const done = await Promise.all(ran)
    for (const { transaction, result, position } of done.sort((a, b) => a.position - b.position)) {
      const now = this.#port.timeAt(position)
      compareResults(result, this.#model.apply(transaction, now, versionOf(position)), (value) => value)
    }
    this.#port.cluster.clock += 10_000 * tens
  }

  async checkAtRest(): Promise<void> {
    this.#port.cluster.tick(1_000_000)
    await this.#port.run()
    const all = this.#send({ gets: [{ range: {}, limit: 2000 }] })
    await this.#port.run()
    const { result, position } = await all
    const entries = this.#model.select({}, this.#port.timeAt(position))
    deepStrictEqual(result, { ok: true, version: versionOf(position), gets: [{ entries, cursor: undefined }] })
    const shape = await treeShape(treeOf('space'), async (call) => (await this.#port.query([call]))[0])
    deepStrictEqual(shape.offences, [])
    const texts = entries.map(({ key }) => textOfKey(key))
    deepStrictEqual(shape.keys, texts)
  }

  attempts(): readonly number[] {
    return this.#port.cluster.attempts()
  }

  async #send(transaction: KvTransaction): Promise<Sent> {
    let position = 0
    const execute = (calls: readonly Call[]): Promise<Executed> =>
      this.#port.executeAt(calls, (at) => {
        position = at
      })
    const { partitions } = this.#port
    const port: LayerPort = {
      partitions,
      now: () => this.#port.now(),
      execute,
      query: (calls) => this.#port.query(calls),
      nameCall: () => this.#port.nameCall(),
      snapshot: () => this.#port.snapshot(),
      snapshotAt: () => this.#port.snapshotAt(),
      changes: () => this.#port.changes(),
    }
    const result = await caught(transact({ port, calls: new KvCalls('space'), router: this.#router }, transaction))
    return { transaction, result, position }
  }
}
