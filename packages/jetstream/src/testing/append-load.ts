// Appends under load, and what must hold of a log afterwards, whatever happened to the servers in between: nothing that
// was acknowledged is lost or moved, nothing landed twice, and a reader saw all of it without a gap.

import type { Log, LogEntry } from '@streamy-db/core'
import { expect } from 'vitest'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What a load appended, by sequence as acknowledged. */
export type Acknowledged = ReadonlyMap<number, string>

/** How much to append, and what to do on the way. */
export interface AppendLoad {
  readonly appends: number
  readonly inFlight: number
  /** Called once when as many as its key are acknowledged. */
  readonly at?: Readonly<Record<number, () => Promise<void>>>
}

/** Appends `appends` entries, some at once, each under its own id. */
export async function appendUnderLoad(log: Log, { appends, inFlight, at = {} }: AppendLoad): Promise<Acknowledged> {
  const acknowledged = new Map<number, string>()
  const events: Promise<void>[] = []
  let next = 0
  const appender = async (): Promise<void> => {
    while (next < appends) {
      const text = `entry ${next++}`
      const sequence = await log.append(encoder.encode(text), text)
      expect(acknowledged.has(sequence)).toBe(false)
      acknowledged.set(sequence, text)
      const event = at[acknowledged.size]
      if (event !== undefined) events.push(event())
    }
  }
  await Promise.all(Array.from({ length: inFlight }, appender))
  await Promise.all(events)
  return acknowledged
}

/** Reads from the beginning until `last` has been read. */
export async function readUntil(log: Log, last: () => number): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  for await (const chunk of log.read(1)) {
    entries.push(...chunk)
    if (entries.length >= last()) return entries
  }
  return entries
}

/** Holds the entries read against what was acknowledged. */
export function expectIntact(entries: readonly LogEntry[], acknowledged: Acknowledged): void {
  const texts = entries.map(({ bytes }) => decoder.decode(bytes))
  expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => index + 1))
  expect(new Set(texts).size).toBe(texts.length)
  expect(texts).toHaveLength(acknowledged.size)
  expect(new Map(entries.map(({ sequence }, index) => [sequence, texts[index]]))).toEqual(
    new Map(Array.from(acknowledged).toSorted(([left], [right]) => left - right)),
  )
  for (let index = 1; index < entries.length; index++)
    expect(entries[index]!.appendTime).toBeGreaterThanOrEqual(entries[index - 1]!.appendTime)
}
