// The checkpoint store in a directory: the conformance suite, then power cuts at any moment, damage to any byte, and a disk
// that fails.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Random, type CheckpointStore } from '@streamy-db/core'
import { testCheckpointStoreConformance } from '@streamy-db/core/testing'
import { expect, it } from 'vitest'
import { DirectoryCheckpointStore } from './directory-checkpoint-store.ts'
import { SimulatedFileSystem, type Draw } from './testing/simulated-file-system.ts'

testCheckpointStoreConformance('DirectoryCheckpointStore', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streamy-checkpoints-'))
  return {
    open: async () => await DirectoryCheckpointStore.open(join(directory, 'checkpoints')),
    discard: async () => await rm(directory, { recursive: true, force: true }),
    durable: true,
  }
})

const path = '/checkpoints/a.checkpoint'

it('C1: keeps the old object or the new one, whole, when power is cut while it is put', async () => {
  const outcomes = new Map<string, readonly number[]>()
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(`power ${seed}`)
    const draw: Draw = (below) => Math.floor(random.next() * below)
    const disk = new SimulatedFileSystem()
    const store = await open(disk)
    await store.put('a', [filled(1, 1500)])
    disk.running = false
    let done = false
    const putting = store.put('a', [filled(2, 1500)]).then(() => (done = true))
    for (let steps = draw(30); steps > 0; steps--) {
      disk.step(draw)
      await nextTurn()
    }
    const found = await read(await open(disk.cutPower(draw)), 'a')
    const byte = found[0] ?? 0
    const isWhole = Buffer.compare(found, filled(byte, 1500)) === 0
    const outcome = `${isWhole ? ['', 'the old one', 'the new one'][byte] : 'a mixture'}${done ? ', done' : ''}`
    outcomes.set(outcome, [...(outcomes.get(outcome) ?? []), seed])
    // It was cut off and never ends.
    void putting
  }
  // With their seeds, for what should not be there.
  const expected = ['the old one', 'the new one', 'the new one, done']
  expect(Array.from(outcomes).filter(([outcome]) => !expected.includes(outcome))).toEqual([])
  expect(outcomes.size).toBe(expected.length)
})

it('C2: reports damage to any byte, and hands out nothing that is damaged', async () => {
  const disk = new SimulatedFileSystem()
  await (await open(disk)).put('a', [filled(1, 700)])
  const bytes = disk.files().get(path)!
  for (let at = 0; at < bytes.length; at++) {
    const damaged = new Uint8Array(bytes)
    damaged[at]! ^= 1 << (at % 8)
    for (const broken of [damaged, bytes.subarray(0, at)]) {
      const store = await open(new SimulatedFileSystem([[path, broken]]))
      const got: Uint8Array[] = []
      const reading = (async () => {
        for await (const chunk of store.get('a')) got.push(chunk)
      })()
      await expect(reading).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' })
      const handedOut = Buffer.concat(got)
      expect(Buffer.compare(handedOut, filled(1, 700).subarray(0, handedOut.length))).toBe(0)
    }
  }
  const longer = await open(new SimulatedFileSystem([[path, Uint8Array.of(...bytes, 0)]]))
  await expect(read(longer, 'a')).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' })
})

it('C2: reports blocks of one object that changed places', async () => {
  const disk = new SimulatedFileSystem()
  await (await open(disk)).put('a', [filled(1, 256), filled(2, 256)])
  const bytes = disk.files().get(path)!
  const block = 12 + 256
  const swapped = Buffer.concat([
    bytes.subarray(0, 8),
    bytes.subarray(8 + block, 8 + 2 * block),
    bytes.subarray(8, 8 + block),
    bytes.subarray(8 + 2 * block),
  ])
  const store = await open(new SimulatedFileSystem([[path, swapped]]))
  await expect(read(store, 'a')).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' })
})

it('says that the disk is full or fails, leaves nothing behind, and goes on afterwards', async () => {
  const disk = new SimulatedFileSystem()
  const store = await open(disk)
  const faults = [
    ['write', 'ENOSPC', 'STORAGE_FULL'],
    ['write', 'EIO', 'STORAGE_FAILED'],
    ['create', 'EACCES', 'STORAGE_FAILED'],
    ['rename', 'EIO', 'STORAGE_FAILED'],
  ] as const
  for (const [operation, code, expected] of faults) {
    disk.fault = (each) => (each === operation ? Object.assign(new Error(code), { code }) : undefined)
    await expect(store.put('a', [filled(1, 700)])).rejects.toMatchObject({ code: expected })
    expect(disk.files().size).toBe(0)
  }
  disk.fault = () => undefined
  await store.put('a', [filled(1, 700)])
  expect(await store.list('')).toEqual(['a'])
})

it('removes what a crash left unfinished when it is opened', async () => {
  const disk = new SimulatedFileSystem([['/checkpoints/7.unfinished', filled(1, 10)]])
  expect(await (await open(disk)).list('')).toEqual([])
  expect(disk.files().size).toBe(0)
})

async function open(fileSystem: SimulatedFileSystem): Promise<CheckpointStore> {
  return await DirectoryCheckpointStore.open('/checkpoints', { fileSystem, blockBytes: 256 })
}

async function read(store: CheckpointStore, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of store.get(name)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function filled(byte: number, size: number): Uint8Array {
  return new Uint8Array(size).fill(byte)
}
