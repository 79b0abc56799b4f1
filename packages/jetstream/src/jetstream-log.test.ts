// The log against a real server that crashes, fills up, is meddled with or loses what it had.

import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StreamyError, limits, type LogEntry } from '@streamy-db/core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { JetStreamApi, type StreamConfig } from './jetstream-api.ts'
import { jetstreamLimits } from './jetstream-limits.ts'
import { JetStreamLog, type LogStream } from './jetstream-log.ts'
import { createLogStream, openLogStream, type OpenedLog } from './log-stream.ts'
import { connectNats, type NatsConnection } from './nats-connection.ts'
import { appendUnderLoad, expectIntact, readUntil } from './testing/append-load.ts'
import { startNatsServer, type NatsServer } from './testing/nats-server.ts'

const MIB = 1024 * 1024
const margin = jetstreamLimits.trimMargin

describe.each(['oldest', 'newest'] as const)('on the %s server', (version) => {
  let server: NatsServer
  let connection: NatsConnection
  let databases = 0
  const opened: OpenedLog[] = []

  beforeAll(async () => {
    server = await startNatsServer({ version })
    connection = await connectNats({ servers: server.url })
  })

  afterEach(async () => {
    for (const { log, stream } of opened.splice(0)) {
      await log.close()
      await removeStream(connection, stream.name)
    }
  })

  afterAll(async () => {
    await connection.close()
    await server.stop()
  })

  const openLog = async (maxBytes = 64 * MIB, name = `log-${databases++}`): Promise<OpenedLog> => {
    const database = await createLogStream(connection, { name, maxBytes })
    opened.push(database)
    return database
  }

  it('loses and repeats nothing when the server is killed twice during appends and reads', async () => {
    const { log } = await openLog()
    const reading = readUntil(log, () => 3000)
    const crash = async (): Promise<void> => {
      await server.kill()
      await server.restart()
    }
    const acknowledged = await appendUnderLoad(log, { appends: 3000, inFlight: 20, at: { 700: crash, 1900: crash } })
    expectIntact(await reading, acknowledged)
    expectIntact(await readUntil(log, () => 3000), acknowledged)
    expect(await log.tail()).toBe(3000)
  })

  it('keeps the order of the calls over a crash when one append is in flight', async () => {
    const name = `ordered-${databases++}`
    const database = await createLogStream(connection, { name, maxBytes: MIB, publisher: { inFlightMax: 1 } })
    opened.push(database)
    const appends = Array.from({ length: 300 }, (_, index) => database.log.append(Uint8Array.of(index % 256)))
    await appends[100]
    await server.kill()
    await server.restart()
    expect(await Promise.all(appends)).toEqual(appends.map((_, index) => index + 1))
    const entries = await readUntil(database.log, () => 300)
    expect(entries.map(({ bytes }) => bytes[0])).toEqual(appends.map((_, index) => index % 256))
  })

  it('serves a reader that is slower than its pulls, within its bounds, with the largest entries', async () => {
    const { log } = await openLog(128 * MIB)
    const entry = new Uint8Array(limits.entryBytesMax)
    for (let index = 0; index < 40; index++) await log.append(entry.fill(index))
    const chunks: (readonly LogEntry[])[] = []
    for await (const chunk of log.read(1)) {
      chunks.push(chunk)
      // Long enough for everything that was pulled to come in.
      await connection.flush()
      if (chunks.flat().length === 40) break
    }
    expect(chunks.flat().map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 40 }, (_, index) => index))
    for (const chunk of chunks)
      expect(chunk.length * limits.entryBytesMax).toBeLessThanOrEqual(jetstreamLimits.readerBytesMax)
  })

  it('goes on reading when its consumer is deleted', async () => {
    const { log, stream } = await openLog()
    const reading = readUntil(log, () => 200)
    for (let index = 0; index < 100; index++) await log.append(Uint8Array.of(index))
    for (const consumer of await consumersOf(connection, stream.name))
      await deleteConsumer(connection, stream.name, consumer)
    for (let index = 100; index < 200; index++) await log.append(Uint8Array.of(index))
    expect((await reading).map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 200 }, (_, index) => index))
  })

  it('reads message by message where no consumer can be had', async () => {
    const { log, stream } = await openLog()
    for (let index = 0; index < 150; index++) await log.append(Uint8Array.of(index))
    const api = new JetStreamApi(connection)
    api.createConsumer = () => Promise.reject(new StreamyError('SERVER_REFUSED', 'maximum consumers limit reached'))
    const bare = new JetStreamLog({ connection, api, stream })
    const entries = await readUntil(bare, () => 150)
    expect(entries).toEqual(await readUntil(log, () => 150))
    await bare.close()
  })

  it('says that it is full, keeps what it has, and goes on when it was trimmed', async () => {
    const { log } = await openLog(MIB)
    const entry = new Uint8Array(20_000)
    let appended = 0
    const full = async (): Promise<unknown> => {
      for (;;) {
        const outcome = await log.append(entry).catch((error: unknown) => error)
        if (typeof outcome !== 'number') return outcome
        appended = outcome
      }
    }
    expect(await full()).toMatchObject({ code: 'STORAGE_FULL', kind: 'retry' })
    expect(await log.tail()).toBe(appended)
    await log.trim(appended)
    expect(await log.first()).toBe(appended - margin)
    expect(await log.append(entry)).toBe(appended + 1)
  })

  it('never wipes the stream or moves its sequence, whatever it is told to trim', async () => {
    const { log } = await openLog()
    await log.trim(1000)
    for (let index = 1; index <= 100; index++) await log.append(Uint8Array.of(index))
    for (const before of [0, 1, -5, Number.NaN]) await log.trim(before)
    expect([await log.first(), await log.tail()]).toEqual([1, 100])
    await Promise.all([log.trim(Number.MAX_SAFE_INTEGER), log.trim(Infinity), log.trim(50)])
    expect([await log.first(), await log.tail()]).toEqual([100 - margin, 100])
    await log.trim(50)
    expect(await log.append(Uint8Array.of(101))).toBe(101)
  })

  it('fails a reader that is overtaken by trimming', async () => {
    const { log } = await openLog()
    for (let index = 1; index <= 100; index++) await log.append(Uint8Array.of(index))
    const reader = log.read(10)[Symbol.asyncIterator]()
    await log.trim(50)
    await expect(reader.next()).rejects.toMatchObject({ code: 'LOG_TRIMMED' })
  })

  it('L6: refuses another stream under its name', async () => {
    const { log, stream } = await openLog()
    for (let index = 0; index < 5; index++) await log.append(Uint8Array.of(index))
    const reader = log.read(6)[Symbol.asyncIterator]()
    const next = reader.next().catch((error: unknown) => error)
    const api = new JetStreamApi(connection)
    await log.tail()
    const { config } = (await api.streamInfo(stream.name))!
    await api.deleteStream(stream.name)
    await expect(log.tail()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    await api.createStream(config as StreamConfig)
    await expect(log.tail()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    expect(await next).toMatchObject({ code: 'LOG_DIVERGED' })
    api.close()
  })

  it('L6: refuses a log that is shorter than it was, as after an older copy of its disk was put back', async () => {
    const name = `log-${databases++}`
    const { log } = await openLog(64 * MIB, name)
    const { log: onlyRead } = await openLog(64 * MIB, name)
    const copy = await mkdtemp(join(tmpdir(), 'streamy-older-store-'))
    for (let index = 0; index < 20; index++) await log.append(Uint8Array.of(index))
    await server.shutDown()
    await cp(server.storeDir, copy, { recursive: true })
    await server.restart()
    await log.append(Uint8Array.of(20))
    const reader = log.read(22)[Symbol.asyncIterator]()
    const next = reader.next().catch((error: unknown) => error)
    await readUntil(onlyRead, () => 21)
    await server.shutDown()
    await rm(server.storeDir, { recursive: true })
    await cp(copy, server.storeDir, { recursive: true })
    await server.restart()
    for (const each of [log, onlyRead]) await expect(each.tail()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    expect(await next).toMatchObject({ code: 'LOG_DIVERGED' })
    await rm(copy, { recursive: true })
  })

  it('L6: refuses a log that has lost its end and has grown as long again since', { timeout: 120_000 }, async () => {
    const name = `log-${databases++}`
    const { log } = await openLog(64 * MIB, name)
    for (let index = 0; index < 20; index++) await log.append(Uint8Array.of(index))
    const elsewhere = await startNatsServer({ version })
    await server.shutDown()
    await elsewhere.shutDown()
    await rm(elsewhere.storeDir, { recursive: true })
    await cp(server.storeDir, elsewhere.storeDir, { recursive: true })
    await server.restart()
    await log.append(Uint8Array.of(20))
    const reader = log.read(1)[Symbol.asyncIterator]()
    for (let read = 0; read < 21;) read += ((await reader.next()).value as readonly LogEntry[]).length
    const next = reader.next().catch((error: unknown) => error)
    await server.shutDown()
    await elsewhere.restart()
    const other = await connectNats({ servers: elsewhere.url })
    const { log: grown } = await openLogStream(other, { name })
    for (const index of [120, 121, 122]) await grown.append(Uint8Array.of(index))
    await grown.close()
    await other.close()
    await elsewhere.shutDown()
    await rm(server.storeDir, { recursive: true })
    await cp(elsewhere.storeDir, server.storeDir, { recursive: true })
    await elsewhere.stop()
    await server.restart()
    expect(await next).toMatchObject({
      code: 'LOG_DIVERGED',
      message: expect.stringMatching(/Entry 21 .* another/) as string,
    })
  })

  it('refuses to read over a hole', async () => {
    const { log, stream } = await holedLog(connection, `HOLED_${databases++}`, 5)
    await expect(readUntil(log, () => 10)).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
    await log.close()
    await removeStream(connection, stream.name)
  })
})

async function removeStream(connection: NatsConnection, name: string): Promise<void> {
  const api = new JetStreamApi(connection)
  await api.deleteStream(name)
  api.close()
}

/** A log of ten entries without the one at `hole`, which only a stream with other settings can be brought to. */
async function holedLog(
  connection: NatsConnection,
  name: string,
  hole: number,
): Promise<{ log: JetStreamLog; stream: LogStream }> {
  const api = new JetStreamApi(connection)
  const config = { name, subjects: [`holed.${name}`], storage: 'file', allow_direct: true, num_replicas: 1 }
  // What is left out is as the server would have it.
  const { created } = await api.createStream(config as unknown as StreamConfig)
  const stream = { name, subject: `holed.${name}`, clientPrefix: `holed.${name}.client.`, created, replicas: 1 }
  const log = new JetStreamLog({ connection, api, stream })
  for (let index = 1; index <= 10; index++) await log.append(Uint8Array.of(index))
  await callServer(connection, `STREAM.MSG.DELETE.${name}`, { seq: hole, no_erase: true })
  return { log, stream }
}

async function consumersOf(connection: NatsConnection, stream: string): Promise<readonly string[]> {
  const answer = await callServer(connection, `CONSUMER.NAMES.${stream}`, {})
  const { consumers } = answer as { readonly consumers: readonly string[] }
  expect(consumers.length).toBeGreaterThan(0)
  return consumers
}

async function deleteConsumer(connection: NatsConnection, stream: string, consumer: string): Promise<void> {
  await callServer(connection, `CONSUMER.DELETE.${stream}.${consumer}`, {})
}

async function callServer(connection: NatsConnection, call: string, body: object): Promise<unknown> {
  const reply = `${connection.inboxPrefix}.test`
  const answer = await new Promise<Uint8Array>((resolve) => {
    const unsubscribe = connection.subscribe(reply, ({ data }) => {
      unsubscribe()
      resolve(data)
    })
    connection.publish(`$JS.API.${call}`, new TextEncoder().encode(JSON.stringify(body)), { reply })
  })
  return JSON.parse(new TextDecoder().decode(answer))
}
