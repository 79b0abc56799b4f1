// What clients notice when nats-servers die: nothing but time. Each scenario runs a cluster as processes under load.

import { afterEach, expect, test } from 'vitest'
import { expectIntact } from './audit.ts'
import { Fleet } from './fleet.ts'

const timeout = 120_000
const lanes = { bank: 3, transactions: 2, ids: 2, registers: 2, lists: 2 }
let fleet: Fleet

afterEach(async () => {
  await fleet.stop()
})

async function startClients(): Promise<void> {
  await fleet.openAccounts()
  await Promise.all(['client-1', 'client-2'].map((name) => fleet.startClient(name, { lanes, seed: name, thinkMs: 5 })))
  await fleet.completes(200)
}

test('the only server is killed and comes back', { timeout }, async () => {
  fleet = await Fleet.start({ servers: 1, partitions: 12, version: 'newest' })
  await fleet.startWorkers('w1', 'w2')
  await startClients()
  const [server] = fleet.servers
  await server!.kill()
  await server!.launch()
  await fleet.completes(300)
  const judgements = await expectIntact(fleet)
  expect(judgements).toHaveLength(5)
})

test('the server that leads the log is killed, and another leads it', { timeout }, async () => {
  fleet = await Fleet.start({ servers: 3, partitions: 12, version: 'oldest' })
  await fleet.startWorkers('w1', 'w2')
  await startClients()
  const leader = await fleet.streamLeader()
  await leader.kill()
  await fleet.nextStreamLeader(leader)
  await fleet.completes(300)
  // When it says that it is ready is its own affair; the cluster goes on meanwhile.
  await leader.launch('listening')
  await fleet.completes(200)
  const judgements = await expectIntact(fleet)
  expect(judgements).toHaveLength(5)
})
