// The floor's log on the checksummed segments that Streamy itself writes to. Beside the floor on LMDB it shows what the
// log alone costs, and what is the engine's.

import { SegmentedLog } from '@streamy-db/embedded'
import type { BareLog } from './floor.ts'

/** Opens a log in a directory of its own. */
export async function openSegmentLog(directory: string): Promise<BareLog> {
  const log = await SegmentedLog.open(directory)
  return {
    append: (entry) => log.append(entry),
    close: () => log.close(),
    async *entries() {
      let left = await log.tail()
      if (left === 0) return
      for await (const batch of log.read(1)) {
        for (const { bytes } of batch) yield bytes
        left -= batch.length
        if (left <= 0) return
      }
    },
  }
}
