import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testLogConformance } from '@streamy-db/core/testing'
import { SegmentedLog } from './segmented-log.ts'

testLogConformance('SegmentedLog', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streamy-log-'))
  return {
    open: () => SegmentedLog.open(directory, { segmentBytes: 16 * 1024 }),
    discard: () => rm(directory, { recursive: true }),
    durable: true,
  }
})
