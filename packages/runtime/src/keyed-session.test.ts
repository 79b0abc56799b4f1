// Transactions under an idempotency key, embedded. Goal: each happens once, whoever sends it and however often, and a repeat is
// answered as the first was: from the same batch, later, after a restart, and also when it was refused.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Actor, registerActor } from '@streamy-db/actors'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Database } from './database.ts'
import { layerPortOf, type Executed } from './layer-port.ts'
import { ManualClock } from './manual-clock.ts'
import { open } from './open-embedded.ts'

class Counter extends Actor {
  count = 0
  add(amount: number): number {
    if (amount < 0) throw new Error('below zero')
    return (this.count += amount)
  }
  value(): number {
    return this.count
  }
}
registerActor(Counter, { messages: { add: {} }, queries: { value: {} } })

let directory: string
let clock: ManualClock
let db: Database

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamy-keyed-'))
  clock = new ManualClock(1_700_000_000_000)
  db = await open(directory, { actors: [Counter], clock })
})
afterEach(async () => {
  await db.close()
  await rm(directory, { recursive: true })
})

function add(amount: number, idempotencyKey: string): Promise<Executed> {
  const port = layerPortOf(db)
  return port.execute([port.nameCall('Counter', 'a', 'add', [amount]).call], { idempotencyKey })
}

test('one is answered alike, from one batch and later', async () => {
  const answers = await Promise.all([add(5, 'k'), add(5, 'k'), add(5, 'k')])
  answers.push(await add(5, 'k'))
  expect(answers.map(({ results }) => results)).toEqual([[5], [5], [5], [5]])
  expect((await add(5, 'other')).results).toEqual([10])
})

test('one that was refused is refused alike', async () => {
  await expect(add(-1, 'k')).rejects.toThrow('below zero')
  await expect(add(-1, 'k')).rejects.toThrow('below zero')
  expect((await add(1, 'k2')).results).toEqual([1])
})

test('one is answered alike after a restart, and is new when its outcome is kept no more', async () => {
  await add(5, 'k')
  await db.close()
  db = await open(directory, { actors: [Counter], clock })
  expect((await add(5, 'k')).results).toEqual([5])
  clock.advance(31 * 60_000)
  expect((await add(5, 'k')).results).toEqual([10])
})

test('calls are named by text, and checked as any are', () => {
  const port = layerPortOf(db)
  expect(port.nameCall('Counter', 'a', 'value', []).kind).toBe('query')
  for (const [type, key, message, args, code] of [
    ['Count', 'a', 'add', [1], 'ACTOR_UNKNOWN'],
    ['Counter', 'a', 'ad', [1], 'MESSAGE_UNKNOWN'],
    ['Counter', 'a', 'constructor', [], 'MESSAGE_UNKNOWN'],
    ['Counter', '', 'add', [1], 'KEY_INVALID'],
    ['Counter', 'a', 'add', [Symbol('x')], 'VALUE_NOT_ENCODABLE'],
  ] as const)
    expect(() => port.nameCall(type, key, message, args)).toThrow(expect.objectContaining({ code }))
})
