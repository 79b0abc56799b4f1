// Restate: one server whose log is flushed before it answers, and its services in a process of their own. State is in virtual
// objects; what touches several is a service that calls them one after the other.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { System } from '../systems/system.ts'
import { JsonClient } from './json-client.ts'
import { nodeIn, npmPeers, versionIn } from './npm-peers.ts'
import { accountsAs, countersAs, recordsAs, type CallObject } from './object-ports.ts'
import { ServerProcess, freePort } from './server-process.ts'

/** Starts a server whose files are in `directory`. */
export async function startRestate(directory: string): Promise<System> {
  const folder = await npmPeers()
  const client = new JsonClient()
  const servicesPort = await freePort()
  const services = await ServerProcess.start(
    {
      name: "Restate's services",
      file: nodeIn(folder),
      args: [join(folder, 'restate-services.mjs'), String(servicesPort)],
      directory: folder,
    },
    async () => {},
  )
  try {
    const ingressPort = await freePort()
    const adminPort = await freePort()
    const config = join(directory, 'restate.toml')
    await writeFile(config, configuration({ directory, ingressPort, adminPort, nodePort: await freePort() }))
    const file = join(
      folder,
      'node_modules',
      '@restatedev',
      `restate-server-${process.platform}-${process.arch}`,
      'bin',
    )
    const server = await ServerProcess.start(
      { name: 'Restate', file: join(file, 'restate-server'), args: ['-c', config, '--no-logo'], directory },
      // Both have to be there before one can look at the other.
      () => client.post(`http://127.0.0.1:${adminPort}/deployments`, { uri: `http://127.0.0.1:${servicesPort}` }),
    )
    const ingress = `http://127.0.0.1:${ingressPort}`
    const call: CallObject = ({ type, handler, key, argument }) => {
      const path = key === undefined ? `${type}/${handler}` : `${type}/${encodeURIComponent(key)}/${handler}`
      return client.post(`${ingress}/${path}`, argument)
    }
    return {
      title: `Restate ${versionIn(folder, '@restatedev/restate-server')}`,
      durability: 'one server, its log flushed (WAL with fsync) before anything is answered; services in one process',
      processes: [server.pid, services.pid],
      openCounters: async () => countersAs(call),
      openAccounts: async (_, openingBalance) => accountsAs(call, openingBalance),
      openRecords: async (records) => recordsAs(call, records),
      close: async () => {
        client.close()
        await server.stop()
        await services.stop()
      },
    }
  } catch (error) {
    await services.stop()
    throw error
  }
}

interface Places {
  readonly directory: string
  readonly nodePort: number
  readonly ingressPort: number
  readonly adminPort: number
}

// What is not named has its default, which is durable.
function configuration({ directory, nodePort, ingressPort, adminPort }: Places): string {
  return [
    'cluster-name = "bench"',
    `base-dir = ${JSON.stringify(join(directory, 'data'))}`,
    'bind-ip = "127.0.0.1"',
    `bind-port = ${nodePort}`,
    'advertised-host = "127.0.0.1"',
    'listen-mode = "tcp"',
    'log-filter = "error"',
    'disable-telemetry = true',
    '[ingress]',
    `bind-port = ${ingressPort}`,
    '[admin]',
    `bind-port = ${adminPort}`,
    'disable-web-ui = true',
    '',
  ].join('\n')
}
