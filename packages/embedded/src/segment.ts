// A segment: one file of consecutive entries, named after the first of them. Segments form a chain, each naming the one
// before it, so that a missing file is seen when the log is opened. A segment comes to be under another name and is
// renamed when its header is durable: whatever bears the name of a segment has been one.

import { join } from 'node:path'
import { StreamyError, type Sequence } from '@streamy-db/core'
import type { DurableFile, FileSystem } from './file-system.ts'
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  segmentFormat,
  segmentHeaderBytes,
  type SegmentHeader,
} from './segment-format.ts'

/** One segment file of a log. */
export interface Segment {
  readonly path: string
  readonly logId: string
  readonly first: Sequence
}

const suffix = '.segment'
const unfinished = 'next.unfinished'

/** The segments in `directory` in order, after a check that each follows the one before it. */
export async function listSegments(fileSystem: FileSystem, directory: string): Promise<readonly Segment[]> {
  const names = await fileSystem.list(directory)
  if (names.includes(unfinished)) await fileSystem.remove(join(directory, unfinished))
  const segments: Segment[] = []
  for (const name of names.filter((each) => each.endsWith(suffix)).sort()) {
    const path = join(directory, name)
    const header = await readHeader(fileSystem, path)
    assertFollows(header, path, segments.at(-1))
    segments.push({ path, logId: header.logId, first: header.first })
  }
  return segments
}

/** Makes the segment that starts with entry `first`, durable and filled with zeros up to `zeroedBytes`. */
export async function createSegment(
  fileSystem: FileSystem,
  directory: string,
  { logId, first, previousFirst, zeroedBytes }: Omit<SegmentHeader, 'format'> & { readonly zeroedBytes: number },
): Promise<{ readonly segment: Segment; readonly file: DurableFile }> {
  const file = await fileSystem.create(join(directory, unfinished))
  try {
    const header = encodeSegmentHeader({ logId, first, previousFirst })
    await file.write([header, new Uint8Array(zeroedBytes - header.length)], 0)
    const path = segmentPath(directory, first)
    await fileSystem.rename(join(directory, unfinished), path)
    await fileSystem.syncDirectory(directory)
    return { segment: { path, logId, first }, file }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The error for a segment that does not hold what it must; `sequence` is the first entry in doubt. */
export function logCorrupt(path: string, offset: number, sequence: Sequence, reason: string): StreamyError {
  return new StreamyError(
    'LOG_CORRUPT',
    `The log is damaged: ${path} at byte ${offset}, entry ${sequence}: ${reason}. Restore the database directory from a backup.`,
  )
}

function segmentPath(directory: string, first: Sequence): string {
  return join(directory, `${String(first).padStart(16, '0')}${suffix}`)
}

async function readHeader(fileSystem: FileSystem, path: string): Promise<SegmentHeader> {
  const file = await fileSystem.openForReading(path)
  try {
    const bytes = new Uint8Array(segmentHeaderBytes)
    const header = decodeSegmentHeader(bytes.subarray(0, await file.read(bytes, 0)))
    const named = Number.parseInt(path.slice(-suffix.length - 16), 10)
    if (header === undefined) throw logCorrupt(path, 0, named, 'the header of the segment is not valid')
    if (header.format !== segmentFormat) {
      const message = `${path} has format ${header.format}, and this version reads ${segmentFormat}. Use the version that wrote it.`
      throw new StreamyError('FORMAT_UNKNOWN', message)
    }
    if (header.first !== named)
      throw logCorrupt(path, 0, named, `the segment begins with entry ${header.first}; it was renamed`)
    return header
  } finally {
    await file.close()
  }
}

function assertFollows(header: SegmentHeader, path: string, previous: Segment | undefined): void {
  // The oldest segment held names one that was trimmed.
  if (previous === undefined) return
  if (header.logId !== previous.logId) throw logCorrupt(path, 0, header.first, 'the segment belongs to another log')
  if (header.previousFirst === previous.first) return
  throw logCorrupt(
    path,
    0,
    header.previousFirst,
    `the segment before it, which begins with entry ${header.previousFirst}, is missing`,
  )
}
