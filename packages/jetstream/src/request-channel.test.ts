// Questions and answers over a real server: of any size, many at once, and with an honest error where there is no answer.

import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { connectNats, type NatsConnection } from './nats-connection.ts'
import { RequestChannel, type Responder } from './request-channel.ts'
import { startNatsServer, type NatsServer } from './testing/nats-server.ts'

let server: NatsServer
let connections: readonly NatsConnection[]
let client: RequestChannel
let worker: RequestChannel

beforeAll(async () => {
  server = await startNatsServer()
})

beforeEach(async () => {
  connections = await Promise.all([1, 2].map(() => connectNats({ servers: server.url })))
  ;[client, worker] = [new RequestChannel(connections[0]!), new RequestChannel(connections[1]!)]
})

afterEach(async () => await Promise.all(connections.map((connection) => connection.close())))
afterAll(async () => await server.stop())

it('answers many questions at once, each with its own answer', async () => {
  await serving('q', (question, respond) => respond(question.map((byte) => byte + 1)))
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, index) => client.request('q', Uint8Array.of(index & 0x7f))),
  )
  expect(answers.map(([byte]) => byte)).toEqual(answers.map((_, index) => (index & 0x7f) + 1))
})

it('carries questions and answers above the size of a message', async () => {
  await serving('q', (question, respond) => respond(new Uint8Array(Buffer.concat([question, question]))))
  const question = new Uint8Array(5_000_000).map((_, index) => index & 0xff)
  const answer = await client.request('q', question, { timeoutMs: 30_000 })
  expect(Buffer.compare(answer, Buffer.concat([question, question]))).toBe(0)
})

it('takes the first answer, also when it comes later', async () => {
  const responders: Responder[] = []
  await serving('q', (_, respond) => void responders.push(respond))
  const asking = client.request('q', new Uint8Array(0), { timeoutMs: 30_000 })
  await expect.poll(() => responders.length).toBe(1)
  responders[0]!(Uint8Array.of(1))
  responders[0]!(Uint8Array.of(2))
  expect([...(await asking)]).toEqual([1])
})

it('says at once when nobody serves the subject, and after a while when nobody answers', async () => {
  await expect(client.request('nobody', new Uint8Array(0))).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' })
  const stop = await serving('mute', () => {})
  const asking = client.request('mute', new Uint8Array(0), { timeoutMs: 50 })
  await expect(asking).rejects.toMatchObject({
    code: 'SERVER_UNAVAILABLE',
    message: expect.stringContaining('in time'),
  })
  stop()
  await connections[1]!.flush()
  const again = client.request('mute', new Uint8Array(0), { timeoutMs: 30_000 })
  await expect(again).rejects.toMatchObject({ message: expect.stringContaining('Nobody listens') })
})

it('minds no nonsense, asked or answered', async () => {
  await serving('q', (_, respond) => respond(Uint8Array.of(1)))
  const [raw] = connections
  for (const reply of ['streamy.d.log', '_INBOX.somewhere', undefined])
    raw!.publish('q', Uint8Array.of(1, 2, 3), reply === undefined ? {} : { reply })
  expect([...(await client.request('q', new Uint8Array(0)))]).toEqual([1])
  const stop = raw!.subscribe('odd', ({ reply }) => raw!.publish(reply, Uint8Array.of(1, 2, 3)))
  await raw!.flush()
  await expect(client.request('odd', new Uint8Array(0), { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'SERVER_UNAVAILABLE',
  })
  stop()
})

it('fails what waits when it is closed', async () => {
  await serving('mute', () => {})
  const asking = client.request('mute', new Uint8Array(0), { timeoutMs: 30_000 }).catch((error: unknown) => error)
  client.close()
  expect(await asking).toMatchObject({ code: 'DATABASE_CLOSED' })
  await expect(client.request('mute', new Uint8Array(0))).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
})

async function serving(
  subject: string,
  onQuestion: (question: Uint8Array, respond: Responder) => void,
): Promise<() => void> {
  const stop = worker.serve(subject, onQuestion)
  // The server knows of it when a flush has come back.
  await connections[1]!.flush()
  return stop
}
