// Asks a running cluster how it stands: its servers about the log, its workers about themselves.

import { randomBytes } from 'node:crypto'
import { NatsMessageBus, connectNats, openLogStream, probeDurability } from '@streamy-db/jetstream'
import type { DurabilityOptions } from '@streamy-db/jetstream'
import { systemClock } from '../../clock.ts'
import { addresses, operatorSessionPrefix } from '../protocol/addresses.ts'
import { natsOptions } from '../create-database.ts'
import type { Servers } from '../create-database.ts'
import { decodeWorkerReport, encodeStatusQuestion } from './worker-report.ts'
import type { WorkerReport } from './worker-report.ts'

/** How a cluster stands. */
export interface ClusterStatus {
  readonly databaseId: string
  /** What an acknowledged write survives with these servers' settings, in a sentence. */
  readonly durability: string
  /** The oldest and the newest entry of the log. */
  readonly log: { readonly first: number; readonly last: number; readonly replicas: number }
  /** Those that answered, by name. */
  readonly workers: readonly WorkerReport[]
}

/** What to ask about. */
export interface StatusOptions extends Pick<DurabilityOptions, 'syncInterval' | 'monitoringUrls'> {
  readonly name: string
  /** How long workers have to answer, in milliseconds; default 500. */
  readonly waitMs?: number
}

/** Asks, and gives what was answered in time. Rejects as `connect` does. */
export async function clusterStatus(
  servers: Servers,
  { name, waitMs = 500, ...durabilityOptions }: StatusOptions,
): Promise<ClusterStatus> {
  const connection = await connectNats(natsOptions(servers, `streamy status of ${name}`))
  try {
    const { databaseId, log, stream } = await openLogStream(connection, { name })
    const bus = new NatsMessageBus(connection)
    const [first, last] = [await log.first(), await log.tail()]
    const workers = await ask(bus, databaseId, waitMs)
    await bus.close()
    await log.close()
    const { line: durability } = await probeDurability(connection, stream.name, durabilityOptions)
    return { databaseId, durability, log: { first, last, replicas: stream.replicas }, workers }
  } finally {
    await connection.close()
  }
}

async function ask(bus: NatsMessageBus, databaseId: string, waitMs: number): Promise<WorkerReport[]> {
  const session = `${operatorSessionPrefix}.${randomBytes(8).toString('hex')}`
  const reports = new Map<string, WorkerReport>()
  const unlisten = bus.listen(addresses.reply(databaseId, session), (bytes) => {
    const report = decodeWorkerReport(bytes)
    if (report !== undefined) reports.set(`${report.name}/${report.incarnation}`, report)
  })
  bus.send(addresses.status(databaseId), encodeStatusQuestion(session))
  await new Promise<void>((resolve) => {
    systemClock.alarm(systemClock.now() + waitMs * 1000, resolve)
    // The clock's alarms do not keep a process alive, and this wait should.
    setTimeout(() => {}, waitMs)
  })
  unlisten()
  return [...reports.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
