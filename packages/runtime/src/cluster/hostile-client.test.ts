// A hostile client, with exactly the permissions of a client, does its worst: to the log, to the addresses it may write to,
// and by naming other subjects as where answers go. Goal: workers skip what is void, all alike, and go on; the work of
// others is unharmed. What all workers hold in the end is compared with a replay of the log by an engine of its own.

import { crc32 } from 'node:zlib'
import { createHash, randomBytes } from 'node:crypto'
import { Actor, actor, ActorRegistry, createProgram, message, query } from '@streamy-db/actors'
import {
  BatchBuilder,
  ByteWriter,
  Engine,
  MemoryStateStore,
  actorRef,
  encodeChange,
  encodeControlBatch,
  formatVersion,
  firstView,
  freeze,
  indexedPartitions,
  partitionOf,
  type Incident,
  type Log,
  type LogEntry,
  type MembershipChange,
  type Position,
  type Request,
  type Sequence,
  type Transaction,
} from '@streamy-db/core'
import { JetStreamCheckpointStore, connectNats, databaseSubjects, openLogStream } from '@streamy-db/jetstream'
import type { NatsConnection } from '@streamy-db/jetstream'
import { startNatsServer, type NatsServer } from '@streamy-db/jetstream/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ClusterDatabase } from './client/cluster-database.ts'
import { connect } from './connect.ts'
import { createDatabase, type Servers } from './create-database.ts'
import { databasePermissions, type DatabaseRole } from './permissions.ts'
import { addresses } from './protocol/addresses.ts'
import { encodeQuestion } from './protocol/question.ts'
import { encodeHello } from './protocol/welcome.ts'
import { startWorker } from './start-worker.ts'
import { Checkpoints } from './worker/checkpoints.ts'
import { headChanges } from './worker/replica-state.ts'
import type { RunningWorker } from './worker/running-worker.ts'

@actor()
class Account extends Actor {
  balance = 0

  @message()
  deposit(amount: number): number {
    return (this.balance += amount)
  }

  @message({ touches: (self, to: string) => [self.actor(Account, to)] })
  transfer(to: string, amount: number): number {
    this.actor(Account, to).deposit(amount)
    return (this.balance -= amount)
  }

  @query()
  total(): number {
    return this.balance
  }
}

const bank = { name: 'bank', id: 'bank-1' }
const partitions = 8
const names = Array.from({ length: 12 }, (_, index) => `account-${index}`)
const log = databaseSubjects(bank.id)
const program = createProgram(new ActorRegistry([Account]))

let server: NatsServer
let workers: RunningWorker[]
let incidents: Map<string, Incident[]>
let events: string[]
let honest: ClusterDatabase
let attacker: NatsConnection
let auditor: NatsConnection
let logged: RecordedLog

beforeAll(async () => {
  server = await startNatsServer({ config: accounts() })
  await createDatabase(as('operator'), { ...bank, maxLogBytes: 512 * 1024 * 1024 })
  attacker = await connectNats({ ...as('web'), inboxPrefix: '_INBOX_web' })
  // It comes before the first worker, and with the id under which an entry that makes a database might be sent.
  append(encodeControlBatch('create', new Uint8Array(4)), { 'Nats-Msg-Id': `create-${bank.id}` })
  append(new Uint8Array(0))
  await attacker.flush()
  auditor = await connectNats(as('worker'))
  logged = await recordLog(auditor)
  incidents = new Map()
  events = []
  workers = [await start('one'), await start('two')]
  honest = await connect(as('till'), { name: 'bank', actors: [Account], sessionPrefix: 'till' })
})

afterAll(async () => {
  await honest?.close()
  await attacker?.close()
  for (const worker of workers ?? []) await worker.close()
  await logged?.stop()
  await auditor?.close()
  await server?.stop()
})

it('cannot keep the database from being made', async () => {
  for (const name of names) expect(await honest.actor(Account, name).deposit(10)).toBe(10)
  expect(events.filter((line) => /evicted|stopped/.test(line))).toEqual([])
})

it('writes entries of every wrong kind, and each is void for the same reason on every worker', async () => {
  const before = honest.position
  const sound = batchOf(deposit('web.1', 1))
  append(randomBytes(100))
  append(randomBytes(1024 * 1024 + 1))
  append(randomBytes(2 * 1024 * 1024 - 4096))
  append(sound.subarray(0, sound.length / 2))
  append(changed(sound, (bytes) => (bytes[20]! ^= 1), false))
  for (const version of [0, formatVersion + 1, 255]) append(changed(sound, (bytes) => (bytes[5] = version)))
  append(changed(sound, (bytes) => (bytes[6] = 9)))
  append(changed(sound, (bytes) => bytes.writeUInt32LE(2, 8)))
  for (const at of [12, 16]) append(changed(sound, (bytes) => bytes.writeUInt32LE(0xffff_ffff, at)))
  append(encodeControlBatch('tick', new Uint8Array(0)))
  append(encodeControlBatch('checkpoint', new Uint8Array(0)))
  const { view, name, incarnation } = workers[0]!.status
  append(member({ kind: 'evict', name, incarnation, view: view!.number }))
  append(member({ kind: 'leave', name, incarnation }))
  append(member({ kind: 'join', name, incarnation: 'mine', fingerprint: program.fingerprint }))
  append(member({ kind: 'upgrade', fingerprint: 'mine' }))
  await everybodyHasReadAll()
  const [one, two] = [voidsOf('one', 'void-batch', before), voidsOf('two', 'void-batch', before)]
  expect(one).toHaveLength(18)
  expect(two).toEqual(one)
  expect(workers.map(({ status }) => status.incarnation)).toContain(incarnation)
})

it('writes transactions that are not its own, and none of them counts', async () => {
  // As if it had got to know the name of somebody else's session.
  const { session } = honest
  const before = honest.position
  const home = partitionOf(actorRef('Account', names[0]!), partitions)
  const forged: Transaction[] = [
    deposit(session, 1),
    // The outcome of a call under an idempotency key, before it is made.
    deposit(`till.key-${createHash('sha256').update('order').digest('hex').slice(0, 40)}`, 1),
    deposit('worker.1', 1),
    deposit(`~${home}`, 1),
    { ...deposit(`~${home}`, 4096), source: home },
    { ...deposit('web.1', 50), attempt: 2 },
    { ...deposit('web.1', 51), attempt: 4 },
    deposit('web', 1),
    deposit('webb.1', 1),
  ]
  for (const transaction of forged) append(batchOf(transaction))
  append(batchOf(deposit('web.1', 60), []))
  append(batchOf(deposit('web.1', 61), [partitions + 5]))
  append(batchOf(deposit('web.1', 62)), { 'Nats-Msg-Id': `${workers[0]!.status.name}-1` })
  await everybodyHasReadAll()
  // The index that names a partition that there is not concerns nobody.
  const positions = ['one', 'two'].flatMap((worker) => voidsOf(worker, 'void-transaction', before))
  expect(new Set(positions.map(({ position }) => position)).size).toBe(forged.length + 1)
  // Its own one counted: what a client may do, it may.
  expect(await honest.actor(Account, names[0]!).deposit(0)).toBe(10 + 1)
  expect(await honest.actor(Account, names[0]!, { idempotencyKey: 'order' }).deposit(5)).toBe(16)
  expect(await honest.actor(Account, names[0]!).deposit(-6)).toBe(10)
})

it('floods the addresses that it may write to, with sense and nonsense, and nobody stops', async () => {
  const hello = `streamy.${addresses.hello(bank.name)}`
  const ref = actorRef('Account', names[1]!)
  const question = `streamy.${addresses.question(bank.id, partitionOf(ref, partitions))}`
  const call = { ref, message: 'total', args: [freeze([], 'nothing')] }
  for (let round = 0; round < 40; round++) {
    for (let index = 0; index < 200; index++) {
      const session = `web.${round}-${index}`
      attacker.publish(hello, frame(encodeHello({ session, id: index })))
      attacker.publish(hello, randomBytes(index))
      attacker.publish(question, frame(randomBytes(index + 1)))
      // A place in the log that never comes: it is waited for, and given up.
      const at = { kind: 'at', position: 2 ** 52 - 1 } as const
      attacker.publish(question, frame(encodeQuestion({ kind: 'query', session, id: index, call, freshness: at })))
      attacker.publish(question, frame(encodeQuestion({ kind: 'record', session: 'web.1', id: index, ref, at: 1 })))
    }
    // Parts of what is never whole.
    attacker.publish(question, part(64 * 1024))
    await attacker.flush()
  }
  for (const name of names) expect(await honest.actor(Account, name).deposit(1)).toBe(11)
  expect(events.filter((line) => /stopped/.test(line))).toEqual([])
})

it('has servers answer to where it may not write, and what they say is void', async () => {
  const info = `$JS.API.STREAM.INFO.${log.logStream}`
  const forbidden = ['heartbeat', 'checkpoint', 'notice', 'peer.0', 'peer.7', 'record.1', 'status', 'reply.till.1']
  for (const suffix of forbidden) attacker.publish(info, new Uint8Array(0), { reply: `streamy.${bank.id}.${suffix}` })
  for (let time = 0; time < 5; time++) {
    attacker.publish(info, new Uint8Array(0), { reply: log.log })
    attacker.publish(log.clientLog('web'), new Uint8Array(1), { reply: log.log })
  }
  await attacker.flush()
  await everybodyHasReadAll()
  expect(await honest.actor(Account, names[2]!).transfer(names[3]!, 5)).toBe(6)
  expect(await honest.actor(Account, names[3]!).total()).toBe(16)
})

it('has changed nothing that a replay of the log does not come to as well', async () => {
  const store = await JetStreamCheckpointStore.open(auditor, { bucket: log.checkpointBucket })
  const checkpoints = new Checkpoints(store)
  workers[0]!.checkpoint()
  await expect.poll(async () => (await checkpoints.newest(logged.log)) !== undefined, { timeout: 30_000 }).toBe(true)
  const { database, progress, view } = (await checkpoints.newest(logged.log))!
  const saved = new MemoryStateStore()
  for (let partition = 0; partition < partitions; partition++)
    for await (const changes of checkpoints.load(progress.sequence, partition)) await saved.advance(changes)
  await saved.advance(headChanges(progress, view))
  const common = { program, partitions, seed: database.seed, owned: () => true }
  const first = firstView(partitions, database.fingerprint)
  const replayed = new Engine({ ...common, store: new MemoryStateStore(), firstView: first })
  for (const entry of await logged.upTo(progress.sequence)) {
    replayed.deliver(entry)
    replayed.takeEffects()
  }
  const live = new Engine({ ...common, store: saved, firstView: first })
  expect(live.stateHashes().size).toBe(partitions)
  expect(live.stateHashes()).toEqual(replayed.stateHashes())
  await store.close()
})

async function start(name: string): Promise<RunningWorker> {
  const met: Incident[] = []
  incidents.set(name, met)
  return await startWorker(as('worker'), {
    name: bank.name,
    actors: [Account],
    worker: name,
    partitions,
    // The test holds up the one loop that all share.
    evictAfterMs: 20_000,
    onIncident: (incident) => met.push(incident),
    onEvent: (line) => events.push(line),
  })
}

function append(bytes: Uint8Array, headers?: Readonly<Record<string, string>>): void {
  attacker.publish(log.clientLog('web'), bytes, headers === undefined ? {} : { headers })
}

// A message of the honest client comes after all that was written before it, and concerns every worker.
async function everybodyHasReadAll(): Promise<void> {
  await attacker.flush()
  for (const name of names) await honest.actor(Account, name).deposit(0)
}

// Each engine of a worker tells of what it met: the same of the same.
function voidsOf(worker: string, kind: Incident['kind'], after: Position): readonly Incident[] {
  const found = new Map<Position, Incident>()
  for (const incident of incidents.get(worker)!) {
    if (incident.kind !== kind || incident.position <= after) continue
    expect(found.get(incident.position) ?? incident).toEqual(incident)
    found.set(incident.position, incident)
  }
  return [...found.values()].toSorted((a, b) => a.position - b.position)
}

function deposit(session: string, sequence: number): Transaction {
  const request: Request = { session, sequence, suffix: '', answeredBelow: 0, seenTime: Number.MAX_SAFE_INTEGER }
  const calls = [{ ref: actorRef('Account', names[0]!), message: 'deposit', args: [1] }]
  return { request, attempt: 1, source: undefined, asserts: [], calls, touches: [] }
}

function batchOf(transaction: Transaction, named = indexedPartitions(transaction, partitions)): Uint8Array {
  const builder = new BatchBuilder()
  expect(builder.add(transaction, named)).toBe(true)
  return builder.take()
}

function member(change: MembershipChange): Uint8Array {
  const out = new ByteWriter()
  encodeChange(out, change)
  return encodeControlBatch('member', out.take())
}

function changed(bytes: Uint8Array, change: (bytes: Buffer) => void, seal = true): Uint8Array {
  const copy = Buffer.from(bytes)
  change(copy)
  if (seal) copy.writeUInt32LE(crc32(copy.subarray(4)), 0)
  return copy
}

/** A message that holds one payload. */
function frame(payload: Uint8Array): Uint8Array {
  const out = new ByteWriter()
  out.blob(payload)
  return sealed(0, out.take())
}

/** The first of two parts. */
function part(bytes: number): Uint8Array {
  const out = new ByteWriter()
  for (const byte of randomBytes(16)) out.u8(byte)
  for (const number of [0, 2, 2 * bytes]) out.varint(number)
  return sealed(1, Buffer.concat([out.take(), randomBytes(bytes)]))
}

function sealed(kind: number, body: Uint8Array): Uint8Array {
  const bytes = Buffer.concat([Buffer.from([0, 0, 0, 0, 0x46, 1, kind]), body])
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0)
  return bytes
}

/** All entries from the first on: those before the checkpoints that joining workers ask for are soon trimmed. */
interface RecordedLog {
  readonly log: Log
  upTo(last: Sequence): Promise<readonly LogEntry[]>
  stop(): Promise<void>
}

async function recordLog(connection: NatsConnection): Promise<RecordedLog> {
  const { log: stream } = await openLogStream(connection, { name: bank.name })
  const stopping = new AbortController()
  const found: LogEntry[] = []
  const reading = (async () => {
    for await (const entries of stream.read(1, stopping.signal)) found.push(...entries)
  })()
  return {
    log: stream,
    async upTo(last) {
      await expect.poll(() => found.at(-1)?.sequence ?? 0, { timeout: 30_000 }).toBeGreaterThanOrEqual(last)
      return found.filter(({ sequence }) => sequence <= last)
    },
    async stop() {
      stopping.abort()
      await reading
      await stream.close()
    },
  }
}

const roles: Readonly<Record<string, DatabaseRole>> = {
  operator: { role: 'operator' },
  worker: { role: 'worker' },
  web: { role: 'client', sessionPrefix: 'web' },
  till: { role: 'client', sessionPrefix: 'till' },
}

function as(user: string): Extract<Servers, { servers: unknown }> {
  const { inboxPrefix } = databasePermissions(bank, roles[user]!)
  return { servers: server.url, user, password: user, inboxPrefix }
}

function accounts(): string {
  const users = Object.entries(roles).map(([user, who]) => {
    const { publish, subscribe } = databasePermissions(bank, who)
    const permissions = { publish: { allow: publish }, subscribe: { allow: subscribe } }
    return JSON.stringify({ user, password: user, permissions })
  })
  return `accounts { bank { jetstream: enabled, users: [ ${users.join('\n')} ] } }`
}
