// Finding the database while the log is first trimmed: found by seed 200282 of the simulation, where a worker that started
// then stopped with LOG_TRIMMED.

import { MemoryCheckpointStore, MemoryLog, firstView } from '@streamy-db/core'
import { expect, test } from 'vitest'
import { findDatabase } from './find-database.ts'
import type { CheckpointHead } from './worker/checkpoint-format.ts'
import { Checkpoints } from './worker/checkpoints.ts'

const database = { id: 'db', seed: 'seed', partitions: 1, fingerprint: 'code' }
const head = (sequence: number): CheckpointHead => ({
  database,
  progress: { sequence, logTime: sequence, logHash: 0 },
  view: firstView(1, 'code'),
  partition: 0,
})

test('a database whose log is trimmed while it is looked for is found in a checkpoint', async () => {
  const checkpoints = new Checkpoints(new MemoryCheckpointStore())
  const log = new MemoryLog(() => 1)
  expect(await findDatabase(log, checkpoints, database)).toEqual(database)
  for (let entry = 0; entry < 9; entry++) await log.append(Uint8Array.of(entry))
  const tail = log.tail.bind(log)
  log.tail = async () => {
    for (const sequence of [5, 7]) {
      await checkpoints.save(head(sequence), [])
      await checkpoints.completeIfWhole(head(sequence))
    }
    await log.trim(5)
    return await tail()
  }
  expect(await findDatabase(log, checkpoints, { ...database, id: 'other' })).toEqual(database)
})
