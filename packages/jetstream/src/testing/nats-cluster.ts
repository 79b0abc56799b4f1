// Several nats-servers under test that form one cluster.

import { createServer, type AddressInfo, type Server } from 'node:net'
import { once } from 'node:events'
import { untilPlaceable } from './placement.ts'
import { NatsServer, type ClusterMembership, type NatsServerOptions } from './nats-server.ts'

/** What a cluster under test can be told. */
export interface NatsClusterOptions extends NatsServerOptions {
  readonly servers: number
  /** Whether to wait until anybody may make streams with a copy on each server; those that never come to it start anew. */
  readonly placeable?: boolean
  /** What the configuration of one server takes from its environment, beside what all take: by name and cluster ports. */
  readonly environmentOf?: (member: ClusterMembership) => Readonly<Record<string, string>>
}

const STARTS_MAX = 3
const PLACEABLE_WITHIN_MS = 30_000

/** Starts a cluster whose servers have found each other and are ready for JetStream. */
export async function startNatsCluster(options: NatsClusterOptions): Promise<NatsCluster> {
  for (let attempt = 1; ; attempt++) {
    const cluster = await NatsCluster.prepare(options)
    try {
      await cluster.launch()
      if (options.placeable === true) await untilPlaceable(cluster.urls, PLACEABLE_WITHIN_MS)
      return cluster
    } catch (error) {
      await cluster.stop()
      // Somebody may have taken one of the ports between their choice and their use.
      const isTaken = /address already in use/.test(String(error))
      if (attempt === STARTS_MAX || !(isTaken || options.placeable === true)) throw error
    }
  }
}

/** A cluster that was started for a test. */
export class NatsCluster {
  readonly servers: readonly NatsServer[]

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers
  }

  static async prepare(options: NatsClusterOptions): Promise<NatsCluster> {
    const ports = await freePorts(options.servers)
    const members = ports.map((clusterPort, index) => ({
      serverName: `server-${index + 1}`,
      clusterPort,
      routePorts: ports,
    }))
    return new NatsCluster(
      await Promise.all(members.map((member) => NatsServer.prepare(optionsOf(options, member), member))),
    )
  }

  /** Where clients connect to: every server. */
  get urls(): readonly string[] {
    return this.servers.map(({ url }) => url)
  }

  /** The server of that name, as stream info names a leader. */
  server(name: string): NatsServer {
    const server = this.servers.find((each) => each.name === name)
    if (server === undefined) throw new Error(`The cluster has no server ${name}.`)
    return server
  }

  /** Starts all servers; they need each other to become ready. */
  async launch(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.launch('listening')))
    await Promise.all(this.servers.map((server) => server.ready()))
  }

  /** Shuts all servers down for good and removes what they left behind. */
  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function optionsOf(
  { environment, environmentOf, ...options }: NatsClusterOptions,
  member: ClusterMembership,
): NatsServerOptions {
  return { ...options, environment: { ...environment, ...environmentOf?.(member) } }
}

// All are held at once, so that they differ.
async function freePorts(count: number): Promise<readonly number[]> {
  const listeners = await Promise.all(Array.from({ length: count }, () => listen()))
  const ports = listeners.map((listener) => (listener.address() as AddressInfo).port)
  await Promise.all(listeners.map((listener) => once(listener.close(), 'close')))
  return ports
}

async function listen(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
