// Recovery of a segmented log: finds where its entries end, and decides whether what stands there is the leftover of a
// crash, which is erased, or damage, which is reported.
//
// What a crash can leave is bounded by how the writer writes. It fills a segment with zeros before it puts entries
// there, so a crash never shortens a file. It acknowledges an entry when it and all before it are durable, and every
// entry says how far that was when it was written. Hence
//   - a file that ends inside an entry, or right after one, was cut: damage;
//   - an entry that is not valid, with a valid one somewhere behind it that knew it to be durable: damage;
//   - anything else that is not valid at the end was never acknowledged: a torn tail.
// After an orderly close a mark stands at the end that knew everything to be durable, so then the last entry is
// covered too. Without one, damage to the entries of the very last flushes looks like a torn tail; a reader that had
// seen them finds the log shorter than its own state (LOG_DIVERGED).

import { randomBytes } from 'node:crypto'
import type { Sequence } from '@streamy-db/core'
import type { DurableFile, FileSystem } from './file-system.ts'
import { asBuffer, decodeEntryHeader, entryMagic, segmentHeaderBytes } from './segment-format.ts'
import { SegmentReader, type SegmentEnd } from './segment-reader.ts'
import { createSegment, listSegments, logCorrupt, type Segment } from './segment.ts'

/** A log ready to be appended to. */
export interface RecoveredLog {
  readonly segments: readonly Segment[]
  /** The last segment, open for writing. */
  readonly file: DurableFile
  /** Where the next entry goes in it. */
  readonly position: number
  /** Up to where it holds zeros behind that. */
  readonly zeroedEnd: number
  readonly tail: Sequence
}

/** Opens the log in `directory`, or makes a new one. */
export async function recoverLog(options: {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly zeroedBytes: number
  readonly readAheadBytes: number
  /** Told every id in the last segment. */
  onId(id: string, sequence: Sequence): void
}): Promise<RecoveredLog> {
  const { fileSystem, directory, zeroedBytes } = options
  const segments = await listSegments(fileSystem, directory)
  const last = segments.at(-1)
  if (last === undefined) {
    const logId = randomBytes(16).toString('hex')
    const { segment, file } = await createSegment(fileSystem, directory, {
      logId,
      first: 1,
      previousFirst: 0,
      zeroedBytes,
    })
    return { segments: [segment], file, position: segmentHeaderBytes, zeroedEnd: zeroedBytes, tail: 0 }
  }
  const { end, rest } = await readToTheEnd(options, last)
  const file = await fileSystem.openForWriting(last.path)
  // From here on the end is zeros: what stood there can never be taken for an entry of later days.
  if (end.kind !== 'close-mark' && !isZero(rest)) await file.write([new Uint8Array(rest.length)], end.offset)
  return { segments, file, position: end.offset, zeroedEnd: end.offset + rest.length, tail: end.sequence - 1 }
}

interface EndOfLog {
  readonly end: SegmentEnd
  /** The file from there on. */
  readonly rest: Uint8Array
}

async function readToTheEnd(options: Parameters<typeof recoverLog>[0], segment: Segment): Promise<EndOfLog> {
  const reader = await SegmentReader.open(options.fileSystem, segment, options.readAheadBytes)
  try {
    for (;;) {
      const { entries, ids, end } = await reader.read(Number.MAX_SAFE_INTEGER)
      for (const [index, entry] of entries.entries()) {
        const id = ids[index]
        if (id !== undefined) options.onId(id, entry.sequence)
      }
      if (end === undefined) continue
      const rest = await reader.readRest()
      assertNotDamaged(segment, end, rest)
      return { end, rest }
    }
  } finally {
    await reader.close()
  }
}

/** Throws LOG_CORRUPT unless a crash can have left `rest` where the entries end. */
function assertNotDamaged(segment: Segment, end: SegmentEnd, rest: Uint8Array): void {
  const { path } = segment
  if (end.kind === 'truncated') throw logCorrupt(path, end.offset, end.sequence, end.reason)
  const witness = end.kind === 'close-mark' ? undefined : findWitness(rest, end.sequence)
  if (witness === undefined) return
  throw logCorrupt(
    path,
    end.offset,
    end.sequence,
    `${end.reason}, and it was durable before entry ${witness} was written`,
  )
}

/** An entry or close mark in `rest` that was written when entry `sequence` was durable. */
function findWitness(rest: Uint8Array, sequence: Sequence): Sequence | undefined {
  const buffer = asBuffer(rest)
  for (let offset = buffer.indexOf(entryMagic); offset >= 0; offset = buffer.indexOf(entryMagic, offset + 1)) {
    const header = decodeEntryHeader(buffer, offset)
    if (header !== undefined && header.durable >= sequence) return header.sequence
  }
  return undefined
}

function isZero(bytes: Uint8Array): boolean {
  return asBuffer(bytes).equals(new Uint8Array(bytes.length))
}
