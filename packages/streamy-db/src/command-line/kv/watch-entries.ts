// `streamy kv watch`: prints batches, one a line, until it is told to stop. When the connection is lost it comes back with the
// version that it saw last, and misses nothing.

import { setTimeout as delay } from 'node:timers/promises'
import { text, UsageError } from '../command.ts'
import { Refused, type ServerAccess } from '../server-access.ts'
import { writeOut } from '../write-out.ts'
import { eventsIn } from './event-stream.ts'
import type { KvAction } from './kv-command.ts'
import { parametersOf, spacePath } from './entry-path.ts'

const COME_BACK_MS = 1000

/** Prints what changes. */
export const watchEntries: KvAction = async (access, space, { values, positionals }) => {
  const parameters = parametersOf(values, ['prefix', 'start', 'end'])
  for (const key of positionals) parameters.append('key', key)
  if (positionals.length > 0 && [...parameters.keys()].some((name) => name !== 'key'))
    throw new UsageError('Watch keys, or a range of --prefix, --start and --end.')
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const watching: Watching = {
    access,
    path: `${spacePath(space)}/watch?${parameters.toString()}`,
    last: text(values, 'from'),
  }
  while (!stopping.signal.aborted) {
    await follow(watching, stopping.signal)
    await delay(COME_BACK_MS, undefined, { signal: stopping.signal }).catch(() => {})
  }
  return 0
}

interface Watching {
  readonly access: ServerAccess
  readonly path: string
  /** The version that was seen last. */
  last: string | undefined
}

async function follow(watching: Watching, signal: AbortSignal): Promise<void> {
  const { access, path, last } = watching
  try {
    const headers: Record<string, string> = last === undefined ? {} : { 'last-event-id': last }
    const { body } = await access.send(path, { headers, signal })
    if (body === null) return
    for await (const { id, event, data } of eventsIn(body)) {
      if (event === 'problem') throw problemIn(data)
      await writeOut(`${data}\n`)
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
