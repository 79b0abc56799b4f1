// Finding the newest checkpoint while others complete checkpoints and trim the log: found by seed 128 of the simulation,
// where a worker that started meanwhile took a healthy database for one that has lost its beginning.

import { MemoryCheckpointStore, MemoryLog, firstView } from '@streamy-db/core'
import { expect, test } from 'vitest'
import type { CheckpointHead } from './checkpoint-format.ts'
import { Checkpoints } from './checkpoints.ts'

const head = (sequence: number): CheckpointHead => ({
  database: { id: 'db', seed: 'seed', partitions: 1, fingerprint: 'code' },
  progress: { sequence, logTime: sequence, logHash: 0 },
  view: firstView(1, 'code'),
  partition: 0,
})

async function complete(checkpoints: Checkpoints, sequence: number): Promise<void> {
  await checkpoints.save(head(sequence), [])
  await checkpoints.completeIfWhole(head(sequence))
}

async function logOf(entries: number): Promise<MemoryLog> {
  const log = new MemoryLog(() => 1)
  for (let entry = 0; entry < entries; entry++) await log.append(Uint8Array.of(entry))
  return log
}

test('nothing is found where nothing was saved and nothing trimmed', async () => {
  expect(await new Checkpoints(new MemoryCheckpointStore()).newest(await logOf(3))).toBeUndefined()
})

test('a log that was trimmed without a checkpoint has lost its beginning', async () => {
  const log = await logOf(9)
  await log.trim(5)
  const missing = new Checkpoints(new MemoryCheckpointStore()).newest(log)
  await expect(missing).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' })
})

// Found by a planted bug of the simulation: whoever only follows the log began again without a pause, for ever.
test('a log that was trimmed above the newest checkpoint has lost what lies between', async () => {
  const checkpoints = new Checkpoints(new MemoryCheckpointStore())
  await complete(checkpoints, 3)
  const log = await logOf(9)
  await log.trim(4)
  expect((await checkpoints.newest(log))?.progress.sequence).toBe(3)
  await log.trim(5)
  await expect(checkpoints.newest(log)).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' })
})

test('checkpoints that are completed, and trimmed for, after the first look are found', async () => {
  const checkpoints = new Checkpoints(new MemoryCheckpointStore())
  const log = await logOf(9)
  const first = log.first.bind(log)
  log.first = async () => {
    await complete(checkpoints, 5)
    await complete(checkpoints, 7)
    await log.trim(5)
    return await first()
  }
  expect((await checkpoints.newest(log))?.progress.sequence).toBe(7)
})

test('one that is pushed out while it is read gives way to the newer one', async () => {
  const store = new MemoryCheckpointStore()
  const checkpoints = new Checkpoints(store)
  await complete(checkpoints, 3)
  const list = store.list.bind(store)
  store.list = async (prefix) => {
    const names = await list(prefix)
    store.list = list
    await complete(checkpoints, 5)
    await complete(checkpoints, 7)
    await checkpoints.collect()
    return names
  }
  expect((await checkpoints.newest(await logOf(9)))?.progress.sequence).toBe(7)
})
