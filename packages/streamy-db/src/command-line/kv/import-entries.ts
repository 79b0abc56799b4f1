// `streamy kv import`: sets an entry for each line of JSON. Lines go in transactions, several on their way at a time, so an
// import that is broken off has set some of its lines: run it again, since setting an entry twice is setting it once.

import { setTimeout as delay } from 'node:timers/promises'
import { jsonOfLine, lineBatches, notImported, type LineBatch } from '../line-batches.ts'
import { Progress } from '../progress.ts'
import { Refused, type ServerAccess } from '../server-access.ts'
import { spacePath } from './entry-path.ts'
import type { KvAction } from './kv-command.ts'

const LINES_MAX = 500
const ON_THEIR_WAY_MAX = 4
const TRIES_MAX = 8
const BUSY_DELAY_MS = 100
const BUSY = 503

/** Sets entries. */
export const importEntries: KvAction = async (access, space, { positionals }) => {
  const [file = '-'] = positionals
  const progress = new Progress('entries imported')
  const path = `${spacePath(space)}/transactions`
  const underway = new Set<Promise<void>>()
  try {
    for await (const batch of lineBatches(file, LINES_MAX, updateOf)) {
      const sending = send(access, path, batch)
        .then(() => progress.add(batch.items.length))
        .finally(() => underway.delete(sending))
      underway.add(sending)
      // Whoever fails is heard of here, or below.
      sending.catch(() => {})
      if (underway.size >= ON_THEIR_WAY_MAX) await Promise.race(underway)
    }
    await Promise.all(underway)
  } finally {
    await Promise.allSettled(underway)
    progress.end()
  }
  return 0
}

// Undefined for an entry whose time is over.
function updateOf(text: string, line: number): string | undefined {
  const entry = jsonOfLine(text, line)
  if (typeof entry !== 'object' || entry === null || !('key' in entry) || !('value' in entry))
    throw new Error(`Line ${line} is no entry. Write {"key": ["users", 42], "value": …}.`)
  const { key, value, expiresAt } = entry as {
    readonly key: unknown
    readonly value: unknown
    readonly expiresAt?: unknown
  }
  if (expiresAt === undefined) return JSON.stringify({ set: key, value })
  const expireIn = Number(expiresAt) - Date.now()
  if (Number.isNaN(expireIn)) throw new Error(`Line ${line} has an expiresAt that is no number of milliseconds.`)
  return expireIn <= 0 ? undefined : JSON.stringify({ set: key, value, expireIn: Math.ceil(expireIn) })
}

async function send(access: ServerAccess, path: string, batch: LineBatch): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const body = `{"updates":[${batch.items.join(',')}]}`
  for (let tries = 1; ; tries++) {
    try {
      await (await access.send(path, { method: 'POST', headers, body })).arrayBuffer()
      return
    } catch (error) {
      const isBusy = error instanceof Refused && error.status === BUSY
      if (isBusy && tries < TRIES_MAX) {
        await delay(tries * BUSY_DELAY_MS)
        continue
      }
      throw notImported(batch, error)
    }
  }
}
