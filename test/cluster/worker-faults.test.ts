// What clients notice when workers die, are paused, come and go: nothing but time. Each scenario runs a cluster as
// processes under load, does something to it, and audits it. What load and faults meet is up to the machine.

import { rm } from 'node:fs/promises'
import { afterEach, expect, test } from 'vitest'
import { expectIntact } from './audit.ts'
import { Fleet, type FleetOptions } from './fleet.ts'

const timeout = 120_000
const lanes = { bank: 3, transactions: 2, ids: 2, registers: 2, lists: 2 }
let fleet: Fleet

afterEach(async () => {
  await fleet.stop()
})

/** A cluster of three workers with accounts, under the load of two clients. */
async function startLoaded(options: Partial<FleetOptions> = {}): Promise<void> {
  fleet = await Fleet.start({ servers: 1, partitions: 12, version: 'oldest', ...options })
  await fleet.startWorkers('w1', 'w2', 'w3')
  await fleet.openAccounts()
  await startClients()
}

async function startClients(classes = true): Promise<void> {
  await Promise.all(
    ['client-1', 'client-2'].map((name) => fleet.startClient(name, { lanes, seed: name, thinkMs: 5, classes })),
  )
  await fleet.completes(200)
}

test('a worker that is killed is replaced by the others, and comes back to its directory', { timeout }, async () => {
  await startLoaded()
  await fleet.worker('w2').kill()
  await fleet.shared('w1', 'w3')
  await fleet.completes(200)
  await fleet.startWorkers('w2')
  await fleet.shared('w1', 'w2', 'w3')
  await fleet.completes(200)
  const judgements = await expectIntact(fleet)
  expect(judgements).toHaveLength(5)
})

test('a worker that is paused is evicted, and joins again when it wakes up', { timeout }, async () => {
  await startLoaded({ version: 'newest' })
  const paused = fleet.worker('w3')
  const before = paused.last('view')?.incarnation
  paused.pause()
  await fleet.evicted('w3')
  await fleet.completes(200)
  paused.resume()
  await fleet.shared('w1', 'w2', 'w3')
  await fleet.completes(200)
  expect(paused.last('view')?.incarnation).not.toBe(before)
  const judgements = await expectIntact(fleet)
  expect(judgements).toHaveLength(5)
})

test('all workers are killed at once, and come back to their directories', { timeout }, async () => {
  await startLoaded()
  await killAll()
  await fleet.startWorkers('w1', 'w2', 'w3')
  await fleet.completes(200)
  const judgements = await expectIntact(fleet)
  expect(judgements).toHaveLength(5)
})

test('all workers are killed at once, and come back on empty disks', { timeout }, async () => {
  await startLoaded()
  await killAll()
  for (const name of ['w1', 'w2', 'w3']) await rm(fleet.directoryOf(name), { recursive: true })
  await fleet.startWorkers('w1', 'w2', 'w3')
  await fleet.completes(200)
  const judgements = await expectIntact(fleet)
  expect(judgements).toHaveLength(5)
})

test('a worker joins and another leaves', { timeout }, async () => {
  await startLoaded()
  await fleet.startWorkers('w4')
  await fleet.shared('w1', 'w2', 'w3', 'w4')
  await fleet.completes(200)
  fleet.worker('w1').order('leave')
  await fleet.worker('w1').said('left')
  await fleet.shared('w2', 'w3', 'w4')
  await fleet.completes(200)
  const judgements = await expectIntact(fleet)
  expect(judgements).toHaveLength(5)
})

test('clients need no classes', { timeout }, async () => {
  fleet = await Fleet.start({ servers: 1, partitions: 12, version: 'oldest' })
  await fleet.startWorkers('w1', 'w2')
  await fleet.openAccounts()
  await startClients(false)
  const judgements = await expectIntact(fleet)
  expect(judgements).toHaveLength(5)
})

async function killAll(): Promise<void> {
  await Promise.all(['w1', 'w2', 'w3'].map((name) => fleet.worker(name).kill()))
}
