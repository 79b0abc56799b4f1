// EmbeddedRun: transactions on an embedded database, each compared with the model, with a driven clock and crashes.

import { deepStrictEqual } from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, layerPortOf, ManualClock, open } from '@streamy-db/runtime'
import { textOfKey } from '../key-text.ts'
import { kvActors } from '../kv-actors.ts'
import type { KvTransaction } from '../kv-transaction-data.ts'
import { kvSpace } from '../kv.ts'
import { treeOf } from '../space-name.ts'
import { caught, compareResults, withoutExpiry } from './compare-results.ts'
import { KvModel } from './kv-model.ts'
import { treeShape } from './tree-check.ts'

/** One database, from round to round. */
export class EmbeddedRun {
  readonly #model = new KvModel()
  readonly #clock = new ManualClock(1_700_000_000_000)
  #directory: string
  #db: Database | undefined
  #now = 1_700_000_000_000

  constructor(path: string) {
    this.#directory = path
  }

  async open(): Promise<void> {
    this.#db = await open(this.#directory, { actors: kvActors, clock: this.#clock, onIncident: failOnIncident })
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

  async round(sent: readonly KvTransaction[], tens: number): Promise<void> {
    const kv = kvSpace(this.#db!, 'space')
    // One partition runs them in the order in which they were sent.
    const results = await Promise.all(sent.map((transaction) => caught(kv.transact(transaction))))
    for (const [index, result] of results.entries()) {
      const version = result !== 'mismatch' && result.ok ? result.version : ''
      compareResults(result, this.#model.apply(sent[index]!, this.#now, version), withoutExpiry)
    }
    this.#clock.advance(10 * tens)
    this.#now += 10 * tens
    // An idle database may not have heard yet that time has passed: a message tells it.
    await kvSpace(this.#db!, 'other').set(['turn'], 0)
    const entries = await kv.list({}, { reverse: tens % 2 === 0 }).toArray()
    const expected = this.#model.select({}, this.#now)
    deepStrictEqual(withoutExpiry(entries), withoutExpiry(tens % 2 === 0 ? expected.toReversed() : expected))
  }

  /** Lets everything expire, and looks at the index when its last tells have run. */
  async checkAtRest(): Promise<void> {
    const kv = kvSpace(this.#db!, 'space')
    this.#clock.advance(1000)
    this.#now += 1000
    for (let turn = 0; turn < 40; turn++) await kvSpace(this.#db!, 'other').set(['turn'], turn)
    const port = layerPortOf(this.#db!)
    const shape = await treeShape(treeOf('space'), async (call) => (await port.query([call]))[0])
    deepStrictEqual(shape.offences, [])
    const texts = this.#model.select({}, this.#now).map(({ key }) => textOfKey(key))
    deepStrictEqual(shape.keys, texts)
    deepStrictEqual((await kv.deleteRange({})).deleted, shape.keys.length)
  }
}

function failOnIncident({ reason }: { readonly reason: string }): void {
  throw new Error(`An incident: ${reason}`)
}
