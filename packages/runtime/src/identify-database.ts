// Finds out which database a log and a state store hold, creating it where there is none, and refuses what does not
// belong together: log and state of two databases or two moments (L6), and code that cannot replay the log.

import { randomUUID } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { fingerprintDifference } from '@streamy-db/actors'
import { StreamyError, controlBody, decodeProgress, encodeControlBatch, openBatch, progressKey } from '@streamy-db/core'
import type { Log, LogEntry, Program, Sequence, StateStore } from '@streamy-db/core'
import { databaseKey, decodeDatabaseRecord, encodeDatabaseRecord } from './database-record.ts'
import type { DatabaseRecord } from './database-record.ts'

const PARTITIONS = 1

/**
 * The database that `log` and `store` hold together, from now on run by `program`. Throws LOG_DIVERGED when they do
 * not belong together, LOG_CORRUPT when the log begins with something else, CODE_MISMATCH when entries that were
 * written under other code have not been applied.
 */
export async function identifyDatabase(log: Log, store: StateStore, program: Program): Promise<DatabaseRecord> {
  const stored = store.get(databaseKey)
  const known = stored === undefined ? undefined : decodeDatabaseRecord(stored)
  const record = await findRecord(log, known, program)
  const tail = await log.tail()
  const progress = store.get(progressKey)
  const applied = progress === undefined ? undefined : decodeProgress(progress)
  if (applied !== undefined) await checkSameLog(log, tail, applied)
  const pending = tail - Math.max(applied?.sequence ?? 0, 1)
  if (record.fingerprint !== program.fingerprint && pending > 0) throw codeMismatch(pending, record, program)
  const current = { ...record, fingerprint: program.fingerprint }
  if (known?.fingerprint !== current.fingerprint)
    await store.advance([{ key: databaseKey, value: encodeDatabaseRecord(current) }])
  return current
}

async function findRecord(log: Log, known: DatabaseRecord | undefined, program: Program): Promise<DatabaseRecord> {
  if ((await log.tail()) === 0) {
    if (known !== undefined) throw diverged('There is a state, and the log it was made of is gone')
    return await create(log, program)
  }
  if ((await log.first()) > 1) {
    if (known === undefined) throw diverged('The log was trimmed, and the state that holds its beginning is gone')
    return known
  }
  const batch = openBatch((await readEntry(log, 1)).bytes)
  if (batch.kind !== 'create')
    throw new StreamyError('LOG_CORRUPT', 'The first log entry does not create a database. Restore a backup.')
  const created = decodeDatabaseRecord(controlBody(batch))
  if (known !== undefined && known.id !== created.id)
    throw diverged(`The state is of database ${known.id}, the log of ${created.id}`)
  return known ?? created
}

async function create(log: Log, program: Program): Promise<DatabaseRecord> {
  const { fingerprint } = program
  const record = { id: randomUUID(), seed: randomUUID(), partitions: PARTITIONS, fingerprint }
  await log.append(encodeControlBatch('create', encodeDatabaseRecord(record)))
  return record
}

// L6: a log that is shorter than, or different from, the one the state was made of.
async function checkSameLog(
  log: Log,
  tail: Sequence,
  { sequence, logHash }: { readonly sequence: Sequence; readonly logHash: number },
): Promise<void> {
  if (sequence > tail) throw diverged(`The state holds batch ${sequence}, the log ends at ${tail}`)
  if (sequence === 0 || sequence < (await log.first())) return
  const entry = await readEntry(log, sequence)
  if (crc32(entry.bytes) !== logHash)
    throw diverged(`Batch ${sequence} of the log is not the one the state was made of`)
}

async function readEntry(log: Log, sequence: Sequence): Promise<LogEntry> {
  for await (const [entry] of log.read(sequence)) if (entry !== undefined) return entry
  throw diverged(`Batch ${sequence} of the log cannot be read`)
}

function diverged(what: string): StreamyError {
  return new StreamyError('LOG_DIVERGED', `${what}. Log and state must come from the same backup: restore both.`)
}

function codeMismatch(pending: number, record: DatabaseRecord, program: Program): StreamyError {
  return new StreamyError(
    'CODE_MISMATCH',
    `The database was not closed, and ${pending} log entries written under other code must be replayed first. Open ` +
      'and close it once with the code that wrote them, then open it with this one. ' +
      `They differ: ${fingerprintDifference(record.fingerprint, program.fingerprint)}.`,
  )
}
