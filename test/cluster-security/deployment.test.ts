// The cluster of `deploy/`, as an operator sets it up: the configuration in the repository, nothing else. Everybody
// connects over TLS in a role of its own, and the database outlives the loss of a server.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, createDatabase, startWorker, type ClusterDatabase, type RunningWorker } from 'streamy-db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accountsText, deployFolder, startDeployedCluster } from './deployed-cluster.ts'
import { Tally } from './tally.ts'

type Deployed = Awaited<ReturnType<typeof startDeployedCluster>>

let deployed: Deployed
const workers: RunningWorker[] = []
let client: ClusterDatabase | undefined
const events: string[] = []

beforeAll(async () => {
  deployed = await startDeployedCluster()
}, 120_000)

afterAll(async () => {
  await client?.close()
  await Promise.all(workers.map((worker) => worker.close()))
  await deployed.stop()
}, 120_000)

const options = { name: 'bank', actors: [Tally], onEvent: (line: string) => void events.push(line) }

test('the permissions in the repository are those that the code needs', async () => {
  const committed = await readFile(join(deployFolder, 'nats', 'accounts.conf'), 'utf8')
  expect(committed).toBe(await accountsText('bank', 'bank-1', ['web']))
})

test('nobody gets in without TLS, or without a key', async () => {
  const { nkeySeed: _, ...stranger } = deployed.roles.worker
  const { tls: __, ...untrusting } = deployed.roles.worker
  for (const servers of [stranger, untrusting])
    await expect(startWorker(servers, options)).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' })
})

test('a worker that may not make the database says who can', async () => {
  await expect(startWorker(deployed.roles.worker, options)).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    message: expect.stringContaining('createDatabase'),
  })
})

test('an operator makes the database once, with the id that the permissions name', async () => {
  const wanted = { name: 'bank', id: 'bank-1', replicas: 3, maxLogBytes: 64 * 1024 * 1024 } as const
  const made = { name: 'bank', id: 'bank-1', replicas: 3 }
  expect(await createDatabase(deployed.roles.operator, wanted)).toEqual(made)
  expect(await createDatabase(deployed.roles.operator, wanted)).toEqual(made)
  await expect(createDatabase(deployed.roles.operator, { ...wanted, id: 'bank-2' })).rejects.toMatchObject({
    code: 'STREAM_MISMATCH',
  })
})

test('a worker says what an acknowledged write survives, and starts only where it is durable', async () => {
  const wanted = { ...options, worker: 'one', partitions: 8, durable: true }
  await expect(startWorker(deployed.roles.worker, wanted)).rejects.toMatchObject({ code: 'DURABILITY_UNMET' })
  await expect(startWorker(deployed.roles.worker, { ...wanted, syncInterval: 120_000 })).rejects.toMatchObject({
    code: 'DURABILITY_UNMET',
  })
  events.length = 0
  const monitoringUrls = deployed.cluster.servers.map(({ monitorUrl }) => monitorUrl)
  workers.push(await startWorker(deployed.roles.worker, { ...wanted, monitoringUrls }))
  expect(events[0]).toBe(
    'An acknowledged write survives a killed process; the loss of 1 of 3 servers; a power failure of all servers (sync_interval: always).',
  )
  workers.push(await startWorker(deployed.roles.worker, { ...wanted, worker: 'two', syncInterval: 'always' }))
})

test('a client calls the actors in its role, also while a server is gone and after it came back', async () => {
  client = await connect(deployed.roles.client('web'), { name: 'bank', actors: [Tally], sessionPrefix: 'web' })
  const [left, right] = [client.actor(Tally, 'left'), client.actor(Tally, 'right')]
  expect(await left.add(10)).toBe(10)
  expect(await left.move('right', 4)).toBe(6)
  const [victim] = deployed.cluster.servers
  await victim!.kill()
  expect(await left.move('right', 1)).toBe(5)
  await victim!.restart()
  expect(await left.move('right', 1)).toBe(4)
  expect(await right.total()).toBe(6)
})

test('nobody was refused anything that its role needs', () => {
  // But the worker that was to find that it may not make the database.
  const lines = deployed.cluster.servers.flatMap(({ output }) => output.split('\n'))
  expect(lines.filter((line) => /violation/i.test(line) && !/STREAM\.CREATE/.test(line))).toEqual([])
})
