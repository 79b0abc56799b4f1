// Redis: every write is in its append-only file, and flushed, before it is answered. INCR where one command does it, Lua
// scripts where it takes several, over one connection of ioredis, which pipelines what is sent in one turn.

import { Redis, type ChainableCommander } from 'ioredis'
import { COUNT_LENGTH } from '../systems/record-value.ts'
import type { Accounts, Counters, Records, System } from '../systems/system.ts'
import { redisTpcc } from './redis-tpcc.ts'
import { findServer } from './debian-server.ts'
import { ServerProcess, freePort } from './server-process.ts'

/** The scripts, as ioredis defines them. */
interface Scripts {
  nextOfAll(count: number, ...keys: readonly string[]): Promise<unknown>
  /** The keys, the first of which gives; then what each of the others gets. */
  transfer(count: number, ...keysAndAmount: readonly (string | number)[]): Promise<unknown>
  modify(count: 1, key: string, digits: number): Promise<unknown>
}

type Client = Redis & Scripts

const LOADED_AT_ONCE = 1000

const nextOfAll = `for _, key in ipairs(KEYS) do redis.call('INCR', key) end`

const transfer = `
local amount = tonumber(ARGV[1])
local whole = amount * (#KEYS - 1)
if tonumber(redis.call('GET', KEYS[1])) < whole then return redis.error_reply('not enough') end
redis.call('DECRBY', KEYS[1], whole)
for index = 2, #KEYS do redis.call('INCRBY', KEYS[index], amount) end`

const modify = `
local value = redis.call('GET', KEYS[1])
local digits = tonumber(ARGV[1])
local count = tonumber(string.sub(value, 1, digits)) + 1
redis.call('SET', KEYS[1], string.format('%0' .. digits .. 'd', count) .. string.sub(value, digits + 1))`

/** Starts a server whose files are in `directory`. */
export async function startRedis(directory: string): Promise<System> {
  const server = await findServer({
    program: 'redis-server',
    variable: 'REDIS_SERVER',
    packages: ['redis-server'],
    folders: ['usr/bin'],
  })
  const port = await freePort()
  const settings = { port, bind: '127.0.0.1', dir: directory, appendonly: 'yes', appendfsync: 'always', save: '' }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, enableAutoPipelining: true }) as Client
  // What goes wrong is told to whoever calls.
  client.on('error', () => {})
  const { path: file, environment, version } = server
  const running = await ServerProcess.start({ name: 'Redis', file, args, environment, directory }, () => client.ping())
  client.defineCommand('nextOfAll', { lua: nextOfAll })
  client.defineCommand('transfer', { lua: transfer })
  client.defineCommand('modify', { lua: modify })
  return {
    title: `Redis ${version}`,
    durability: 'appendonly yes, appendfsync always: every write is flushed to the disk before it is answered',
    processes: [running.pid],
    openCounters: async () => countersOf(client),
    openAccounts: async (keys, openingBalance) => {
      await load(client, keys, (pipeline, key) => pipeline.set(key, openingBalance))
      return accountsOf(client)
    },
    openRecords: async (records) => {
      await load(client, records, (pipeline, [key, value]) => pipeline.set(key, value))
      return recordsOf(client)
    },
    openTpcc: async () => redisTpcc(client),
    close: async () => {
      client.disconnect()
      await running.stop()
    },
  }
}

function countersOf(client: Client): Counters {
  return {
    next: (key) => client.incr(key),
    nextOfAll: (keys) => client.nextOfAll(keys.length, ...keys),
    values: (keys) => numbersOf(client, keys),
  }
}

function accountsOf(client: Client): Accounts {
  return {
    transfer: (from, to, amount) => client.transfer(2, from, to, amount),
    transferToAll: (from, to, amount) => client.transfer(to.length + 1, from, ...to, amount),
    balances: (keys) => numbersOf(client, keys),
  }
}

function recordsOf(client: Client): Records {
  return {
    read: async (key) => (await client.get(key)) ?? undefined,
    write: (key, value) => client.set(key, value),
    modify: (key) => client.modify(1, key, COUNT_LENGTH),
  }
}

async function numbersOf(client: Client, keys: readonly string[]): Promise<readonly number[]> {
  return (await client.mget([...keys])).map(Number)
}

async function load<Item>(
  client: Client,
  items: readonly Item[],
  add: (pipeline: ChainableCommander, item: Item) => unknown,
): Promise<void> {
  for (let start = 0; start < items.length; start += LOADED_AT_ONCE) {
    const pipeline = client.pipeline()
    for (const item of items.slice(start, start + LOADED_AT_ONCE)) add(pipeline, item)
    const failed = (await pipeline.exec())?.find(([error]) => error !== null)
    if (failed !== undefined) throw new Error(`Redis refused to load: ${String(failed[0])}`)
  }
}
