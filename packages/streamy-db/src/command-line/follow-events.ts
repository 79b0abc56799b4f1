// Prints the events of a server, one a line, until the process is told to stop. When the connection is lost it comes back
// with the id that it saw last, and misses nothing.

import { setTimeout as delay } from 'node:timers/promises'
import { eventsIn } from './event-stream.ts'
import { Refused, type ServerAccess } from './server-access.ts'
import { writeOut } from './write-out.ts'

const COME_BACK_MS = 1000

/** What is followed. */
export interface Followed {
  readonly access: ServerAccess
  readonly path: string
  /** The id behind which it begins; undefined for where the server begins by itself. */
  readonly from: string | undefined
}

/** Follows until SIGINT or SIGTERM. Rejects with {@link Refused} for what will not become otherwise. */
export async function followEvents({ access, path, from }: Followed): Promise<void> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const watching: Watching = { access, path, last: from }
  while (!stopping.signal.aborted) {
    await follow(watching, stopping.signal)
    await delay(COME_BACK_MS, undefined, { signal: stopping.signal }).catch(() => {})
  }
}

interface Watching {
  readonly access: ServerAccess
  readonly path: string
  /** The id that was seen last. */
  last: string | undefined
}

async function follow(watching: Watching, signal: AbortSignal): Promise<void> {
  const { access, path, last } = watching
  try {
    const headers: Record<string, string> = last === undefined ? {} : { 'last-event-id': last }
    const { body } = await access.send(path, { headers, signal })
    if (body === null) return
    for await (const { id, event, data } of eventsIn(body)) {
      if (data !== undefined && event === 'problem') throw problemIn(data)
      if (data !== undefined) await writeOut(`${data}\n`)
      watching.last = id ?? watching.last
    }
  } catch (error) {
    if (signal.aborted) return
    // What the server says will not become otherwise; a connection that is lost will.
    if (error instanceof Refused && error.status < 500) throw error
    process.stderr.write(`streamy: ${error instanceof Error ? error.message : String(error)} Trying again.\n`)
  }
}

function problemIn(data: string): Refused {
  // What every problem of the server has.
  const { status, detail, code } = JSON.parse(data) as { status: number; detail: string; code: string }
  return new Refused(status === 501 ? 400 : status, `${detail} (${code})`)
}
