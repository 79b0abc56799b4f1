// etcd: one member, which flushes its log before it answers. Transactions compare the revisions of what was read, in its own
// requests, and so need one round trip to read and one to write.

import { Etcd3, type IKeyValue, type IRequestOp, type ITxnResponse } from 'etcd3'
import type { System } from '../systems/system.ts'
import {
  accountsIn,
  countersIn,
  recordsIn,
  type Change,
  type Versioned,
  type VersionedStore,
} from './compare-and-set.ts'
import { findServer } from './debian-server.ts'
import { ServerProcess, freePort } from './server-process.ts'
import { Turns } from './turns.ts'

const IN_FLIGHT_MAX = 256

/** Starts a server whose files are in `directory`. */
export async function startEtcd(directory: string): Promise<System> {
  const server = await findServer({
    program: 'etcd',
    variable: 'ETCD_SERVER',
    packages: ['etcd-server'],
    // The stable Debian before it has a version that is years old.
    suite: 'trixie',
    folders: ['usr/bin'],
  })
  const { path: file, environment, version } = server
  const url = `http://127.0.0.1:${await freePort()}`
  const peerUrl = `http://127.0.0.1:${await freePort()}`
  const settings = {
    'data-dir': directory,
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `default=${peerUrl}`,
    'log-level': 'error',
    'quota-backend-bytes': String(4 * 1024 ** 3),
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const client = new Etcd3({ hosts: url })
  const running = await ServerProcess.start({ name: 'etcd', file, args, environment, directory }, () =>
    client.maintenance.status(),
  )
  const store = storeOn(client)
  return {
    title: `etcd ${version}`,
    durability: 'one member; every transaction is flushed to its log before it is answered',
    processes: [running.pid],
    openCounters: async () => countersIn(store),
    openAccounts: async (_, openingBalance) => accountsIn(store, openingBalance),
    openRecords: (records) => recordsIn(store, records),
    close: async () => {
      client.close()
      await running.stop()
    },
  }
}

function storeOn(client: Etcd3): VersionedStore {
  const put = (key: string, value: string): IRequestOp => ({
    request_put: { key: Buffer.from(key), value: Buffer.from(value) },
  })
  return {
    changes: 'together',
    turns: new Turns(IN_FLIGHT_MAX),
    read: async (keys) => {
      const success = keys.map((key): IRequestOp => ({ request_range: { key: Buffer.from(key) } }))
      return versionedIn(await client.kv.txn({ success }))
    },
    writeIfUnchanged: async (changes) => {
      const compare = changes.map(compared)
      const success = changes.map(({ key, value }) => put(key, value))
      return (await client.kv.txn({ compare, success })).succeeded
    },
    write: (entries) => client.kv.txn({ success: entries.map(([key, value]) => put(key, value)) }),
  }
}

// An entry that is not there has revision 0.
function compared({ key, version }: Change): NonNullable<Parameters<Etcd3['kv']['txn']>[0]['compare']>[number] {
  return { key: Buffer.from(key), target: 'Mod', result: 'Equal', mod_revision: version }
}

function versionedIn({ responses }: ITxnResponse): readonly Versioned[] {
  return responses.map(({ response_range: { kvs } }) => {
    const [entry] = kvs as readonly (IKeyValue | undefined)[]
    return { value: entry?.value.toString(), version: Number(entry?.mod_revision ?? 0) }
  })
}
