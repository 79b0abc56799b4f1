// PostgreSQL: one stored procedure a transaction, serializable, committed to the disk before it is answered. A pool of
// connections, because one carries one transaction at a time; what fails to serialize is tried again, as its manual asks.
// Procedures take their locks in the order of keys, so that they need not wait for a deadlock to be found.

import { execFile } from 'node:child_process'
import { chown } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { DatabaseError, Pool } from 'pg'
import { COUNT_LENGTH } from '../systems/record-value.ts'
import type { Accounts, Counters, Records, System } from '../systems/system.ts'
import { untilCommitted } from '../systems/until-committed.ts'
import { openPostgresqlTpcc } from './postgresql-tpcc.ts'
import { findServer } from './debian-server.ts'
import { ServerProcess, freePort } from './server-process.ts'
import { Turns } from './turns.ts'

/** Runs a statement, over and over until it is serialized; answers the first column of its first row. */
export type Call = (name: string, text: string, values: readonly unknown[]) => Promise<unknown>

// More of them on few cores only conflict more: 64 measured a third of this many.
const CONNECTIONS = 8
// PostgreSQL refuses to run as root, so then it runs as nobody, who owns nothing but its files.
const NOBODY = 65_534
const conflicts = new Set(['40001', '40P01'])
const run = promisify(execFile)

// What its manual recommends for a machine of this size, and nothing that loses anything.
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  default_transaction_isolation: 'serializable',
  fsync: 'on',
  // Every conflict is an error to it.
  log_min_messages: 'fatal',
  synchronous_commit: 'on',
  shared_buffers: '1GB',
  max_wal_size: '4GB',
  max_connections: String(CONNECTIONS + 10),
} as const

const loadRecords = `
insert into records select * from unnest($1::text[], $2::text[])
on conflict (key) do update set value = excluded.value`

// Pages with room: an update that stays in its page leaves the index alone, and conflicts with no reader of it.
const schema = `
create table counters (key text primary key, value bigint not null) with (fillfactor = 20);
create table accounts (key text primary key, balance bigint not null check (balance >= 0)) with (fillfactor = 20);
create table records (key text primary key, value text not null);

create function next_id(wanted text) returns bigint language sql as $$
  update counters set value = value + 1 where key = wanted returning value
$$;

create function next_of_all(wanted text[]) returns void language plpgsql as $$
declare one text;
begin
  for one in select unnest(wanted) order by 1 loop
    update counters set value = value + 1 where key = one;
  end loop;
end $$;

create function transfer(source text, target text, amount bigint) returns void language plpgsql as $$
begin
  if source < target then
    update accounts set balance = balance - amount where key = source;
    update accounts set balance = balance + amount where key = target;
  else
    update accounts set balance = balance + amount where key = target;
    update accounts set balance = balance - amount where key = source;
  end if;
end $$;

create function transfer_to_all(source text, targets text[], amount bigint) returns void language plpgsql as $$
declare
  one text;
  whole bigint := amount * cardinality(targets);
begin
  for one in select unnest(targets || source) order by 1 loop
    update accounts set balance = balance + case when one = source then -whole else amount end where key = one;
  end loop;
end $$;

create function modify(wanted text) returns void language sql as $$
  update records
  set value = lpad((left(value, ${COUNT_LENGTH})::bigint + 1)::text, ${COUNT_LENGTH}, '0') || substr(value, ${COUNT_LENGTH + 1})
  where key = wanted
$$;`

/** Starts a server whose files are in `directory`. */
export async function startPostgresql(directory: string): Promise<System> {
  const port = await freePort()
  const pool = new Pool({
    host: '127.0.0.1',
    port,
    user: 'bench',
    database: 'postgres',
    max: CONNECTIONS,
    idleTimeoutMillis: 0,
  })
  // What goes wrong is told to whoever calls.
  pool.on('error', () => {})
  const { server, version } = await startServer(directory, port, () => pool.query('select 1'))
  await pool.query(schema)
  // Connecting is not what is measured.
  await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.query('select pg_sleep(0.05)')))
  const call = callsOf(pool)
  return {
    title: `PostgreSQL ${version}`,
    durability: `serializable, fsync and synchronous_commit on, stored procedures; ${CONNECTIONS} connections`,
    processes: [server.pid],
    openCounters: async (keys) => {
      await pool.query('insert into counters select unnest($1::text[]), 0', [keys])
      return countersOf(call, pool)
    },
    openAccounts: async (keys, openingBalance) => {
      await pool.query('insert into accounts select unnest($1::text[]), $2', [keys, openingBalance])
      return accountsOf(call, pool)
    },
    openRecords: async (records) => {
      const columns = [records.map(([key]) => key), records.map(([, value]) => value)]
      await pool.query(loadRecords, columns)
      return recordsOf(call)
    },
    openTpcc: () => openPostgresqlTpcc(pool, call),
    close: async () => {
      await pool.end()
      await server.stop('SIGINT')
    },
  }
}

async function startServer(
  directory: string,
  port: number,
  isReady: () => Promise<unknown>,
): Promise<{ readonly server: ServerProcess; readonly version: string }> {
  const { path, environment, version } = await findServer({
    program: 'postgres',
    variable: 'POSTGRES_SERVER',
    packages: ['postgresql'],
    folders: ['usr/lib/postgresql/*/bin'],
  })
  const userId = process.getuid?.() === 0 ? NOBODY : undefined
  const owner = userId === undefined ? {} : { uid: userId, gid: userId }
  if (userId !== undefined) await chown(directory, userId, userId)
  const data = join(directory, 'data')
  const initdb = ['-D', data, '-U', 'bench', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync']
  await run(join(dirname(path), 'initdb'), initdb, {
    cwd: directory,
    env: { ...process.env, ...environment },
    ...owner,
  })
  const chosen = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const args = ['-D', data, '-p', String(port), ...chosen]
  const command = { name: 'PostgreSQL', file: path, args, environment, directory }
  const server = await ServerProcess.start(userId === undefined ? command : { ...command, userId }, isReady)
  return { server, version }
}

function callsOf(pool: Pool): Call {
  const turns = new Turns(CONNECTIONS)
  const attempt = async (name: string, text: string, values: readonly unknown[]): Promise<unknown> => {
    try {
      const { rows } = await pool.query({ name, text, values: [...values], rowMode: 'array' })
      // Rows are lists in this mode, whatever the type says. A procedure without a result answers ''.
      return (rows[0] as readonly unknown[] | undefined)?.[0] ?? null
    } catch (error) {
      if (error instanceof DatabaseError && conflicts.has(error.code ?? '')) return undefined
      throw error
    }
  }
  return (name, text, values) =>
    turns.take(() => untilCommitted(() => attempt(name, text, values), { backoffMsMax: 0 }))
}

function countersOf(call: Call, pool: Pool): Counters {
  return {
    next: async (key) => Number(await call('next_id', 'select next_id($1)', [key])),
    nextOfAll: (keys) => call('next_of_all', 'select next_of_all($1)', [keys]),
    values: (keys) => numbersOf(pool, 'counters', keys),
  }
}

function accountsOf(call: Call, pool: Pool): Accounts {
  return {
    transfer: (from, to, amount) => call('transfer', 'select transfer($1, $2, $3)', [from, to, amount]),
    transferToAll: (from, to, amount) =>
      call('transfer_to_all', 'select transfer_to_all($1, $2, $3)', [from, to, amount]),
    balances: (keys) => numbersOf(pool, 'accounts', keys),
  }
}

// With ordinality, so that they come in the order of their keys.
async function numbersOf(
  pool: Pool,
  table: 'counters' | 'accounts',
  keys: readonly string[],
): Promise<readonly number[]> {
  const column = table === 'counters' ? 'value' : 'balance'
  const text = `select ${column} from unnest($1::text[]) with ordinality as wanted (key, place) join ${table} using (key) order by place`
  const { rows } = await pool.query({ text, values: [keys], rowMode: 'array' })
  // Rows are lists in this mode, whatever the type says.
  return (rows as readonly (readonly unknown[])[]).map(([value]) => Number(value))
}

function recordsOf(call: Call): Records {
  return {
    // A column of text, or null without a row.
    read: async (key) =>
      ((await call('read', 'select value from records where key = $1', [key])) ?? undefined) as string | undefined,
    write: (key, value) => call('write', 'update records set value = $2 where key = $1', [key, value]),
    modify: (key) => call('modify', 'select modify($1)', [key]),
  }
}
