import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testStateStoreConformance } from '@streamy-db/core/testing'
import { LmdbStateStore } from './lmdb-state-store.ts'

testStateStoreConformance('LmdbStateStore', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streamy-state-'))
  return {
    open: async () => LmdbStateStore.open(join(directory, 'state.mdb')),
    discard: () => rm(directory, { recursive: true }),
    durable: true,
  }
})
