// What a cluster refuses, and says about it: other code, a log that is not the one it was, calls that nobody answers. And
// what it may forget: the log behind complete checkpoints.

import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { Account, Sequence } from './actors.ts'
import { expectIntact } from './audit.ts'
import { Fleet } from './fleet.ts'

const timeout = 120_000
const lanes = { bank: 3, transactions: 2, ids: 2, registers: 2, lists: 2 }
let fleet: Fleet

afterEach(async () => {
  await fleet.stop()
})

test('a worker with other code is refused, and told the difference', { timeout }, async () => {
  fleet = await Fleet.start({ servers: 1, partitions: 4, version: 'oldest' })
  await fleet.startWorkers('w1')
  const { code, message } = await fleet.launchWorker('w2', { code: 'changed' }).said('stopped')
  expect(code).toBe('CODE_MISMATCH')
  expect(message).toContain('Account')
  expect(message).toContain('withdrawForAFee')
  fleet.workers.delete('w2')
  await using db = await fleet.connect()
  expect((await db.actor(Sequence, 'still here').getNextId()).reply).toBe(1)
})

test('a worker finds out that the log was replaced, and stops', { timeout }, async () => {
  fleet = await Fleet.start({ servers: 1, partitions: 4, version: 'oldest' })
  await fleet.startWorkers('w1')
  await fleet.openAccounts()
  await (await fleet.observer()).replace()
  const running = await fleet.worker('w1').said('stopped')
  expect(running.code).toBe('LOG_DIVERGED')
  const { code, message } = await fleet.launchWorker('w1').said('stopped')
  expect(code).toBe('LOG_DIVERGED')
  expect(message).toContain('Restore it from a backup')
})

test('a worker finds out that the log is shorter than it was, and stops', { timeout }, async () => {
  fleet = await Fleet.start({ servers: 1, partitions: 4, version: 'newest' })
  await fleet.startWorkers('w1')
  const server = fleet.servers[0]!
  const backup = join(fleet.directory, 'backup')
  await server.shutDown()
  await cp(server.storeDir, backup, { recursive: true })
  await server.launch()
  await fleet.openAccounts()
  fleet.worker('w1').order('leave')
  await fleet.worker('w1').said('left')
  await server.shutDown()
  await rm(server.storeDir, { recursive: true })
  await cp(backup, server.storeDir, { recursive: true })
  await server.launch()
  const { code, message } = await fleet.launchWorker('w1').said('stopped')
  expect(code).toBe('LOG_DIVERGED')
  expect(message).toContain('the log ends at')
})

test(
  'checkpoints complete, the log is trimmed, and a worker on an empty disk starts from one',
  { timeout },
  async () => {
    fleet = await Fleet.start({ servers: 1, partitions: 6, version: 'newest', worker: { checkpointBytes: 32 * 1024 } })
    await fleet.startWorkers('w1', 'w2')
    await fleet.openAccounts()
    const client = await fleet.startClient('client-1', { lanes, seed: 'trim', thinkMs: 2 })
    const observer = await fleet.observer()
    do await fleet.completes(100)
    while ((await observer.state()).first < 100)
    expect(client.ended).toBeUndefined()
    await fleet.startWorkers('w3')
    await fleet.shared('w1', 'w2', 'w3')
    await fleet.worker('w1').kill()
    await fleet.shared('w2', 'w3')
    await fleet.completes(100)
    const judgements = await expectIntact(fleet)
    expect(judgements).toHaveLength(5)
  },
)

test('a call that nobody answers ends at its deadline, with the id of its request', { timeout }, async () => {
  fleet = await Fleet.start({ servers: 1, partitions: 4, version: 'oldest' })
  await fleet.startWorkers('w1')
  await using db = await fleet.connect(1000)
  await db.actor(Account, 'alice').deposit(5)
  await fleet.worker('w1').kill()
  await expect(db.actor(Account, 'alice').deposit(1)).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    requestId: `${db.session}/2`,
  })
  // Nobody knows whether it happened; now that a worker is back, it has, once.
  await fleet.startWorkers('w1')
  await using later = await fleet.connect()
  expect((await later.actor(Account, 'alice').getBalance()).reply).toBe(6)
})
