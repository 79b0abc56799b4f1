// The checkpoint store on JetStream: the conformance suite on both versions, NATS's own client as reader and writer, damage,
// crashes in the middle, and what is left of them.

import { testCheckpointStoreConformance } from '@streamy-db/core/testing'
import { connect, type NatsConnection as Client } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { JetStreamApi } from './jetstream-api.ts'
import { JetStreamCheckpointStore } from './jetstream-checkpoint-store.ts'
import { jetstreamLimits } from './jetstream-limits.ts'
import { connectNats, type NatsConnection } from './nats-connection.ts'
import { bucketSubjects } from './object-format.ts'
import { startNatsServer, type NatsServer } from './testing/nats-server.ts'

const maxBytes = 256 * 1024 * 1024

describe.each(['oldest', 'newest'] as const)('on the %s server', (version) => {
  let server: NatsServer
  let connection: NatsConnection
  let client: Client
  let api: JetStreamApi
  let buckets = 0

  beforeAll(async () => {
    server = await startNatsServer({ version })
    connection = await connectNats({ servers: server.url })
    client = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 })
    api = new JetStreamApi(connection)
  })

  afterAll(async () => {
    await client.close()
    await connection.close()
    await server.stop()
  })

  const openStore = (bucket = `bucket-${buckets++}`): Promise<JetStreamCheckpointStore> =>
    JetStreamCheckpointStore.open(connection, { bucket, maxBytes })

  testCheckpointStoreConformance('JetStreamCheckpointStore', async () => {
    const bucket = `conformance-${buckets++}`
    return {
      open: () => openStore(bucket),
      discard: async () => await api.deleteStream(bucketSubjects(bucket).stream),
      durable: true,
    }
  })

  it("is read and verified by NATS's own client, and reads what that wrote", async () => {
    const bucket = `shared-${buckets++}`
    const store = await openStore(bucket)
    const bytes = filled(2_345_678, 1)
    await store.put('ours/1', [bytes])
    await store.put('empty', [])
    const theirs = await client.jetstream().views.os(bucket)
    expect(Buffer.compare((await theirs.getBlob('ours/1'))!, bytes)).toBe(0)
    expect((await theirs.getBlob('empty'))?.length).toBe(0)
    expect((await theirs.list()).map(({ name, size }) => [name, size])).toEqual([
      ['ours/1', bytes.length],
      ['empty', 0],
    ])
    await theirs.putBlob({ name: 'theirs' }, filled(1_234_567, 2))
    expect(Buffer.compare(await read(store, 'theirs'), filled(1_234_567, 2))).toBe(0)
    // What their client deletes leaves a record that says so.
    await theirs.delete('theirs')
    expect(await store.list('')).toEqual(['empty', 'ours/1'])
    await expect(read(store, 'theirs')).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' })
    await store.put('theirs', [filled(10, 3)])
    expect(Buffer.compare((await theirs.getBlob('theirs'))!, filled(10, 3))).toBe(0)
  })

  it('leaves nothing behind when an object is replaced, deleted, or cannot be put', async () => {
    const bucket = `clean-${buckets++}`
    const store = await openStore(bucket)
    await store.put('a', [filled(2_000_000, 1)])
    await store.put('a', [filled(2_000_000, 2)])
    const broken = (function* () {
      yield filled(2_000_000, 3)
      throw new RangeError('broken')
    })()
    await expect(store.put('b', broken)).rejects.toThrow('broken')
    expect(await messagesIn(bucket)).toBe(Math.ceil(2_000_000 / jetstreamLimits.checkpointChunkBytes) + 1)
    await store.delete('a')
    expect(await messagesIn(bucket)).toBe(0)
  })

  it('C2: reports a chunk that is lost, replaced or added', async () => {
    const bucket = `damaged-${buckets++}`
    const store = await openStore(bucket)
    const { stream } = bucketSubjects(bucket)
    for (const damage of ['lost', 'replaced'] as const) {
      await store.put(damage, [filled(1_500_000, 1)])
      const [subject] = (await chunkSubjects(bucket)).slice(-1)
      const chunk = await api.getMessage(stream, { last_by_subj: subject! })
      await client.jetstreamManager().then((manager) => manager.streams.deleteMessage(stream, chunk!.sequence))
      if (damage === 'replaced')
        await client.jetstream().publish(
          subject!,
          chunk!.data.map((byte) => byte ^ 1),
        )
      await expect(read(store, damage)).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' })
      await store.delete(damage)
    }
    await store.put('record', [filled(10, 1)])
    await client.jetstream().publish(bucketSubjects(bucket).record('record'), '{"name":"record"')
    await expect(read(store, 'record')).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' })
  })

  it('puts an object while the server is killed, and reads one meanwhile', async () => {
    const store = await openStore()
    await store.put('before', [filled(5_000_000, 1)])
    let crashes = 0
    const chunks = async function* (): AsyncIterable<Uint8Array> {
      for (let index = 0; index < 20; index++) {
        if (index === 7 && crashes++ === 0) {
          await server.kill()
          await server.restart()
        }
        yield filled(300_000, index)
      }
    }
    const reading = read(store, 'before')
    // Chunks that had to be sent again may have landed in another order; then it says so, and putting again is enough.
    const failures: unknown[] = []
    while (!(await store.list('')).includes('during'))
      await store.put('during', chunks()).catch((error: unknown) => failures.push(error))
    expect(failures).toEqual(failures.map(() => expect.objectContaining({ code: 'SERVER_UNAVAILABLE', kind: 'retry' })))
    expect(failures.length).toBeLessThanOrEqual(1)
    expect(Buffer.compare(await reading, filled(5_000_000, 1))).toBe(0)
    const whole = Buffer.concat(Array.from({ length: 20 }, (_, index) => filled(300_000, index)))
    expect(Buffer.compare(await read(store, 'during'), whole)).toBe(0)
  })

  it('collects the chunks that a crash left behind when they are old, and no others', async () => {
    const bucket = `orphans-${buckets++}`
    const store = await openStore(bucket)
    await store.put('kept', [filled(1_000_000, 1)])
    const kept = await messagesIn(bucket)
    for (const nuid of ['dead1', 'dead2'])
      for (let chunk = 0; chunk < 3; chunk++)
        await client.jetstream().publish(bucketSubjects(bucket).chunk(nuid), filled(100, chunk))
    expect(await store.collectOrphans()).toBe(0)
    expect(await messagesIn(bucket)).toBe(kept! + 6)
    expect(await store.collectOrphans({ ageMs: 0 })).toBe(2)
    expect(await messagesIn(bucket)).toBe(kept)
    expect(Buffer.compare(await read(store, 'kept'), filled(1_000_000, 1))).toBe(0)
  })

  it('says that it is full, keeps what it has, and goes on when some are deleted', async () => {
    const bucket = `full-${buckets++}`
    const store = await JetStreamCheckpointStore.open(connection, { bucket, maxBytes: 4_000_000 })
    await store.put('a', [filled(2_500_000, 1)])
    await expect(store.put('b', [filled(2_500_000, 2)])).rejects.toMatchObject({ code: 'STORAGE_FULL', kind: 'retry' })
    expect(await store.list('')).toEqual(['a'])
    await store.delete('a')
    await store.put('b', [filled(2_500_000, 2)])
    expect(Buffer.compare(await read(store, 'b'), filled(2_500_000, 2))).toBe(0)
  })

  async function messagesIn(bucket: string): Promise<number | undefined> {
    return (await api.streamInfo(bucketSubjects(bucket).stream))?.state.messages
  }

  async function chunkSubjects(bucket: string): Promise<readonly string[]> {
    const { stream, chunks } = bucketSubjects(bucket)
    return Object.keys((await api.streamInfo(stream, { filter: chunks, offset: 0 }))?.state.subjects ?? {})
  }
})

async function read(store: JetStreamCheckpointStore, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of store.get(name)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function filled(size: number, seed: number): Uint8Array {
  return new Uint8Array(size).map((_, index) => (index * 31 + seed + (index >> 8)) & 0xff)
}
