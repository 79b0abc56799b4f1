// The bytes of one partition in a checkpoint, and of the manifest that makes a checkpoint complete.
//
//   object    frame*            u32 length, then that many bytes
//   frame 1   the head: version, database, how far, the view, the partition
//   frame n   entries of the state, each a key and a value
//   last      an empty frame: what ends without it was cut off
//
// A manifest is the head alone.

import {
  ByteReader,
  ByteWriter,
  MalformedBytes,
  StreamyError,
  decodeProgress,
  decodeView,
  encodeProgress,
  encodeView,
} from '@streamy-db/core'
import type { PartitionId, Progress, StateChange, View } from '@streamy-db/core'
import { decodeDatabaseRecord, encodeDatabaseRecord } from '../../database-record.ts'
import type { DatabaseRecord } from '../../database-record.ts'

/** What a checkpoint is of. */
export interface CheckpointHead {
  readonly database: DatabaseRecord
  readonly progress: Progress
  readonly view: View
  readonly partition: PartitionId
}

const VERSION = 1
const FRAME_BYTES = 256 * 1024

/** Bytes of a head. */
export function encodeHead({ database, progress, view, partition }: CheckpointHead): Uint8Array {
  const out = new ByteWriter()
  out.u8(VERSION)
  out.blob(encodeDatabaseRecord(database))
  out.blob(encodeProgress(progress))
  const viewOut = new ByteWriter()
  encodeView(viewOut, view)
  out.blob(viewOut.take())
  out.varint(partition)
  return out.take()
}

/** Reads what {@link encodeHead} wrote. Throws FORMAT_UNKNOWN, CHECKPOINT_CORRUPT. */
export function decodeHead(bytes: Uint8Array): CheckpointHead {
  return readable(() => {
    const reader = new ByteReader(bytes)
    const version = reader.u8()
    if (version !== VERSION)
      throw new StreamyError(
        'FORMAT_UNKNOWN',
        `The checkpoint has format version ${version}; this is version ${VERSION}. Run a release that knows it.`,
      )
    const head = {
      database: decodeDatabaseRecord(reader.blob()),
      progress: decodeProgress(reader.blob()),
      view: decodeView(new ByteReader(reader.blob())),
      partition: reader.varint(),
    }
    reader.finish()
    return head
  })
}

/** The chunks of one partition's object. */
export function* encodePartition(
  head: CheckpointHead,
  entries: Iterable<{ readonly key: string; readonly value: Uint8Array }>,
): Iterable<Uint8Array> {
  yield framed(encodeHead(head))
  let out = new ByteWriter(FRAME_BYTES)
  for (const { key, value } of entries) {
    out.string(key)
    out.blob(value)
    if (out.length < FRAME_BYTES) continue
    yield framed(out.take())
    out = new ByteWriter(FRAME_BYTES)
  }
  if (out.length > 0) yield framed(out.take())
  yield framed(new Uint8Array(0))
}

/** Reads an object: its head, then its entries, frame by frame. Throws CHECKPOINT_CORRUPT for anything else. */
export async function decodePartition(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: CheckpointHead; readonly changes: AsyncIterable<readonly StateChange[]> }> {
  const frames = framesOf(chunks)
  const first = await frames.next()
  if (first.done === true) throw corrupt('it is empty')
  return { head: decodeHead(first.value), changes: changesOf(frames) }
}

async function* changesOf(frames: AsyncIterableIterator<Uint8Array>): AsyncIterable<readonly StateChange[]> {
  for await (const frame of frames) yield readable(() => readEntries(frame))
}

function readEntries(frame: Uint8Array): StateChange[] {
  const reader = new ByteReader(frame)
  const changes: StateChange[] = []
  while (reader.offset < frame.length) changes.push({ key: reader.string(), value: reader.copy() })
  return changes
}

async function* framesOf(chunks: AsyncIterable<Uint8Array>): AsyncIterableIterator<Uint8Array> {
  let buffered = Buffer.alloc(0)
  for await (const chunk of chunks) {
    buffered = Buffer.concat([buffered, chunk])
    while (buffered.length >= 4 && buffered.length >= 4 + buffered.readUInt32LE(0)) {
      const length = buffered.readUInt32LE(0)
      if (length === 0) return
      yield buffered.subarray(4, 4 + length)
      buffered = buffered.subarray(4 + length)
    }
  }
  throw corrupt('it ends too early')
}

function framed(bytes: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(4 + bytes.length)
  frame.writeUInt32LE(bytes.length, 0)
  frame.set(bytes, 4)
  return frame
}

function readable<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof MalformedBytes)) throw cause
    throw corrupt(cause.message, cause)
  }
}

function corrupt(what: string, cause?: unknown): StreamyError {
  const message = `An object of a checkpoint cannot be read: ${what}. Start from another checkpoint, or a backup.`
  return new StreamyError('CHECKPOINT_CORRUPT', message, { cause })
}
