// Server requests: what a process asks of the servers beside appends: where the log ends, to trim it, objects of
// checkpoints. All can be repeated, so a request or an answer that is lost is asked for again, for half a minute.

import { StreamyError } from '@streamy-db/core'
import { servers, type Links } from './link.ts'
import { never, type SimulatedProcess } from './simulated-process.ts'

const againAfterUs = 2_000_000
const giveUpAfterUs = 30_000_000

/** The servers as one process reaches them. */
export interface ServerAccess {
  readonly process: SimulatedProcess
  readonly links: Links
  /** False while they elect a leader. */
  readonly available: () => boolean
}

/** Has `serve` done by the servers, and answers what it came to. Rejects with SERVER_UNAVAILABLE. */
export function askServers<Result>(
  { process, links, available }: ServerAccess,
  what: string,
  serve: () => Result | Promise<Result>,
): Promise<Result> {
  if (process.isDead) return never
  const { schedule } = process.ground
  const giveUpAt = schedule.now + giveUpAfterUs
  return new Promise((resolve, reject) => {
    let settled = false
    const settle = (how: () => void): void => {
      if (settled) return
      settled = true
      how()
    }
    const answer = (how: () => void): void => {
      for (const delay of links.arrivals(servers, process.name)) process.after(delay, () => settle(how))
    }
    const serveNow = (): void => {
      if (!available()) return
      Promise.resolve()
        .then(serve)
        .then(
          (result) => answer(() => resolve(result)),
          (error: Error) => answer(() => reject(error)),
        )
    }
    const ask = (): void => {
      if (settled) return
      if (schedule.now > giveUpAt) return settle(() => reject(unavailable(what)))
      // The last of several is enough: all of them do the same.
      const [delay] = links.arrivals(process.name, servers)
      if (delay !== undefined) schedule.after(delay, serveNow)
      process.after(againAfterUs, ask)
    }
    ask()
  })
}

/** The error for servers that do not answer. */
export function unavailable(what: string): StreamyError {
  return new StreamyError('SERVER_UNAVAILABLE', `The servers did not answer ${what}. Try again.`)
}
