// DatabaseRecord: what is fixed when a database is created, and which code it was last brought up to date with. The
// first log entry holds it; the state store keeps it once that entry is trimmed.

import { ByteReader, ByteWriter, MalformedBytes, StreamyError } from '@streamy-db/core'

/** Identity of a database. */
export interface DatabaseRecord {
  /** Unique; names the database in errors and, on a cluster, its log. */
  readonly id: string
  /** Seeds what handlers draw. */
  readonly seed: string
  readonly partitions: number
  /** Of the code that computed the state so far. */
  readonly fingerprint: string
}

/** Key of the record in the state store. */
export const databaseKey = 'database'

export function encodeDatabaseRecord(record: DatabaseRecord): Uint8Array {
  const out = new ByteWriter()
  out.string(record.id)
  out.string(record.seed)
  out.varint(record.partitions)
  out.string(record.fingerprint)
  return out.take()
}

/** Throws LOG_CORRUPT when the bytes are not a record. */
export function decodeDatabaseRecord(bytes: Uint8Array): DatabaseRecord {
  try {
    const reader = new ByteReader(bytes)
    const record = {
      id: reader.string(),
      seed: reader.string(),
      partitions: reader.varint(),
      fingerprint: reader.string(),
    }
    reader.finish()
    return record
  } catch (cause) {
    if (!(cause instanceof MalformedBytes)) throw cause
    throw new StreamyError(
      'LOG_CORRUPT',
      'What the database was created with cannot be read: its first log entry is damaged. Restore a backup.',
      { cause },
    )
  }
}
