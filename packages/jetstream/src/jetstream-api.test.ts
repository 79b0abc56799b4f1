// The API against real servers of both versions: what it sends is understood, and what it answers is read.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { JetStreamApi, type StreamConfig } from './jetstream-api.ts'
import { connectNats, type NatsConnection } from './nats-connection.ts'
import { differencesIn } from './stream-settings.ts'
import { startNatsServer, type NatsServer } from './testing/nats-server.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.each(['oldest', 'newest'] as const)('the %s server', (version) => {
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

  it('makes, tells of, changes and deletes a stream', async () => {
    expect(await api.streamInfo('S')).toBeUndefined()
    const created = await api.createStream(streamConfig('S'))
    expect(differencesIn(streamConfig('S'), created.config)).toEqual([])
    // The same again is the same stream; another one under that name is refused.
    expect((await api.createStream(streamConfig('S'))).created).toBe(created.created)
    await expect(api.createStream({ ...streamConfig('S'), max_bytes: 5_000_000 })).rejects.toMatchObject({
      code: 'SERVER_REFUSED',
      serverError: 10058,
    })
    expect((await api.updateStream({ ...streamConfig('S'), max_bytes: 5_000_000 })).config.max_bytes).toBe(5_000_000)
    expect((await api.streamInfo('S'))?.config.max_bytes).toBe(5_000_000)
    await api.deleteStream('S')
    await api.deleteStream('S')
    expect(await api.streamInfo('S')).toBeUndefined()
  })

  it('finds messages by sequence and by subject, both ways alike, and purges them', async () => {
    await api.createStream(streamConfig('T'))
    for (const [subject, text] of [
      ['T.a', 'one'],
      ['T.b', ''],
      ['T.a', 'three'],
    ] as const)
      connection.publish(subject, bytes(text))
    await connection.flush()
    const queries = [
      { seq: 1 },
      { seq: 2 },
      { last_by_subj: 'T.a' },
      { next_by_subj: 'T.a', seq: 2 },
      { next_by_subj: 'T.b' },
    ]
    const found = []
    for (const query of queries) {
      const message = await api.getMessage('T', query)
      expect(await api.directGet('T', query)).toEqual(message)
      found.push(message?.sequence)
    }
    expect(found).toEqual([1, 2, 3, 3, 2])
    for (const query of [{ seq: 4 }, { last_by_subj: 'T.c' }]) {
      expect(await api.getMessage('T', query)).toBeUndefined()
      expect(await api.directGet('T', query)).toBeUndefined()
    }
    const counted = await api.streamInfo('T', { filter: 'T.>', offset: 0 })
    expect(counted?.state.subjects).toEqual({ 'T.a': 2, 'T.b': 1 })
    expect(await api.purgeStream('T', { filter: 'T.b' })).toBe(1)
    expect(await api.purgeStream('T', { seq: 3 })).toBe(1)
    expect((await api.streamInfo('T'))?.state).toMatchObject({ messages: 1, first_seq: 3, last_seq: 3 })
  })

  it('says that JetStream is not there, or that nobody answers', async () => {
    const elsewhere = new JetStreamApi(connection, { domain: 'elsewhere' })
    await expect(elsewhere.streamInfo('S')).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE', kind: 'retry' })
    elsewhere.close()
    await expect(elsewhere.streamInfo('S')).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
  })
})

it('fails at once when the link is lost or the server refuses', async () => {
  const config =
    'authorization { users: [{ user: u, password: p, permissions: { publish: ["x"], subscribe: [">"] } }] }'
  const server = await startNatsServer({ config })
  const connection = await connectNats({ servers: server.url, user: 'u', password: 'p' })
  const api = new JetStreamApi(connection)
  await expect(api.streamInfo('S')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  server.pause()
  const asking = api.streamInfo('S')
  void server.kill()
  await expect(asking).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' })
  await connection.close()
  await server.stop()
})

function streamConfig(name: string): StreamConfig {
  return {
    name,
    subjects: [`${name}.>`],
    storage: 'file',
    retention: 'limits',
    discard: 'new',
    num_replicas: 1,
    max_bytes: 1_000_000,
    max_age: 0,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    duplicate_window: 120e9,
    allow_direct: true,
    deny_delete: true,
    deny_purge: false,
    allow_rollup_hdrs: false,
    discard_new_per_subject: false,
  }
}
