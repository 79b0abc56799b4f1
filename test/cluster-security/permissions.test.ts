// Least privilege: with the permissions that are printed for it, each role can do its work, and nothing of what the others
// may, nor anything with another database. Probes go out on raw connections; the server says what it refuses, in order, so a
// probe that it surely refuses marks the end of its answers.

import { connectNats, type NatsConnection } from '@streamy-db/jetstream'
import type { NatsServer } from '@streamy-db/jetstream/testing'
import { clusterStatus, createKey } from '@streamy-db/runtime'
import { connect, createDatabase, databasePermissions, startWorker, type DatabaseRole } from 'streamy-db'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGuardedServer, type NatsConnectionOptions, type Roles } from './deployed-cluster.ts'
import { Tally } from './tally.ts'

const bank = { name: 'bank', id: 'bank-1' }
const shop = { name: 'shop', id: 'shop-1' }
const web: DatabaseRole = { role: 'client', sessionPrefix: 'web' }
const till: DatabaseRole = { role: 'client', sessionPrefix: 'till' }
const everybody: readonly DatabaseRole[] = [{ role: 'operator' }, { role: 'worker' }, web, till]
const observer = createKey()

let server: NatsServer
let roles: Roles

beforeAll(async () => {
  const more = { OBSERVER_NKEY: observer.publicKey }
  ;({ server, roles } = await startGuardedServer(bank.name, bank.id, ['web', 'till'], more))
})

afterAll(() => server.stop())

describe('each role does its work with its permissions', () => {
  test('and uses all that a worker and a client are given, but for what only failures need', async () => {
    const seen = await observed(async () => {
      await createDatabase(roles.operator, { ...bank, maxLogBytes: 64 * 1024 * 1024 })
      await work()
    })
    for (const who of [{ role: 'worker' } as const, web]) {
      const unused = databasePermissions(bank, who)
        .publish.filter((pattern) => !seen.published.some((subject) => covers(pattern, subject)))
        // A reader that gets no consumer reads entry by entry.
        .filter((pattern) => !/\.(DIRECT|MSG)\.GET\.STREAMY_LOG_/.test(pattern))
      expect({ role: who.role, unused }).toEqual({ role: who.role, unused: [] })
    }
    expect(server.output.split('\n').filter((line) => /violation/i.test(line))).toEqual([])
  })
})

describe('nobody may do what others may', () => {
  test.each(everybody.map((who) => [titleOf(who), who] as const))('%s', async (_, who) => {
    const own = databasePermissions(bank, who)
    const others = [bank, shop].flatMap((database) => everybody.map((each) => databasePermissions(database, each)))
    for (const kind of ['publish', 'subscribe'] as const) {
      const probes = others
        .flatMap((each) => each[kind])
        .filter((pattern) => !own[kind].some((allowed) => covers(allowed, pattern)))
        .map((pattern) => (kind === 'publish' ? sample(pattern) : pattern))
      expect(probes.length).toBeGreaterThan(10)
      expect(await permitted(optionsOf(who), kind, probes)).toEqual([])
    }
  })

  test.each(everybody.map((who) => [titleOf(who), who] as const))('%s, by asking for everything', async (_, who) => {
    const wide = ['>', 'streamy.>', 'streamy.*.reply.>', '_INBOX.>', '$JS.>', '$SYS.>', '$O.>', `streamy.${bank.id}.>`]
    expect(await permitted(optionsOf(who), 'subscribe', wide)).toEqual([])
  })

  test('a client: what would hurt most, in words', async () => {
    const hurtful = [
      `$JS.API.CONSUMER.CREATE.STREAMY_LOG_${bank.id}.spy`,
      `$JS.API.CONSUMER.DURABLE.CREATE.STREAMY_LOG_${bank.id}.spy`,
      `$JS.API.DIRECT.GET.STREAMY_LOG_${bank.id}`,
      `$JS.API.DIRECT.GET.STREAMY_LOG_${bank.id}.streamy.${bank.id}.log.worker`,
      `$JS.API.STREAM.MSG.GET.STREAMY_LOG_${bank.id}`,
      `$JS.API.STREAM.PURGE.STREAMY_LOG_${bank.id}`,
      `$JS.API.STREAM.DELETE.STREAMY_LOG_${bank.id}`,
      `$JS.API.STREAM.SNAPSHOT.STREAMY_LOG_${bank.id}`,
      `streamy.${bank.id}.log.worker`,
      `streamy.${bank.id}.log.client.till`,
      `streamy.${bank.id}.log.client.web.x`,
      `streamy.${bank.id}.log.client`,
      `streamy.${bank.id}.peer.0`,
      `streamy.${bank.id}.record.0`,
      `streamy.${bank.id}.heartbeat`,
      `streamy.${bank.id}.checkpoint`,
      `streamy.${bank.id}.notice`,
      `streamy.${bank.id}.status`,
      `streamy.${bank.id}.reply.till.1`,
      'streamy.welcome.till.1',
      '_INBOX_till.1',
      '_INBOX_worker.1',
    ]
    expect(await permitted(roles.client('web'), 'publish', hurtful)).toEqual([])
    const curious = [
      `streamy.${bank.id}.reply.till.>`,
      `streamy.${bank.id}.log.>`,
      '_INBOX_till.>',
      'streamy.hello.bank',
    ]
    expect(await permitted(roles.client('web'), 'subscribe', curious)).toEqual([])
  })
})

test('the operator asks how the cluster stands, and reads and writes no entry', async () => {
  const worker = await startWorker(roles.worker, { name: 'bank', actors: [Tally], onEvent: () => {} })
  const status = await clusterStatus(roles.operator, { name: 'bank', waitMs: 2000 })
  expect(status).toMatchObject({ databaseId: bank.id, workers: [{ owned: 8 }] })
  await worker.close()
  const probes = [`streamy.${bank.id}.log.worker`, `$JS.API.CONSUMER.CREATE.STREAMY_LOG_${bank.id}.x`]
  expect(await permitted(roles.operator, 'publish', probes)).toEqual([])
})

test('a client that was told another prefix than its permissions say is refused', async () => {
  const worker = await startWorker(roles.worker, { name: 'bank', actors: [Tally], onEvent: () => {} })
  const options = { name: 'bank', actors: [Tally], deadlineMs: 1000 }
  await expect(connect(roles.client('web'), { ...options, sessionPrefix: 'till' })).rejects.toMatchObject({
    code: 'WORKERS_UNREACHABLE',
  })
  for (const sessionPrefix of ['worker', 'operator.1'])
    await expect(connect(roles.client('web'), { ...options, sessionPrefix })).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
    })
  await worker.close()
})

// What uses every permission: two workers, transactions and queries across them, checkpoints, trimming, a takeover.
async function work(): Promise<void> {
  const options = { name: 'bank', actors: [Tally], partitions: 8, onEvent: () => {} }
  const one = await startWorker(roles.worker, { ...options, worker: 'one' })
  const two = await startWorker(roles.worker, { ...options, worker: 'two' })
  const client = await connect(roles.client('web'), { name: 'bank', actors: [Tally], sessionPrefix: 'web' })
  const names = Array.from({ length: 16 }, (_, index) => `tally-${index}`)
  for (const name of names) await client.actor(Tally, name).add(1)
  for (const name of names) await client.actor(Tally, name).move('tally-0', 1)
  for (const name of names) await client.actor(Tally, name).totalWith(names)
  for (let round = 0; round < 3; round++) {
    const status = await clusterStatus(roles.operator, { name: 'bank', waitMs: 100 })
    one.checkpoint()
    await trimmedOrNewer(status.log.last)
    for (const name of names) await client.actor(Tally, name).add(0)
  }
  await two.close()
  expect(await client.actor(Tally, 'tally-0').add(0)).toBe(16)
  await client.close()
  await one.close()
}

// A checkpoint is an entry of its own; what it completes shows in the bucket.
async function trimmedOrNewer(last: number): Promise<void> {
  const moved = async (): Promise<boolean> =>
    (await clusterStatus(roles.operator, { name: 'bank', waitMs: 50 })).log.last > last
  await expect.poll(moved, { timeout: 30_000 }).toBe(true)
}

async function observed(run: () => Promise<void>): Promise<{ readonly published: readonly string[] }> {
  const connection = await connectNats({ servers: server.url, nkeySeed: observer.seed })
  const published = new Set<string>()
  connection.subscribe('>', ({ subject }) => void published.add(subject))
  await connection.flush()
  await run()
  await connection.flush()
  await connection.close()
  return { published: [...published] }
}

/** Those of the subjects that a user is not refused. */
async function permitted(
  options: NatsConnectionOptions,
  kind: 'publish' | 'subscribe',
  subjects: readonly string[],
): Promise<readonly string[]> {
  const connection = await connectNats(options)
  try {
    const refused = new Set<string>()
    const ended = new Promise<void>((resolve) => {
      connection.onEvent((event) => {
        if (event.kind !== 'refused') return
        if (event.subject === sentinel) resolve()
        else refused.add(event.subject)
      })
    })
    for (const subject of subjects) probe(connection, kind, subject)
    probe(connection, 'publish', sentinel)
    await ended
    return subjects.filter((subject) => !refused.has(subject))
  } finally {
    await connection.close()
  }
}

const sentinel = 'nobody.may.publish.here'

function probe(connection: NatsConnection, kind: 'publish' | 'subscribe', subject: string): void {
  if (kind === 'publish') connection.publish(subject, new Uint8Array(0))
  else connection.subscribe(subject, () => {})
}

function titleOf(who: DatabaseRole): string {
  return who.role === 'client' ? `the client ${who.sessionPrefix}` : `the ${who.role}`
}

function optionsOf(who: DatabaseRole): NatsConnectionOptions {
  return who.role === 'client' ? roles.client(who.sessionPrefix) : roles[who.role]
}

/** Whether everything that `pattern` stands for is covered by `allowed`. */
function covers(allowed: string, pattern: string): boolean {
  const [wide, narrow] = [allowed.split('.'), pattern.split('.')]
  for (const [index, token] of wide.entries()) {
    if (token === '>') return narrow.length > index
    if (narrow[index] === undefined || narrow[index] === '>') return false
    if (token !== '*' && token !== narrow[index]) return false
  }
  return wide.length === narrow.length
}

function sample(pattern: string): string {
  return pattern.replaceAll('*', '0').replace(/>$/, 'x')
}
