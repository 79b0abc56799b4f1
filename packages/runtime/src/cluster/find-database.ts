// Finds what a cluster's database was made with, or makes it: partitions, seed and code stand in an entry of the log, and
// in every checkpoint once that is trimmed. Making the streams is the operator's, or the first worker's (`database-streams.ts`).

import { StreamyError, controlBody, encodeControlBatch, openBatch } from '@streamy-db/core'
import type { Log } from '@streamy-db/core'
import { decodeDatabaseRecord, encodeDatabaseRecord } from '../database-record.ts'
import type { DatabaseRecord } from '../database-record.ts'
import type { Checkpoints } from './worker/checkpoints.ts'

/**
 * The record of the database; `proposed` when there is none yet. The first entry of a worker that creates a database
 * decides, and further ones say nothing. What clients wrote before it is passed over: they may have come first.
 */
export async function findDatabase(
  log: Log,
  checkpoints: Checkpoints,
  proposed: DatabaseRecord,
): Promise<DatabaseRecord> {
  for (;;) {
    const head = await checkpoints.newest(log)
    if (head !== undefined) return head.database
    try {
      return (await findIn(log, await log.tail())) ?? (await create(log, proposed))
    } catch (error) {
      // It was trimmed for the first checkpoints meanwhile: they say it.
      if (!(error instanceof StreamyError) || error.code !== 'LOG_TRIMMED') throw error
    }
  }
}

// Under no id: an id that a client can guess would let its entry pass for this one.
async function create(log: Log, proposed: DatabaseRecord): Promise<DatabaseRecord> {
  const sequence = await log.append(encodeControlBatch('create', encodeDatabaseRecord(proposed)))
  const found = await findIn(log, sequence)
  if (found !== undefined) return found
  throw new StreamyError(
    'LOG_CORRUPT',
    'The log does not hold the creation of the database that it took. Restore a backup.',
  )
}

async function findIn(log: Log, last: number): Promise<DatabaseRecord | undefined> {
  if (last === 0) return undefined
  for await (const entries of log.read(1))
    for (const { sequence, bytes, restrictedTo } of entries) {
      const batch = restrictedTo === undefined ? openBatch(bytes) : undefined
      if (batch?.kind === 'create') return decodeDatabaseRecord(controlBody(batch))
      if (sequence >= last) return undefined
    }
  return undefined
}
