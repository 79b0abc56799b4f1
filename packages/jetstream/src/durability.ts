// What an acknowledged write survives, from what is known of the servers: a pure function, and the line that says it to an
// operator. Finding out is for `durability-probe.ts`.
//
// JetStream acknowledges what a majority of the copies has written, which is not what they have flushed to their disks,
// unless they are told `sync_interval: always`. So a killed process loses nothing, and a power failure what was written
// since the last flush.

import { StreamyError } from '@streamy-db/core'

/** How often a server flushes: at every write, or every so many milliseconds. */
export type SyncInterval = 'always' | number

/** One copy of the log. */
export interface LogCopy {
  readonly server: string
  readonly online: boolean
  /** Undefined when nobody said and nobody could be asked. */
  readonly syncInterval: SyncInterval | undefined
}

/** What an acknowledged write survives. */
export interface Durability {
  /** Servers that may be lost for good, disk and all, beginning from now. */
  readonly serverLossesMax: number
  /** Writes of how many milliseconds a power failure of all servers may lose; undefined when that is not known. */
  readonly powerLossMs: number | undefined
  /** The same for people. */
  readonly line: string
}

/** What a write survives that is acknowledged by these copies. */
export function durabilityOf(copies: readonly LogCopy[]): Durability {
  const servers = new Set(copies.map(({ server }) => server)).size
  const online = new Set(copies.filter((copy) => copy.online).map(({ server }) => server)).size
  const majority = Math.floor(servers / 2) + 1
  const serverLossesMax = Math.max(online - majority, 0)
  const powerLossMs = worstOf(copies.map(({ syncInterval }) => syncInterval))
  const unknown = copies.filter(({ syncInterval }) => syncInterval === undefined).map(({ server }) => server)
  const offline = copies.filter((copy) => !copy.online).map(({ server }) => server)
  const parts = [
    'An acknowledged write survives a killed process',
    serverLossesMax > 0 ? `the loss of ${serverLossesMax} of ${servers} servers` : 'no loss of a server',
    powerLossText(powerLossMs, unknown),
  ]
  const missing = offline.length === 0 ? '' : ` Offline now: ${offline.join(', ')}.`
  return { serverLossesMax, powerLossMs, line: `${parts.join('; ')}.${missing}` }
}

/** Throws DURABILITY_UNMET unless an acknowledged write survives a power failure of all servers. */
export function assertDurable({ powerLossMs, line }: Durability): void {
  if (powerLossMs === 0) return
  throw new StreamyError(
    'DURABILITY_UNMET',
    `Durable writes are asked for, and ${powerLossMs === undefined ? 'it is not known whether' : 'it is known that not'} every server flushes them. ${line} ` +
      'Set sync_interval: always in the jetstream block of every server, and say so with the option syncInterval or let it be read from monitoringUrls.',
  )
}

function worstOf(intervals: readonly (SyncInterval | undefined)[]): number | undefined {
  let worst = 0
  for (const interval of intervals) {
    if (interval === undefined) return undefined
    if (interval !== 'always') worst = Math.max(worst, interval)
  }
  return intervals.length === 0 ? undefined : worst
}

function powerLossText(powerLossMs: number | undefined, unknown: readonly string[]): string {
  if (powerLossMs === 0) return 'a power failure of all servers (sync_interval: always)'
  if (powerLossMs !== undefined)
    return `a power failure of all servers but for the last ${powerLossMs / 1000} s (sync_interval)`
  const where = unknown.length === 0 ? '' : ` of ${unknown.join(', ')}`
  return `what a power failure of all servers loses is unknown: up to two minutes of writes, unless sync_interval${where} is always`
}
