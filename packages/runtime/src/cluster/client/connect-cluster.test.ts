// Connecting: until a worker answers, or nobody has for too long.

import { beforeEach, describe, expect, test } from 'vitest'
import { rejectionOf } from '../../testing/rejection-of.ts'
import { ScriptedCluster } from '../../testing/scripted-cluster.ts'
import { connectCluster } from './connect-cluster.ts'
import type { ConnectOptions } from './client-options.ts'

let cluster: ScriptedCluster

beforeEach(() => {
  cluster = new ScriptedCluster()
})

test('says hello again until a worker answers', async () => {
  cluster.welcomes = false
  const connecting = cluster.connect()
  await cluster.advance(251)
  await cluster.advance(501)
  expect(cluster.hellos).toBe(3)
  cluster.welcomes = true
  await cluster.advance(1001)
  const db = await connecting
  expect(db.position).toBeGreaterThan(0)
  await db.close()
  expect(cluster.clock.alarms).toBe(0)
})

test('rejects when no worker of that name answers within the deadline, and leaves nothing behind', async () => {
  const connecting = connectCluster(cluster.parts(), { name: 'other', deadlineMs: 1000 })
  const failed = rejectionOf(connecting)
  await cluster.advance(251)
  await cluster.advance(1000)
  expect(await failed).toMatchObject({
    code: 'WORKERS_UNREACHABLE',
    kind: 'retry',
    message: expect.stringMatching(/other/) as string,
  })
  await cluster.advance(60_000)
  expect(cluster.network.pending).toBe(0)
  expect(cluster.clock.alarms).toBe(0)
})

test('rejects with what opening the log throws', async () => {
  const cause = new Error('no stream')
  const parts = { ...cluster.parts(), openLog: () => Promise.reject(cause) }
  const failed = rejectionOf(connectCluster(parts, { name: 'bank' }))
  await cluster.turns()
  expect(await failed).toBe(cause)
})

test('ends what the ports stand on when the database is closed, after the log', async () => {
  const ended: string[] = []
  const shutDown = async (): Promise<void> => void ended.push(`${cluster.closedLogs} logs closed`)
  const connecting = connectCluster({ ...cluster.parts(), shutDown }, { name: 'bank' })
  await cluster.turns()
  await (await connecting).close()
  expect(ended).toEqual(['1 logs closed'])
})

test('takes its session from the randomness it is given, under the prefix it is given', async () => {
  const sessionOf = async (seed: string, sessionPrefix: string): Promise<string> => {
    const connecting = connectCluster(cluster.parts(seed), { name: 'bank', sessionPrefix })
    await cluster.turns()
    const db = await connecting
    return db.session
  }
  const [a, b, c] = [await sessionOf('1', 'team.a'), await sessionOf('2', 'team.a'), await sessionOf('1', 'team.a')]
  expect(a).toMatch(/^team\.a\.[0-9a-f]{32}$/)
  expect([a === b, a === c]).toEqual([false, true])
})

describe('options that cannot work are refused:', () => {
  test.each<[string, Partial<Record<keyof ConnectOptions, unknown>>]>([
    ['no name', { name: undefined }],
    ['a name that is no part of an address', { name: 'a.b' }],
    ['a deadline of nothing', { name: 'a', deadlineMs: 0 }],
    ['a deadline beyond what requests live', { name: 'a', deadlineMs: 1e9 }],
    ['no patience', { name: 'a', askAgainMs: 0 }],
    ['no room', { name: 'a', callsPendingMax: 0 }],
    ['a prefix with a wildcard', { name: 'a', sessionPrefix: 'a.>' }],
    ['a prefix that leaves no room', { name: 'a', sessionPrefix: 'a'.repeat(81) }],
  ])('%s', async (_, options) => {
    // Plain JavaScript has no compiler that says so.
    const connecting = connectCluster(cluster.parts(), options as unknown as ConnectOptions)
    await expect(connecting).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
  })
})
