// The log on three servers of which one dies: nothing that was acknowledged is lost, nothing lands twice, and whoever was
// connected to the dead server goes on by itself.

import { afterEach, describe, expect, it } from 'vitest'
import { JetStreamApi } from './jetstream-api.ts'
import { createLogStream } from './log-stream.ts'
import { connectNats, type NatsConnection } from './nats-connection.ts'
import { appendUnderLoad, expectIntact, readUntil } from './testing/append-load.ts'
import { startNatsCluster, type NatsCluster } from './testing/nats-cluster.ts'

describe.each(['oldest', 'newest'] as const)('on three of the %s servers', (version) => {
  let cluster: NatsCluster
  const connections: NatsConnection[] = []

  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close()))
    await cluster.stop()
  })

  it('loses and repeats nothing when the leader is killed during appends and reads', async () => {
    cluster = await startNatsCluster({ servers: 3, version, placeable: true })
    const [first, second] = [await connected(cluster.urls), await connected(cluster.urls.toReversed())]
    // Two creators at once make one database, also while the cluster is still coming up.
    const options = { name: 'bank', replicas: 3, maxBytes: 64 * 1024 * 1024 } as const
    const [one, other] = await Promise.all([createLogStream(first, options), createLogStream(second, options)])
    expect(other.databaseId).toBe(one.databaseId)
    expect(other.stream).toEqual(one.stream)

    const total = 4000
    const [reading, readingToo] = [readUntil(one.log, () => total), readUntil(other.log, () => total)]
    const killLeader = async (): Promise<void> => await (await leaderOf(one.stream.name)).kill()
    const acknowledged = await appendUnderLoad(one.log, { appends: total, inFlight: 50, at: { 1000: killLeader } })
    expectIntact(await reading, acknowledged)
    expect(await readingToo).toEqual(await reading)
    expect([await one.log.tail(), await other.log.tail()]).toEqual([total, total])

    await other.log.trim(1500)
    expect(await one.log.first()).toBe(1500)
    await one.log.close()
    await other.log.close()
  })

  async function connected(servers: readonly string[]): Promise<NatsConnection> {
    const connection = await connectNats({ servers })
    connections.push(connection)
    return connection
  }

  async function leaderOf(stream: string): Promise<NatsCluster['servers'][number]> {
    const api = new JetStreamApi(connections[0]!)
    const info = await api.streamInfo(stream)
    api.close()
    return cluster.server(info?.cluster?.leader ?? '')
  }
})
