// What can be found out of real servers, and what stays unknown.

import { afterEach, expect, it } from 'vitest'
import { probeDurability } from './durability-probe.ts'
import { createLogStream } from './log-stream.ts'
import { connectNats, type NatsConnection } from './nats-connection.ts'
import { startNatsCluster } from './testing/nats-cluster.ts'
import { startNatsServer } from './testing/nats-server.ts'

const maxBytes = 16 * 1024 * 1024
const cleanup: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const clean of cleanup.splice(0).toReversed()) await clean()
})

async function connected(servers: string | readonly string[]): Promise<NatsConnection> {
  const connection = await connectNats({ servers })
  cleanup.push(() => connection.close())
  return connection
}

it.each([
  ['oldest', 'always', 0],
  ['newest', 'always', 0],
  ['oldest', '5s', 5000],
  ['newest', undefined, 120_000],
] as const)('reads from the %s server that sync_interval is %s', async (version, syncInterval, powerLossMs) => {
  const server = await startNatsServer({ version, ...(syncInterval === undefined ? {} : { syncInterval }) })
  cleanup.push(() => server.stop())
  const connection = await connected(server.url)
  const { stream } = await createLogStream(connection, { name: 'bank', maxBytes })
  const asked = await probeDurability(connection, stream.name, { monitoringUrls: [server.monitorUrl] })
  expect(asked).toMatchObject({ powerLossMs, serverLossesMax: 0 })
  expect((await probeDurability(connection, stream.name)).powerLossMs).toBeUndefined()
  expect((await probeDurability(connection, stream.name, { syncInterval: 7 })).powerLossMs).toBe(7)
  // Nobody there, and another program there.
  for (const url of ['http://127.0.0.1:1', server.url.replace('nats', 'http'), 'no address'])
    expect((await probeDurability(connection, stream.name, { monitoringUrls: [url] })).powerLossMs).toBeUndefined()
  await expect(probeDurability(connection, 'NONE')).rejects.toMatchObject({ code: 'DATABASE_MISSING' })
})

it('knows of a cluster when it knows of every server that has a copy', async () => {
  const cluster = await startNatsCluster({ servers: 3, syncInterval: 'always', placeable: true })
  cleanup.push(() => cluster.stop())
  const connection = await connected(cluster.urls)
  const { stream } = await createLogStream(connection, { name: 'bank', replicas: 3, maxBytes })
  const monitoringUrls = cluster.servers.map(({ monitorUrl }) => monitorUrl)
  const all = await probeDurability(connection, stream.name, { monitoringUrls })
  expect(all).toMatchObject({ powerLossMs: 0, serverLossesMax: 1 })
  const some = await probeDurability(connection, stream.name, { monitoringUrls: monitoringUrls.slice(1) })
  expect(some).toMatchObject({ powerLossMs: undefined, serverLossesMax: 1 })
  expect(some.line).toContain('server-1')
})
