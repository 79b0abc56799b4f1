// Backup and restore as docs/deploy.md describes them, with the operator's permissions: the streams are saved while the
// database runs, and a database that was lost goes on where the backup was made. It speaks the servers' protocol itself, as
// `nats stream backup` and `nats stream restore` do.

import { setTimeout as delay } from 'node:timers/promises'
import { connectNats, databaseSubjects, discoverySubjects, type NatsConnection } from '@streamy-db/jetstream'
import { connect, createDatabase, startWorker, type RunningWorker } from 'streamy-db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDeployedCluster } from './deployed-cluster.ts'
import { Tally } from './tally.ts'

interface Backup {
  readonly config: unknown
  readonly state: StreamState
  readonly chunks: readonly Uint8Array[]
}

interface StreamState {
  readonly last_seq: number
}

/** The part of what a server tells of its streams that is of interest here. */
interface ServerStreams {
  readonly account_details?: readonly {
    readonly stream_detail?: readonly { readonly name: string; readonly state: StreamState }[]
  }[]
}

interface Answer extends Readonly<Record<string, unknown>> {
  readonly error?: { readonly err_code?: number }
}

const { logStream, checkpointBucket } = databaseSubjects('bank-1')
// Checkpoints first: the log then holds all that came since. The stream by which a database is found is made anew.
const saved = [`OBJ_${checkpointBucket}`, logStream]
const streams = [...saved, discoverySubjects('bank').stream]
const bank = { name: 'bank', id: 'bank-1', replicas: 3, maxLogBytes: 64 * 1024 * 1024 } as const
const nothing = new Uint8Array(0)
// What JetStream calls so: error 10008.
const TEMPORARILY_UNAVAILABLE = 10008
const ASK_AGAIN_MS = 100
const SILENT_AFTER_MS = 10_000
const SILENT: Answer = { error: { err_code: TEMPORARILY_UNAVAILABLE } }

let deployed: Awaited<ReturnType<typeof startDeployedCluster>>

beforeAll(async () => {
  deployed = await startDeployedCluster()
}, 120_000)

afterAll(() => deployed.stop(), 120_000)

test('a database is restored to what it was when it was saved', async () => {
  const { roles } = deployed
  const operator = await connectNats(roles.operator)
  await createDatabase(roles.operator, bank)
  const worker = await startBankWorker()
  const client = await connect(roles.client('web'), { name: 'bank', actors: [Tally], sessionPrefix: 'web' })
  for (let time = 1; time <= 40; time++) await client.actor(Tally, 'before').add(1)
  const backups = new Map<string, Backup>()
  for (const stream of saved) backups.set(stream, await save(operator, stream))
  expect(await client.actor(Tally, 'after').add(1)).toBe(1)
  await client.close()
  await worker.close()
  for (const stream of streams) await ask(operator, `$JS.API.STREAM.DELETE.${stream}`)
  for (const [stream, backup] of backups) await restore(operator, stream, backup)
  // Until they start again, the servers do not agree on when the restored streams were made. The first to have the streams
  // must not be the first to go.
  await untilCopied(backups)
  for (const server of deployed.cluster.servers) {
    await server.restart()
    await untilCopied(backups)
  }
  await createDatabase(roles.operator, bank)
  for (let turn = 0; turn < 3; turn++) {
    await createDatabase(roles.operator, bank)
    await ask(operator, `$JS.API.STREAM.LEADER.STEPDOWN.${logStream}`)
  }
  const restored = await startBankWorker()
  const again = await connect(roles.client('web'), { name: 'bank', actors: [Tally], sessionPrefix: 'web' })
  expect(await again.actor(Tally, 'before').total()).toBe(40)
  expect(await again.actor(Tally, 'after').total()).toBe(0)
  expect(await again.actor(Tally, 'before').add(1)).toBe(41)
  await again.close()
  await restored.close()
  await operator.close()
})

async function startBankWorker(): Promise<RunningWorker> {
  return await startWorker(deployed.roles.worker, { name: 'bank', actors: [Tally], partitions: 4, onEvent: () => {} })
}

async function save(connection: NatsConnection, stream: string): Promise<Backup> {
  const subject = `${connection.inboxPrefix}.backup.${stream}`
  const chunks: Uint8Array[] = []
  const whole = new Promise<void>((resolve) => {
    const unsubscribe = connection.subscribe(subject, ({ data, reply }) => {
      if (data.length > 0) {
        chunks.push(new Uint8Array(data))
        connection.publish(reply, nothing)
        return
      }
      unsubscribe()
      resolve()
    })
  })
  const body = { deliver_subject: subject, chunk_size: 64 * 1024 }
  const { config, state } = await ask(connection, `$JS.API.STREAM.SNAPSHOT.${stream}`, encoded(body))
  await whole
  return { config, state: state as StreamState, chunks }
}

async function restore(connection: NatsConnection, stream: string, { config, state, chunks }: Backup): Promise<void> {
  const { deliver_subject: to } = await ask(connection, `$JS.API.STREAM.RESTORE.${stream}`, encoded({ config, state }))
  for (const chunk of [...chunks, nothing]) await ask(connection, String(to), chunk)
}

// Until every server has what was restored. That a copy is current says nothing of it: nothing was agreed on since.
async function untilCopied(backups: ReadonlyMap<string, Backup>): Promise<void> {
  for (const { monitorUrl } of deployed.cluster.servers)
    for (const [stream, { state }] of backups)
      while ((await lastSequence(monitorUrl, stream)) !== state.last_seq) await delay(ASK_AGAIN_MS)
}

async function lastSequence(monitorUrl: string, stream: string): Promise<number | undefined> {
  const answer = await fetch(`${monitorUrl}/jsz?accounts=true&streams=true`)
  const { account_details: accounts = [] } = (await answer.json()) as ServerStreams
  const held = accounts.flatMap(({ stream_detail: details = [] }) => details)
  return held.find(({ name }) => name === stream)?.state.last_seq
}

// Fails with what the server says is wrong. While it says that nobody leads the servers, or the stream, right now, as after a
// restart or a change of leaders, it has done nothing and is asked again; so it is when a server that just lost the lead says
// nothing at all.
async function ask(connection: NatsConnection, subject: string, body: Uint8Array = nothing): Promise<Answer> {
  let answer = await askOnce(connection, subject, body)
  while (answer.error?.err_code === TEMPORARILY_UNAVAILABLE) {
    await delay(ASK_AGAIN_MS)
    answer = await askOnce(connection, subject, body)
  }
  expect(answer.error).toBeUndefined()
  return answer
}

async function askOnce(connection: NatsConnection, subject: string, body: Uint8Array): Promise<Answer> {
  const reply = `${connection.inboxPrefix}.answer.${asked++}`
  const waiting = new AbortController()
  const silence = delay(SILENT_AFTER_MS, SILENT, { signal: waiting.signal })
  const answer = new Promise<Answer>((resolve) => {
    const unsubscribe = connection.subscribe(reply, ({ data }) => {
      unsubscribe()
      waiting.abort()
      resolve((data.length === 0 ? {} : JSON.parse(new TextDecoder().decode(data))) as Answer)
    })
    connection.publish(subject, body, { reply })
  })
  return await Promise.race([answer, silence.catch(() => answer)])
}

let asked = 0

function encoded(body: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(body))
}
