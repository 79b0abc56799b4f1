// Durable Objects: Cloudflare's workerd as its developers run it, with miniflare. Each object has a SQLite database of its own, and
// an answer waits until what was written before it is flushed.

import { join } from 'node:path'
import type { System } from '../systems/system.ts'
import { JsonClient } from './json-client.ts'
import { nodeIn, npmPeers, versionIn } from './npm-peers.ts'
import { accountsAs, countersAs, recordsAs, type CallObject } from './object-ports.ts'
import { ServerProcess, freePort } from './server-process.ts'

/** Starts workerd; its files are in `directory`. */
export async function startDurableObjects(directory: string): Promise<System> {
  const folder = await npmPeers()
  const client = new JsonClient()
  const port = await freePort()
  const call: CallObject = (body) => client.post(`http://127.0.0.1:${port}/`, body)
  const args = [join(folder, 'durable-objects.mjs'), String(port), directory]
  const running = await ServerProcess.start({ name: 'workerd', file: nodeIn(folder), args, directory: folder }, () =>
    call({ type: 'Counter', handler: 'value', key: 'ready' }),
  )
  return {
    title: `Durable Objects, workerd ${versionIn(folder, 'workerd')}`,
    durability: 'SQLite for each object, synchronous FULL; an answer waits for the flush of what was written',
    processes: [running.pid],
    openCounters: async () => countersAs(call),
    openAccounts: async (_, openingBalance) => accountsAs(call, openingBalance),
    openRecords: async (records) => recordsAs(call, records),
    close: async () => {
      client.close()
      await running.stop()
    },
  }
}
