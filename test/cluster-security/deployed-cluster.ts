// Servers as they are deployed: with the configuration of `deploy/`, certificates made on the spot and a key for each role.
// Also one server alone with the same permissions, for tests that need no cluster.

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startNatsCluster, startNatsServer, type NatsCluster, type NatsServer } from '@streamy-db/jetstream/testing'
import { createKey } from '@streamy-db/runtime'
import type { Servers } from 'streamy-db'

const run = promisify(execFile)
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** The folder that an operator copies. */
export const deployFolder = join(root, 'deploy')

/** How each role connects; clients by their session prefix. */
export interface Roles {
  readonly operator: NatsConnectionOptions
  readonly worker: NatsConnectionOptions
  client(sessionPrefix: string): NatsConnectionOptions
}

/** What `connect` and `startWorker` take. */
export type NatsConnectionOptions = Extract<Servers, { servers: unknown }>

/** What `streamy database permissions` prints. */
export async function accountsText(name: string, id: string, clients: readonly string[]): Promise<string> {
  const program = join(root, 'packages', 'streamy-db', 'dist', 'command-line', 'main.js')
  const words = [
    'database',
    'permissions',
    '--name',
    name,
    '--id',
    id,
    ...clients.flatMap((each) => ['--client', each]),
  ]
  return (await run(process.execPath, [program, ...words])).stdout
}

/** Starts three servers from `deploy/`. */
export async function startDeployedCluster(): Promise<{
  readonly cluster: NatsCluster
  readonly roles: Roles
  stop(): Promise<void>
}> {
  const certificates = await mkdtemp(join(tmpdir(), 'streamy-certificates-'))
  const names = ['server-1', 'server-2', 'server-3']
  await run('sh', [
    join(deployFolder, 'certificates.sh'),
    certificates,
    ...names.map((name) => `${name},localhost,127.0.0.1`),
  ])
  const keys = makeKeys(['web'])
  const cluster = await startNatsCluster({
    servers: 3,
    configFile: join(deployFolder, 'nats', 'nats-server.conf'),
    environment: {
      ...keys.environment,
      NATS_LISTEN: '127.0.0.1:0',
      NATS_MONITOR: '127.0.0.1:0',
      NATS_FILE_STORE: '64GB',
      NATS_CA: join(certificates, 'ca.crt'),
    },
    environmentOf: ({ serverName, clusterPort, routePorts }) => ({
      NATS_SERVER_NAME: serverName,
      NATS_CLUSTER_LISTEN: `127.0.0.1:${clusterPort}`,
      NATS_CERTIFICATE: join(certificates, `${serverName}.crt`),
      NATS_KEY: join(certificates, `${serverName}.key`),
      ...Object.fromEntries(routePorts.map((port, index) => [`NATS_ROUTE_${index + 1}`, `tls://127.0.0.1:${port}`])),
    }),
  })
  const stop = async (): Promise<void> => {
    await cluster.stop()
    await rm(certificates, { recursive: true, force: true })
  }
  const tls = { caFile: join(certificates, 'ca.crt') }
  return { cluster, roles: keys.roles({ servers: cluster.urls.map(byName), tls }), stop }
}

/**
 * Starts one server on which these clients, a worker and an operator have their permissions for one database. The user of
 * OBSERVER_NKEY, if the environment has one, may do everything.
 */
export async function startGuardedServer(
  name: string,
  id: string,
  clients: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly server: NatsServer; readonly roles: Roles }> {
  const keys = makeKeys(clients)
  const accounts = await accountsText(name, id, clients)
  const isObserved = 'OBSERVER_NKEY' in environment
  const config = isObserved ? accounts.replace('users: [', 'users: [ { nkey: $OBSERVER_NKEY }') : accounts
  const server = await startNatsServer({ config, environment: { ...keys.environment, ...environment } })
  return { server, roles: keys.roles({ servers: server.url }) }
}

// Certificates are for names: the client checks no address.
function byName(url: string): string {
  return url.replace('127.0.0.1', 'localhost')
}

function makeKeys(clients: readonly string[]): {
  readonly environment: Readonly<Record<string, string>>
  roles(connection: NatsConnectionOptions): Roles
} {
  const variables = ['OPERATOR', 'WORKER', 'SYSTEM', ...clients.map(variableOf)]
  const keys = new Map(variables.map((variable) => [variable, createKey()]))
  const roles = (connection: NatsConnectionOptions): Roles => {
    const as = (variable: string, inbox: string): NatsConnectionOptions => ({
      ...connection,
      nkeySeed: keys.get(variable)!.seed,
      inboxPrefix: `_INBOX_${inbox}`,
    })
    return {
      operator: as('OPERATOR', 'operator'),
      worker: as('WORKER', 'worker'),
      client: (prefix) => as(variableOf(prefix), prefix),
    }
  }
  const environment = Object.fromEntries([...keys].map(([variable, { publicKey }]) => [`${variable}_NKEY`, publicKey]))
  return { environment, roles }
}

function variableOf(client: string): string {
  return `CLIENT_${client.toUpperCase()}`
}
