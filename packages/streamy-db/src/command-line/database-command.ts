// `streamy database`: what an operator does before the first worker starts: makes the database, and says what the servers'
// configuration must permit.

import type { DatabasePermissions, DatabaseRole } from '@streamy-db/runtime'
import { UsageError, clusterOf, clusterOptions, count, text } from './command.ts'
import type { Command, CommandInput } from './command.ts'

export const databaseCommand: Command = {
  name: 'database',
  usage: 'database create --nats URL --name NAME [--id ID] [--replicas 3]',
  summary: 'Makes a database, as an operator; workers then need no permission to make anything.',
  details: `
streamy database permissions --name NAME --id ID --client PREFIX …
    Prints the accounts of a nats-server configuration: what workers, operators and each client may do. The keys stand in
    environment variables: WORKER_NKEY, OPERATOR_NKEY, and CLIENT_<PREFIX>_NKEY for each client.
streamy database key
    Makes an nkey: prints its seed, which is secret, and the public key, which goes into the configuration.
`,
  options: {
    id: { type: 'string', help: 'id of the database, never used before; random by default' },
    replicas: { type: 'string', help: 'copies of its log and checkpoints: 1, 3 or 5' },
    'log-bytes': { type: 'string', help: "the log's room on each server, 4 GiB by default" },
    'checkpoint-bytes': { type: 'string', help: 'the room of checkpoints, by default what the servers have' },
    client: { type: 'string', multiple: true, help: 'session prefix of a client; may be given several times' },
    ...clusterOptions,
  },
  run: async (input) => {
    switch (input.positionals[0]) {
      case 'create':
        return await create(input)
      case 'permissions':
        return await printPermissions(input)
      case 'key':
        return await printKey()
      default:
        throw new UsageError('Say what to do: streamy database create …, permissions … or key')
    }
  },
}

async function create(input: CommandInput): Promise<number> {
  const { servers, name } = await clusterOf(input)
  const { values } = input
  const [id, replicas] = [text(values, 'id'), count(values, 'replicas')]
  const [maxLogBytes, maxCheckpointBytes] = [count(values, 'log-bytes'), count(values, 'checkpoint-bytes')]
  const { createDatabase } = await import('@streamy-db/runtime')
  const made = await createDatabase(servers, {
    name,
    ...(id !== undefined && { id }),
    // What it cannot be is refused there.
    ...(replicas !== undefined && { replicas: replicas as 1 | 3 | 5 }),
    ...(maxLogBytes !== undefined && { maxLogBytes }),
    ...(maxCheckpointBytes !== undefined && { maxCheckpointBytes }),
  })
  process.stdout.write(
    `database ${made.name} (${made.id}), ${made.replicas} ${made.replicas === 1 ? 'copy' : 'copies'}\n`,
  )
  return 0
}

async function printPermissions({ values }: CommandInput): Promise<number> {
  const [name, id, clients] = [text(values, 'name'), text(values, 'id'), values['client']]
  if (name === undefined || id === undefined || !Array.isArray(clients))
    throw new UsageError('Say for whom: streamy database permissions --name NAME --id ID --client PREFIX')
  const { databasePermissions } = await import('@streamy-db/runtime')
  const roles: readonly DatabaseRole[] = [
    { role: 'operator' },
    { role: 'worker' },
    ...clients.map((sessionPrefix) => ({ role: 'client' as const, sessionPrefix: String(sessionPrefix) })),
  ]
  const users = roles.map((who) => userText(who, databasePermissions({ name, id }, who)))
  process.stdout.write(accountsText(name, id, clients.map(String), users))
  return 0
}

async function printKey(): Promise<number> {
  const { createKey } = await import('@streamy-db/runtime')
  const { seed, publicKey } = createKey()
  process.stdout.write(`seed    ${seed}\npublic  ${publicKey}\n`)
  return 0
}

function accountsText(name: string, id: string, clients: readonly string[], users: readonly string[]): string {
  const words = `streamy database permissions --name ${name} --id ${id} ${clients.map((each) => `--client ${each}`).join(' ')}`
  return `# Made by: ${words}
# Make it anew instead of changing it. An account of its own keeps this database from all others.

accounts {
  streamy-${name} {
    jetstream: enabled
    users: [
${users.join('\n')}
    ]
  }
  SYS {
    users: [ { nkey: $SYSTEM_NKEY } ]
  }
}
system_account: SYS
`
}

function userText(who: DatabaseRole, { publish, subscribe, inboxPrefix }: DatabasePermissions): string {
  const { title, variable } = titleOf(who)
  return `      # ${title}; inbox prefix ${inboxPrefix}
      {
        nkey: $${variable}
        permissions: {
          publish: { allow: [
${listText(publish)}
          ] }
          subscribe: { allow: [
${listText(subscribe)}
          ] }
        }
      }`
}

function titleOf(who: DatabaseRole): { readonly title: string; readonly variable: string } {
  if (who.role !== 'client') return { title: who.role, variable: `${who.role.toUpperCase()}_NKEY` }
  const name = who.sessionPrefix.toUpperCase().replaceAll(/\W|-/g, '_')
  return { title: `client with the session prefix ${who.sessionPrefix}`, variable: `CLIENT_${name}_NKEY` }
}

function listText(subjects: readonly string[]): string {
  return subjects.map((subject) => `            ${JSON.stringify(subject)}`).join('\n')
}
