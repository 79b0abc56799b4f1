// The past of an embedded database against a model. Goal: folding the changes gives the state at every position, whatever
// was flushed, restarted or trimmed meanwhile, and however slow a reader is; and views agree with the fold. Method: random
// transactions, executed one after the other by a model in a few lines too, over a database that flushes all the time.

import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Actor, actor, message, query } from '@streamy-db/actors'
import { actorRef, freeze, type Position } from '@streamy-db/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Database } from '../database.ts'
import { layerPortOf } from '../layer-port.ts'
import { ManualClock } from '../manual-clock.ts'
import { open } from '../open-embedded.ts'
import type { Change } from './change.ts'

@actor()
class Box extends Actor {
  amount = 0
  private alarms = 0

  @message()
  put(amount: number): void {
    this.amount += amount
  }

  @message()
  move(to: string, amount: number): void {
    if (amount > this.amount) throw new Error('too much')
    this.amount -= amount
    this.actor(Box, to).put(amount)
  }

  @message()
  remind(milliseconds: number): void {
    this.after(milliseconds).ring()
  }

  @message()
  ring(): void {
    this.alarms += 1
  }

  @message()
  drop(): void {
    this.destroy()
  }

  @query()
  look(): number {
    return this.amount
  }
}

type Op =
  | { readonly kind: 'put'; readonly key: string; readonly amount: number }
  | { readonly kind: 'move'; readonly key: string; readonly to: string; readonly amount: number }
  | { readonly kind: 'remind'; readonly key: string; readonly amount: number }
  | { readonly kind: 'drop'; readonly key: string }

type Amounts = ReadonlyMap<string, number>

const key = fc.constantFrom('a', 'b', 'c', 'd')
const amount = fc.integer({ min: 1, max: 20 })
const anyOp: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, amount }),
  fc.record({ kind: fc.constant('move' as const), key, to: key, amount }),
  fc.record({ kind: fc.constant('remind' as const), key, amount }),
  fc.record({ kind: fc.constant('drop' as const), key }),
)
const anyRound = fc.record({ ops: fc.array(anyOp, { maxLength: 12 }), reopens: fc.boolean() })

test('folding the changes gives the state at every position, and so do views', { timeout: 300_000 }, async () => {
  const property = fc.asyncProperty(
    fc.array(anyRound, { minLength: 1, maxLength: 6 }),
    fc.constantFrom(1, 300, 64_000),
    async (rounds, logBytesMax) => {
      const directory = await mkdtemp(join(tmpdir(), 'streamy-history-'))
      const run = new Run(directory, logBytesMax)
      try {
        await run.start()
        for (const round of rounds) {
          await run.perform(round.ops)
          if (round.reopens) await run.reopen()
        }
        await run.check()
      } finally {
        await run.close()
        await rm(directory, { recursive: true, force: true })
      }
    },
  )
  await expect(fc.assert(property, { numRuns: 12 })).resolves.toBeUndefined()
})

class Run {
  readonly #clock = new ManualClock(1_000_000)
  readonly #directory: string
  readonly #logBytesMax: number
  // What the model says of each position at which a transaction committed.
  readonly #states: { readonly position: Position; readonly amounts: Amounts }[] = [{ position: 0, amounts: new Map() }]
  #db!: Database
  #live: Promise<Change[]> = Promise.resolve([])
  readonly #lived: Change[] = []
  #stop = new AbortController()

  constructor(directory: string, logBytesMax: number) {
    this.#directory = directory
    this.#logBytesMax = logBytesMax
  }

  async start(): Promise<void> {
    this.#db = await open(this.#directory, { actors: [Box], clock: this.#clock, logBytesMax: this.#logBytesMax })
    this.#stop = new AbortController()
    const from = this.#lived.at(-1)?.position ?? 0
    this.#live = gather(this.#db.changes({ from, signal: this.#stop.signal }), this.#lived)
  }

  async perform(ops: readonly Op[]): Promise<void> {
    await Promise.all(ops.map((op) => this.#perform(op)))
    this.#states.sort((a, b) => a.position - b.position)
    this.#clock.advance(7)
  }

  // Between what a reader has seen and what was last committed lies the restart.
  async reopen(): Promise<void> {
    this.#stop.abort()
    await this.#live
    await this.#db.close()
    await this.start()
  }

  async check(): Promise<void> {
    await this.#db.actor(Box, 'end').put(1)
    const all = await upTo(this.#db.changes({ from: 0 }))
    for (const [index, change] of all.entries()) {
      const earlier = all.slice(0, index).findLast(({ ref }) => ref.id === change.ref.id)
      deepStrictEqual(change.before, earlier?.after, `before of ${change.ref.id} at ${change.position}`)
    }
    for (const { position, amounts } of this.#states) {
      deepStrictEqual(folded(all, position), amounts, `changes up to ${position}`)
      const rest = await upTo(this.#db.changes({ from: position }))
      const expected = all.filter((change) => change.position > position)
      deepStrictEqual(rest, expected, `changes behind ${position}`)
      const view = await this.#db.at(position)
      for (const name of ['a', 'b', 'c', 'd'])
        strictEqual(await view.actor(Box, name).look(), amounts.get(name) ?? 0, `${name} at ${position}`)
      view.close()
    }
    while (this.#lived.at(-1)?.ref.key !== 'end') await new Promise((resolve) => setImmediate(resolve))
    deepStrictEqual(this.#lived, all)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#live
    await this.#db.close()
  }

  async #perform(op: Op): Promise<void> {
    const args = op.kind === 'move' ? [op.to, op.amount] : op.kind === 'drop' ? [] : [op.amount]
    const call = { ref: actorRef('Box', op.key), message: op.kind, args: args.map((each) => freeze(each, 'it')) }
    const before = this.#states.at(-1)!.amounts
    const amounts = afterOp(before, op)
    const committed = layerPortOf(this.#db).execute([call])
    if (amounts === undefined) return await rejects(committed, /too much/)
    // One partition runs them in the order in which they were sent.
    const state = { position: Infinity, amounts }
    this.#states.push(state)
    state.position = (await committed).position
  }
}

function afterOp(before: Amounts, op: Op): Amounts | undefined {
  const after = new Map(before)
  const add = (name: string, more: number): void => void after.set(name, (after.get(name) ?? 0) + more)
  if (op.kind === 'put') add(op.key, op.amount)
  else if (op.kind === 'drop') after.delete(op.key)
  else if (op.kind === 'remind') add(op.key, 0)
  else {
    if (op.amount > (before.get(op.key) ?? 0)) return undefined
    add(op.key, -op.amount)
    add(op.to, op.amount)
  }
  return after
}

// A timer may bring an actor back that the model has dropped; it holds nothing then, and no more does the model's.
function folded(changes: readonly Change[], position: Position): Amounts {
  const amounts = new Map<string, number>()
  for (const change of changes) {
    if (change.position > position) break
    if (change.after === undefined) amounts.delete(change.ref.key)
    else amounts.set(change.ref.key, change.after['amount'] as number)
  }
  return amounts
}

async function gather(changes: AsyncIterable<Change>, into: Change[]): Promise<Change[]> {
  for await (const change of changes) into.push(change)
  return into
}

async function upTo(changes: AsyncIterable<Change>): Promise<Change[]> {
  const taken: Change[] = []
  for await (const change of changes) {
    taken.push(change)
    if (change.ref.key === 'end') break
  }
  return taken
}
