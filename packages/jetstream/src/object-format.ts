// The format of NATS's object store, as its clients write and read it: an object is a run of chunks under a name that
// nobody else uses, and one record that tells of it. The record takes the place of the one before it (a rollup of its
// subject), so that an object changes in one step. Here are the names and the record; who does what when is not.

import { checkpointCorrupt } from '@streamy-db/core'
import type { StreamConfig } from './jetstream-api.ts'
import { jetstreamLimits } from './jetstream-limits.ts'

/** What a record tells of an object. Fields that are not used here are kept by the clients' rules. */
export interface ObjectRecord {
  readonly name: string
  readonly bucket: string
  /** Names the chunks. */
  readonly nuid: string
  readonly size: number
  readonly chunks: number
  readonly digest: string
  readonly mtime: string
  readonly deleted?: boolean
  readonly options: { readonly max_chunk_size: number }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Names of one bucket. */
export interface BucketSubjects {
  readonly stream: string
  readonly chunks: string
  readonly records: string
  readonly chunk: (nuid: string) => string
  readonly record: (name: string) => string
}

/** Where a bucket keeps its objects. */
export function bucketSubjects(bucket: string): BucketSubjects {
  const [chunks, records] = [`$O.${bucket}.C.`, `$O.${bucket}.M.`]
  return {
    stream: `OBJ_${bucket}`,
    chunks: `${chunks}>`,
    records: `${records}>`,
    chunk: (nuid) => `${chunks}${nuid}`,
    record: (name) => `${records}${paddedBase64Url(encoder.encode(name))}`,
  }
}

/** The settings of a bucket's stream, as the clients would make it. */
export function bucketConfig(bucket: string, replicas: number, maxBytes: number): StreamConfig {
  const { stream, chunks, records } = bucketSubjects(bucket)
  return {
    name: stream,
    subjects: [chunks, records],
    storage: 'file',
    retention: 'limits',
    discard: 'new',
    num_replicas: replicas,
    max_bytes: maxBytes,
    max_age: 0,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    duplicate_window: jetstreamLimits.duplicateWindowMs * 1e6,
    allow_direct: true,
    deny_delete: false,
    deny_purge: false,
    allow_rollup_hdrs: true,
    discard_new_per_subject: false,
  }
}

/** A digest as a record holds it. */
export function digestText(digest: Uint8Array): string {
  return `SHA-256=${paddedBase64Url(digest)}`
}

/** Bytes of a record. */
export function encodeRecord(record: ObjectRecord): Uint8Array {
  return encoder.encode(JSON.stringify(record))
}

/** Reads a record; undefined when it says that the object was deleted. Throws CHECKPOINT_CORRUPT. */
export function decodeRecord(name: string, bytes: Uint8Array): ObjectRecord | undefined {
  const record = parse(name, bytes)
  if (record.deleted === true) return undefined
  const { nuid, size, chunks, digest } = record
  const isWhole = typeof nuid === 'string' && /^\w+$/.test(nuid) && typeof digest === 'string'
  if (!isWhole || !Number.isSafeInteger(size) || !Number.isSafeInteger(chunks))
    throw checkpointCorrupt(name, 'its record makes no sense')
  return record
}

/** The name of the object whose record has this subject. */
export function nameOfRecord(subject: string): string {
  return decoder.decode(Buffer.from(subject.slice(subject.lastIndexOf('.') + 1), 'base64url'))
}

function parse(name: string, bytes: Uint8Array): ObjectRecord {
  try {
    // What it holds is checked by the caller.
    return (JSON.parse(decoder.decode(bytes)) ?? {}) as ObjectRecord
  } catch {
    throw checkpointCorrupt(name, 'its record is no JSON')
  }
}

function paddedBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}
