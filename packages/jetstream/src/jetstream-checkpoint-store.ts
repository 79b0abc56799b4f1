// The checkpoint store on JetStream, in the format of NATS's object store: its own clients and tools can read what is put
// here. Chunks are published a few at a time and acknowledged; the record that makes an object visible is published last,
// so a crash leaves nothing but chunks that belong to no object, and those are collected when they are old.

import { createHash } from 'node:crypto'
import {
  StreamyError,
  assertCheckpointName,
  checkpointCorrupt,
  checkpointMissing,
  checkpointStoreClosed,
  inBlocks,
  type CheckpointStore,
} from '@streamy-db/core'
import { JetStreamApi, type JetStreamApiOptions, type StoredMessage } from './jetstream-api.ts'
import { jetstreamLimits } from './jetstream-limits.ts'
import type { NatsConnection } from './nats-connection.ts'
import {
  bucketConfig,
  bucketSubjects,
  decodeRecord,
  digestText,
  encodeRecord,
  nameOfRecord,
  type BucketSubjects,
  type ObjectRecord,
} from './object-format.ts'
import { randomToken } from './random-token.ts'
import { parseServerTime } from './server-time.ts'
import { StreamPublisher } from './stream-publisher.ts'
import { assertSettings, createStream, onceAvailable } from './stream-settings.ts'

/** Which bucket, and how to make it when there is none. */
export interface CheckpointStoreOptions extends JetStreamApiOptions {
  /** `databaseSubjects(id).checkpointBucket`. */
  readonly bucket: string
  readonly replicas?: number
  /** Room for all checkpoints that are kept at once; default 64 GiB. The server sets it aside. */
  readonly maxBytes?: number
}

const SUBJECTS_PER_ANSWER = 100_000

interface PutChunks {
  readonly nuid: string
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** Takes each that was published. */
  readonly landing: Promise<number>[]
}

/** A replicated {@link CheckpointStore}. */
export class JetStreamCheckpointStore implements CheckpointStore {
  readonly #connection: NatsConnection
  readonly #api: JetStreamApi
  readonly #bucket: string
  readonly #subjects: BucketSubjects
  #closed = false

  /**
   * Opens the bucket, making it when it is not there. An operator may change its room and its copies; other settings than
   * these throw STREAM_MISMATCH.
   */
  static async open(connection: NatsConnection, options: CheckpointStoreOptions): Promise<JetStreamCheckpointStore> {
    const { bucket, replicas = 1, maxBytes = jetstreamLimits.checkpointBytesMax } = options
    const api = new JetStreamApi(connection, options)
    try {
      const config = bucketConfig(bucket, replicas, maxBytes)
      const info = await onceAvailable(() => api.streamInfo(config.name))
      const { max_bytes: _room, num_replicas: _copies, ...promises } = config
      assertSettings(promises, info ?? (await createStream(api, config)))
      return new JetStreamCheckpointStore(connection, api, bucket)
    } catch (error) {
      api.close()
      throw error
    }
  }

  private constructor(connection: NatsConnection, api: JetStreamApi, bucket: string) {
    this.#connection = connection
    this.#api = api
    this.#bucket = bucket
    this.#subjects = bucketSubjects(bucket)
  }

  async put(name: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    this.#assertOpen()
    assertCheckpointName(name)
    const nuid = randomToken()
    const publisher = new StreamPublisher(this.#connection, this.#subjects.stream, {
      inFlightMax: jetstreamLimits.checkpointChunksInFlightMax,
    })
    const landing: Promise<number>[] = []
    try {
      const content = await this.#putChunks(publisher, { nuid, chunks, landing })
      const before = await this.#findRecord(name)
      const record: ObjectRecord = {
        name,
        bucket: this.#bucket,
        nuid,
        ...content,
        mtime: new Date().toISOString(),
        deleted: false,
        options: { max_chunk_size: jetstreamLimits.checkpointChunkBytes },
      }
      this.#assertOpen()
      const headers = { 'Nats-Rollup': 'sub' }
      await publisher.publish({ subject: this.#subjects.record(name), bytes: encodeRecord(record), headers })
      // Nobody needs them any more; what stays because this fails is collected later.
      if (before !== undefined) await this.#removeChunks(before.nuid).catch(() => {})
    } catch (error) {
      // One that is still on its way would land behind the removal.
      await Promise.allSettled(landing)
      await this.#removeUnlessPut(name, nuid)
      throw error
    } finally {
      publisher.close()
    }
  }

  async *get(name: string): AsyncIterable<Uint8Array> {
    this.#assertOpen()
    assertCheckpointName(name)
    const record = await this.#findRecord(name)
    if (record === undefined) throw checkpointMissing(name)
    const digest = createHash('sha256')
    let size = 0
    for await (const chunk of this.#readChunks(record)) {
      digest.update(chunk)
      size += chunk.length
      yield chunk
    }
    if (size !== record.size) throw checkpointCorrupt(name, `it has ${size} bytes of ${record.size}`)
    if (digestText(digest.digest()) !== record.digest) throw checkpointCorrupt(name, 'its digest does not match')
  }

  async list(prefix: string): Promise<readonly string[]> {
    this.#assertOpen()
    const records = await this.#records((name) => name.startsWith(prefix))
    return records.map(({ name }) => name).sort()
  }

  async delete(name: string): Promise<void> {
    this.#assertOpen()
    assertCheckpointName(name)
    const record = await this.#findRecord(name)
    await onceAvailable(() => this.#api.purgeStream(this.#subjects.stream, { filter: this.#subjects.record(name) }))
    if (record !== undefined) await this.#removeChunks(record.nuid)
  }

  /**
   * Removes chunks that belong to no object and to which nothing was added for `ageMs`, ten minutes unless told otherwise:
   * what crashes of those who put leave behind. Gives how many objects' worth. To be called now and then, by whomever.
   */
  async collectOrphans({ ageMs = jetstreamLimits.orphanAgeMs }: { readonly ageMs?: number } = {}): Promise<number> {
    this.#assertOpen()
    // In this order: an object whose chunks are seen has its record by the time the records are read, or is still young.
    const subjects = await this.#subjectsOf(this.#subjects.chunks)
    const used = new Set((await this.#records(() => true)).map(({ nuid }) => this.#subjects.chunk(nuid)))
    let collected = 0
    for (const subject of subjects) {
      if (used.has(subject) || (await this.#ageUs(subject)) <= ageMs * 1000) continue
      await this.#api.purgeStream(this.#subjects.stream, { filter: subject })
      collected += 1
    }
    return collected
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#api.close()
  }

  async #putChunks(
    publisher: StreamPublisher,
    { nuid, chunks, landing }: PutChunks,
  ): Promise<Pick<ObjectRecord, 'size' | 'chunks' | 'digest'>> {
    const digest = createHash('sha256')
    const subject = this.#subjects.chunk(nuid)
    let size = 0
    let lastAt = performance.now()
    for await (const bytes of inBlocks(chunks, this.#chunkBytes())) {
      if (performance.now() - lastAt > jetstreamLimits.putStalledMs) throw stalled()
      digest.update(bytes)
      size += bytes.length
      const publish = publisher.publish({ subject, bytes })
      // Awaited below; until then a failure must not count as one that nobody handles.
      publish.catch(() => {})
      landing.push(publish)
      await landing.at(-jetstreamLimits.checkpointChunksInFlightMax)
      lastAt = performance.now()
    }
    const sequences = await Promise.all(landing)
    assertInOrder(sequences)
    return { size, chunks: sequences.length, digest: digestText(digest.digest()) }
  }

  // One after the other, since only the message before tells where the next is; the next is on its way while one is used.
  async *#readChunks({ name, nuid, chunks }: ObjectRecord): AsyncIterable<Uint8Array> {
    const subject = this.#subjects.chunk(nuid)
    const next = (seq: number): Promise<StoredMessage | undefined> => {
      const reading = this.#message({ next_by_subj: subject, seq })
      reading.catch(() => {})
      return reading
    }
    let reading = chunks > 0 ? next(1) : undefined
    for (let number = 1; number <= chunks; number++) {
      this.#assertOpen()
      const message = await reading
      if (message === undefined) throw await this.#chunkMissing(name, nuid, number)
      reading = number < chunks ? next(message.sequence + 1) : undefined
      yield message.data
    }
  }

  // An object that was replaced or deleted meanwhile is missing; one that should be there is damaged.
  async #chunkMissing(name: string, nuid: string, number: number): Promise<StreamyError> {
    const record = await this.#findRecord(name)
    return record?.nuid === nuid ? checkpointCorrupt(name, `chunk ${number} is missing`) : checkpointMissing(name)
  }

  async #findRecord(name: string): Promise<ObjectRecord | undefined> {
    const message = await onceAvailable(() =>
      this.#api.getMessage(this.#subjects.stream, { last_by_subj: this.#subjects.record(name) }),
    )
    return message && decodeRecord(name, message.data)
  }

  // Any server that has the stream may answer, and may lag behind; only the leader knows that a message is not there.
  async #message(query: { readonly next_by_subj: string; readonly seq: number }): Promise<StoredMessage | undefined> {
    const { stream } = this.#subjects
    return await onceAvailable(
      async () => (await this.#api.directGet(stream, query)) ?? (await this.#api.getMessage(stream, query)),
    )
  }

  async #records(isWanted: (name: string) => boolean): Promise<readonly ObjectRecord[]> {
    const subjects = await this.#subjectsOf(this.#subjects.records)
    const names = subjects.map(nameOfRecord).filter(isWanted)
    const records: ObjectRecord[] = []
    for (let at = 0; at < names.length; at += RECORDS_AT_ONCE) {
      const some = await Promise.all(names.slice(at, at + RECORDS_AT_ONCE).map((name) => this.#findRecord(name)))
      records.push(...some.filter((record) => record !== undefined))
    }
    return records
  }

  async #subjectsOf(filter: string): Promise<readonly string[]> {
    const subjects = new Set<string>()
    for (;;) {
      const info = await onceAvailable(() =>
        this.#api.streamInfo(this.#subjects.stream, { filter, offset: subjects.size }),
      )
      if (info === undefined) throw this.#gone()
      const page = Object.keys(info.state.subjects ?? {})
      for (const subject of page) subjects.add(subject)
      if (page.length < SUBJECTS_PER_ANSWER) return Array.from(subjects)
    }
  }

  /** How long ago something was added to a subject; 0 when there is nothing. */
  async #ageUs(subject: string): Promise<number> {
    const { stream } = this.#subjects
    const info = await this.#api.streamInfo(stream)
    const last = await this.#api.getMessage(stream, { last_by_subj: subject })
    // Both times are the server's.
    return info?.ts === undefined || last === undefined ? 0 : parseServerTime(info.ts) - last.timeUs
  }

  async #removeChunks(nuid: string): Promise<void> {
    const filter = this.#subjects.chunk(nuid)
    await onceAvailable(() => this.#api.purgeStream(this.#subjects.stream, { filter }))
  }

  // The record may have landed though nobody said so: then the object is there, and keeps its chunks.
  async #removeUnlessPut(name: string, nuid: string): Promise<void> {
    try {
      if (this.#closed || !this.#connection.connected) return
      if ((await this.#findRecord(name))?.nuid !== nuid) await this.#removeChunks(nuid)
    } catch {
      // They are collected later.
    }
  }

  #chunkBytes(): number {
    return Math.min(
      jetstreamLimits.checkpointChunkBytes,
      this.#connection.maxPayload - jetstreamLimits.messageOverheadBytes,
    )
  }

  #gone(): StreamyError {
    return new StreamyError(
      'STORAGE_FAILED',
      `The checkpoint store, stream ${this.#subjects.stream}, is gone. Restore it from a backup.`,
    )
  }

  #assertOpen(): void {
    if (this.#closed) throw checkpointStoreClosed()
  }
}

const RECORDS_AT_ONCE = 64

// When chunks had to be sent again they may have landed in another order, and the object would be another one.
function assertInOrder(sequences: readonly number[]): void {
  if (sequences.every((sequence, index) => index === 0 || sequence > sequences[index - 1]!)) return
  throw new StreamyError(
    'SERVER_UNAVAILABLE',
    'Chunks of a checkpoint landed out of order when the server failed. Put it again.',
  )
}

function stalled(): StreamyError {
  return new StreamyError(
    'SERVER_UNAVAILABLE',
    `A checkpoint's object was given no bytes for ${jetstreamLimits.putStalledMs} ms, so what there is of it may be collected. Put it again.`,
  )
}
