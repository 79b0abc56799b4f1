// Snapshot reads of KV Connect: several ranges of encoded keys, all as of one moment.

import { create, toBinary } from '@bufbuild/protobuf'
import { StreamyError } from '@streamy-db/core'
import { type ByteEntry, type ByteRange, readByteRanges } from '@streamy-db/kv'
import type { Database } from '@streamy-db/runtime'
import { HttpProblem } from '../http/http-problem.ts'
import { kvConnectLimits } from '../limits.ts'
import {
  KvEntrySchema,
  type KvEntry,
  type ReadRange,
  ReadRangeOutputSchema,
  type SnapshotRead,
  SnapshotReadOutputSchema,
  SnapshotReadStatus,
} from './datapath.ts'
import { travellingOf } from './stored-values.ts'

// A moment that was left behind while it was read is given up for a later one.
const ATTEMPTS = 4

/** Answers a read. Throws BODY_INVALID. */
export async function snapshotRead(db: Database, space: string, { ranges }: SnapshotRead): Promise<Uint8Array> {
  const read = await readInOneMoment(db, space, rangesOf(ranges))
  return toBinary(
    SnapshotReadOutputSchema,
    create(SnapshotReadOutputSchema, {
      ranges: read.map((entries) => create(ReadRangeOutputSchema, { values: entries.map(messageOf) })),
      readIsStronglyConsistent: true,
      status: SnapshotReadStatus.SR_SUCCESS,
    }),
  )
}

/** An entry as a message. */
export function messageOf({ key, value, version }: ByteEntry): KvEntry {
  const { data, encoding } = travellingOf(value)
  return create(KvEntrySchema, { key, value: data, encoding, versionstamp: Buffer.from(version, 'hex') })
}

async function readInOneMoment(db: Database, space: string, ranges: readonly ByteRange[]): Promise<ByteEntry[][]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readByteRanges(db, space, ranges)
    } catch (error) {
      const isExpired = error instanceof StreamyError && error.code === 'SNAPSHOT_EXPIRED'
      if (!isExpired || attempt === ATTEMPTS) throw error
    }
  }
}

function rangesOf(ranges: readonly ReadRange[]): readonly ByteRange[] {
  const { rangesPerReadMax, entriesPerReadMax, keyBytesMax } = kvConnectLimits
  if (ranges.length > rangesPerReadMax) throw invalid(`A read has ${ranges.length} ranges, above ${rangesPerReadMax}.`)
  let entries = 0
  for (const { start, end, limit } of ranges) {
    if (limit <= 0) throw invalid(`A range has the limit ${limit}. It must be above zero.`)
    entries += limit
    // The end of a prefix is a key and a byte more.
    if (start.length > keyBytesMax + 1 || end.length > keyBytesMax + 1)
      throw invalid(`A key has more than ${keyBytesMax} bytes.`)
  }
  if (entries > entriesPerReadMax) throw invalid(`A read asks for ${entries} entries, above ${entriesPerReadMax}.`)
  return ranges.map(({ start, end, limit, reverse }) => ({ start, end, limit, reverse }))
}

function invalid(message: string): HttpProblem {
  return new HttpProblem('BODY_INVALID', message)
}
