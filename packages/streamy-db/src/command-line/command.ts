// What a command of the command line is, and how those that go to a cluster are told where it is.

import { readFile } from 'node:fs/promises'
import type { Servers } from '@streamy-db/runtime'

/** One option of a command. */
export interface CommandOption {
  readonly type: 'string' | 'boolean'
  readonly multiple?: boolean
  readonly help: string
}

/** What a command was given. */
export interface CommandInput {
  readonly values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
}

/** One command. */
export interface Command {
  readonly name: string
  readonly usage: string
  readonly summary: string
  /** More lines for its own help. */
  readonly details: string
  readonly options: Readonly<Record<string, CommandOption>>
  /** Runs it; answers the exit code. */
  run(input: CommandInput): Promise<number>
}

/** The command line was wrong; the message says what is right. */
export class UsageError extends Error {}

/** Options of commands that go to a cluster. */
export const clusterOptions: Readonly<Record<string, CommandOption>> = {
  nats: {
    type: 'string',
    multiple: true,
    help: 'address of a NATS server, nats://HOST:PORT; may be given several times',
  },
  name: { type: 'string', help: 'name of the database on it' },
  user: { type: 'string', help: 'user, with --password' },
  password: { type: 'string', help: 'password of the user' },
  creds: { type: 'string', help: 'file with credentials' },
  'inbox-prefix': { type: 'string', help: 'subject under which answers come in, as the permissions of the user say' },
  nkey: { type: 'string', help: 'file with the seed of an nkey' },
  'tls-ca': { type: 'string', help: 'file with the certificate of the authority' },
  'tls-cert': { type: 'string', help: 'file with the certificate to show' },
  'tls-key': { type: 'string', help: 'file with its key' },
}

/** Options of commands that say what an acknowledged write survives. */
export const durabilityOptions: Readonly<Record<string, CommandOption>> = {
  'sync-interval': { type: 'string', help: "how often the servers flush: 'always', or milliseconds" },
  monitoring: { type: 'string', multiple: true, help: 'monitoring address of a server, to be asked instead' },
}

/** What a command was told of how often the servers flush. */
export function durabilityOf({ values }: CommandInput): {
  readonly syncInterval?: 'always' | number
  readonly monitoringUrls?: readonly string[]
} {
  const always = text(values, 'sync-interval') === 'always'
  const syncInterval = always ? ('always' as const) : count(values, 'sync-interval')
  const urls = values['monitoring']
  return {
    ...(syncInterval !== undefined && { syncInterval }),
    ...(Array.isArray(urls) && { monitoringUrls: urls.map(String) }),
  }
}

/** Where the cluster is that a command was given. */
export async function clusterOf({
  values,
}: CommandInput): Promise<{ readonly servers: Servers; readonly name: string }> {
  const addresses = values['nats']
  const name = text(values, 'name')
  if (!Array.isArray(addresses) || addresses.length === 0 || name === undefined)
    throw new UsageError('Say which cluster: --nats nats://127.0.0.1:4222 --name NAME')
  const [user, password] = [text(values, 'user'), text(values, 'password')]
  const credentials = await contents(values, 'creds')
  const nkeySeed = (await contents(values, 'nkey'))?.trim()
  const inboxPrefix = text(values, 'inbox-prefix')
  const tls = tlsOf(values)
  const servers = {
    servers: addresses.map(String),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(credentials !== undefined && { credentials }),
    ...(nkeySeed !== undefined && { nkeySeed }),
    ...(inboxPrefix !== undefined && { inboxPrefix }),
    ...(tls !== undefined && { tls }),
  }
  return { servers, name }
}

/** An option that is a text. */
export function text(values: CommandInput['values'], name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** An option that is a whole number above zero. */
export function count(values: CommandInput['values'], name: string): number | undefined {
  const value = text(values, name)
  if (value === undefined) return undefined
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 1) throw new UsageError(`--${name} takes a whole number above zero.`)
  return number
}

function tlsOf(values: CommandInput['values']): Record<string, string> | undefined {
  const files = { caFile: text(values, 'tls-ca'), certFile: text(values, 'tls-cert'), keyFile: text(values, 'tls-key') }
  const given = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

async function contents(values: CommandInput['values'], name: string): Promise<string | undefined> {
  const file = text(values, name)
  return file === undefined ? undefined : await readFile(file, 'utf8')
}
