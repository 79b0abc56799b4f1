// Finds out what is known of the durability of a log: its copies from the server, how often they flush from the operator or
// from the servers' monitoring. Permissions often allow neither, and then it is unknown, which is said and not guessed.

import { StreamyError } from '@streamy-db/core'
import { durabilityOf, type Durability, type LogCopy, type SyncInterval } from './durability.ts'
import { JetStreamApi, type JetStreamApiOptions, type StreamInfo } from './jetstream-api.ts'
import { jetstreamLimits } from './jetstream-limits.ts'
import type { NatsConnection } from './nats-connection.ts'
import { onceAvailable } from './stream-settings.ts'

/** What the operator says of the servers. */
export interface DurabilityOptions extends JetStreamApiOptions {
  /** How often every server flushes, as the operator knows it; nothing is asked then. */
  readonly syncInterval?: SyncInterval
  /** The monitoring address of each server, such as `http://127.0.0.1:8222`, to be asked. */
  readonly monitoringUrls?: readonly string[]
}

interface MonitoredServer {
  readonly name: string
  readonly syncInterval: SyncInterval
}

/** What an acknowledged write to `stream` survives, as far as that can be known. */
export async function probeDurability(
  connection: NatsConnection,
  stream: string,
  options: DurabilityOptions = {},
): Promise<Durability> {
  const api = new JetStreamApi(connection, options)
  try {
    const info = await onceAvailable(() => api.streamInfo(stream))
    if (info === undefined)
      throw new StreamyError('DATABASE_MISSING', `There is no stream ${stream}. Open the database first.`)
    const { syncInterval: stated, monitoringUrls = [] } = options
    const monitored = stated === undefined ? await Promise.all(monitoringUrls.map(askServer)) : []
    return durabilityOf(
      copiesOf(
        info,
        stated,
        monitored.filter((server) => server !== undefined),
      ),
    )
  } finally {
    api.close()
  }
}

function copiesOf(
  { cluster }: StreamInfo,
  stated: SyncInterval | undefined,
  monitored: readonly MonitoredServer[],
): readonly LogCopy[] {
  // A server that is in no cluster names nobody; it is the one that was asked, if only one was.
  if (cluster === undefined) {
    const [only] = monitored.length === 1 ? monitored : []
    return [{ server: only?.name ?? 'the server', online: true, syncInterval: stated ?? only?.syncInterval }]
  }
  const others = cluster.replicas ?? []
  const leader = cluster.leader === undefined ? [] : [{ name: cluster.leader, offline: false }]
  return [...leader, ...others].map(({ name, offline = false }) => ({
    server: name,
    online: !offline,
    syncInterval: stated ?? monitored.find((server) => server.name === name)?.syncInterval,
  }))
}

/** What a server's monitoring says; undefined when it says nothing that helps. */
async function askServer(url: string): Promise<MonitoredServer | undefined> {
  try {
    const response = await fetch(new URL('/varz', url), {
      signal: AbortSignal.timeout(jetstreamLimits.requestTimeoutMs),
    })
    return readServer(await response.json())
  } catch {
    // Monitoring that is not there is no reason not to start; whoever needs to know is told that it is unknown.
    return undefined
  }
}

function readServer(varz: unknown): MonitoredServer | undefined {
  // Another program may listen there, so nothing of it is taken for granted.
  const { server_name: name, jetstream } = (varz ?? {}) as {
    readonly server_name?: unknown
    readonly jetstream?: { readonly config?: { readonly sync_always?: unknown; readonly sync_interval?: unknown } }
  }
  const { sync_always: always, sync_interval: nanoseconds } = jetstream?.config ?? {}
  if (typeof name !== 'string') return undefined
  if (always === true) return { name, syncInterval: 'always' }
  return typeof nanoseconds === 'number' && nanoseconds > 0 ? { name, syncInterval: nanoseconds / 1e6 } : undefined
}
