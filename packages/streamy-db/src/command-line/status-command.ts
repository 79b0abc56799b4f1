// `streamy status`: how a cluster stands.

import type { View } from '@streamy-db/core'
import type { ClusterStatus } from '@streamy-db/runtime'
import { clusterOf, clusterOptions, durabilityOf, durabilityOptions } from './command.ts'
import type { Command } from './command.ts'
import { plainJson } from './plain-json.ts'

export const statusCommand: Command = {
  name: 'status',
  usage: 'status --nats URL --name NAME',
  summary: 'Says which workers there are, what they own, how far they are and what an acknowledged write survives.',
  details: 'Its exit code is 1 when a partition has no owner or no worker answers.\n',
  options: {
    json: { type: 'boolean', help: 'print everything as JSON' },
    ...durabilityOptions,
    ...clusterOptions,
  },
  run: async (input) => {
    const { servers, name } = await clusterOf(input)
    const { clusterStatus, describeView } = await import('@streamy-db/runtime')
    const status = await clusterStatus(servers, { name, ...durabilityOf(input) })
    const json = input.values['json'] === true
    process.stdout.write(json ? `${plainJson(status, 2)}\n` : describe(name, status, describeView))
    return isServing(status) ? 0 : 1
  },
}

function isServing({ workers }: ClusterStatus): boolean {
  const view = newestView({ workers })
  return view !== undefined && view.owners.every((owner) => owner !== undefined && owner !== null)
}

function newestView({ workers }: Pick<ClusterStatus, 'workers'>): ClusterStatus['workers'][number]['view'] {
  return workers.map(({ view }) => view).toSorted((a, b) => (b?.number ?? -1) - (a?.number ?? -1))[0]
}

function describe(name: string, status: ClusterStatus, describeView: (view: View) => string): string {
  const { log, workers, databaseId } = status
  const view = newestView(status)
  const lines = [
    `database  ${name} (${databaseId})`,
    `log       entries ${log.first} to ${log.last}, ${log.replicas === 1 ? 'one copy' : `${log.replicas} copies`}`,
    `survives  ${status.durability}`,
    `view      ${view === undefined ? 'no worker answers' : describeView(view)}`,
    ...workers.map(
      ({ name: worker, owned, scanned, resolved, replicas, uptime, incidents }) =>
        `worker    ${worker}: owns ${owned}, at entry ${scanned}${resolved < scanned ? `, resolved to ${resolved}` : ''}` +
        `${replicas > 1 ? `, ${replicas} engines` : ''}, up ${uptime} s${incidentsOf(incidents)}`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

function incidentsOf(incidents: Readonly<Record<string, number>>): string {
  const all = Object.entries(incidents).map(([kind, times]) => `${times} ${kind}`)
  return all.length === 0 ? '' : ` (${all.join(', ')})`
}
