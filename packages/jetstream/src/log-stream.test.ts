// Finding and making databases: one per name, whoever comes first and wherever a creator crashes, and never with settings
// other than those that its promises rest on.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { JetStreamApi, type StreamConfig } from './jetstream-api.ts'
import { createLogStream, openLogStream, type OpenedLog } from './log-stream.ts'
import { connectNats, type NatsConnection } from './nats-connection.ts'
import { databaseSubjects, discoverySubjects } from './subjects.ts'
import { startNatsServer, type NatsServer } from './testing/nats-server.ts'

const maxBytes = 16 * 1024 * 1024

describe.each(['oldest', 'newest'] as const)('on the %s server', (version) => {
  let server: NatsServer
  let connection: NatsConnection
  let api: JetStreamApi

  beforeAll(async () => {
    server = await startNatsServer({ version })
    connection = await connectNats({ servers: server.url })
    api = new JetStreamApi(connection)
  })

  afterAll(async () => {
    await connection.close()
    await server.stop()
  })

  const create = (name: string): Promise<OpenedLog> => createLogStream(connection, { name, maxBytes })

  it('makes one database for a name, however many make it at once', async () => {
    const connections = await Promise.all(Array.from({ length: 8 }, () => connectNats({ servers: server.url })))
    const opened = await Promise.all(connections.map((each) => createLogStream(each, { name: 'race', maxBytes })))
    expect(new Set(opened.map(({ databaseId }) => databaseId)).size).toBe(1)
    expect(new Set(opened.map(({ stream }) => JSON.stringify(stream))).size).toBe(1)
    expect(await Promise.all(opened.map(({ log }) => log.append(new Uint8Array(1))))).toHaveLength(8)
    expect(await opened[0]!.log.tail()).toBe(8)
    await Promise.all(connections.map((each) => each.close()))
  })

  it('opens what was made, and nothing else', async () => {
    await expect(openLogStream(connection, { name: 'later' })).rejects.toMatchObject({ code: 'DATABASE_MISSING' })
    const made = await create('later')
    const opened = await openLogStream(connection, { name: 'later' })
    expect(opened.databaseId).toBe(made.databaseId)
    expect((await create('other')).databaseId).not.toBe(made.databaseId)
    await made.log.append(Uint8Array.of(7))
    expect(await opened.log.tail()).toBe(1)
  })

  it('goes on where a creator crashed', async () => {
    // A stranger decided the identity and died before the log was there.
    const subjects = discoverySubjects('crashed')
    const proposal = { version: 1, id: 'decided', replicas: 1, maxBytes }
    await api.createStream((await discoveryConfigLike('race', 'crashed')) as StreamConfig)
    connection.publish(subjects.identity, new TextEncoder().encode(JSON.stringify(proposal)))
    await connection.flush()
    await expect(openLogStream(connection, { name: 'crashed' })).rejects.toMatchObject({ code: 'DATABASE_MISSING' })
    expect((await create('crashed')).databaseId).toBe('decided')
    expect((await openLogStream(connection, { name: 'crashed' })).databaseId).toBe('decided')
  })

  it('never makes a log anew that was there', async () => {
    const { stream, log } = await create('lost')
    await log.append(new Uint8Array(1))
    await api.deleteStream(stream.name)
    for (const open of [() => create('lost'), () => openLogStream(connection, { name: 'lost' })])
      await expect(open()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    expect(await api.streamInfo(stream.name)).toBeUndefined()
  })

  it('refuses settings that break a promise, and says which', async () => {
    const { stream } = await create('meddled')
    const { config } = (await api.streamInfo(stream.name))!
    for (const change of [
      { max_age: 3_600e9 },
      { max_msgs: 1000 },
      { discard: 'old' },
      { duplicate_window: 1e9 },
      { max_msg_size: 1000 },
    ]) {
      await api.updateStream({ ...(config as StreamConfig), ...(change as object) })
      await expect(create('meddled')).rejects.toMatchObject({
        code: 'STREAM_MISMATCH',
        message: expect.stringContaining(Object.keys(change)[0]!),
      })
    }
    // An operator may make more room.
    await api.updateStream({ ...(config as StreamConfig), max_bytes: 2 * maxBytes })
    await (await create('meddled')).log.close()
  })

  it('refuses other options than those it was made with', async () => {
    await create('options')
    const open = createLogStream(connection, { name: 'options', maxBytes: 2 * maxBytes })
    await expect(open).rejects.toMatchObject({ code: 'STREAM_MISMATCH', message: expect.stringContaining('maxBytes') })
    await (await createLogStream(connection, { name: 'options' })).log.close()
  })

  it('refuses names that are no part of a subject', async () => {
    for (const name of ['', 'a.b', 'a b', '*', '>', 'ä', 'x'.repeat(65)])
      await expect(create(name)).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
  })

  it('has no room for what is larger than the disk', async () => {
    const open = createLogStream(connection, { name: 'huge', maxBytes: 2 ** 50 })
    await expect(open).rejects.toMatchObject({ code: 'STORAGE_FULL' })
  })

  it('keeps the log in settings that lose nothing', async () => {
    const { databaseId } = await create('settings')
    const info = await api.streamInfo(databaseSubjects(databaseId).logStream)
    expect(info?.config).toMatchObject({
      storage: 'file',
      retention: 'limits',
      discard: 'new',
      max_msgs: -1,
      max_bytes: maxBytes,
      allow_direct: true,
      deny_delete: true,
      max_msg_size: connection.maxPayload,
      duplicate_window: 120e9,
    })
    expect(info?.config.max_age ?? 0).toBe(0)
  })

  /** The settings of the discovery stream of `name`, as those for `other`. */
  async function discoveryConfigLike(name: string, other: string): Promise<object> {
    const { config } = (await api.streamInfo(discoverySubjects(name).stream))!
    return { ...config, name: discoverySubjects(other).stream, subjects: [discoverySubjects(other).all] }
  }
})

it('says which setting of the server to change when entries would not fit', async () => {
  const server = await startNatsServer({ maxPayload: 1024 * 1024 })
  const connection = await connectNats({ servers: server.url })
  await expect(createLogStream(connection, { name: 'bank' })).rejects.toMatchObject({
    code: 'SERVER_UNSUITABLE',
    message: expect.stringContaining('max_payload'),
  })
  await connection.close()
  await server.stop()
})

it('refuses more copies than there are servers', async () => {
  const server = await startNatsServer()
  const connection = await connectNats({ servers: server.url })
  await expect(createLogStream(connection, { name: 'bank', replicas: 3, maxBytes })).rejects.toMatchObject({
    code: 'SERVER_UNSUITABLE',
    message: expect.stringContaining('replicas'),
  })
  await connection.close()
  await server.stop()
})
