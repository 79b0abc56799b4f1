// Entries whose bytes follow from their sequence, so that a test can tell whether the right ones came back.

import type { Log, LogEntry } from '@streamy-db/core'

/** The bytes of entry `sequence`, of a size that follows from it too. */
export function payloadOf(sequence: number, sizeMax = 700): Uint8Array {
  const bytes = new Uint8Array((sequence * 131) % sizeMax)
  for (let index = 0; index < bytes.length; index++) bytes[index] = byteOf(sequence, index)
  return bytes
}

/** Whether `entry` holds what {@link payloadOf} gave for its sequence. */
export function isPayload(entry: LogEntry, sizeMax = 700): boolean {
  return Buffer.from(entry.bytes).equals(payloadOf(entry.sequence, sizeMax))
}

/** All entries of a log from `from` up to its present tail. */
export async function readAll(log: Log, from?: number): Promise<readonly LogEntry[]> {
  const entries: LogEntry[] = []
  const first = from ?? (await log.first())
  const tail = await log.tail()
  if (first > tail) return entries
  for await (const chunk of log.read(first)) {
    entries.push(...chunk)
    if ((entries.at(-1)?.sequence ?? 0) >= tail) return entries
  }
  return entries
}

/** Mixed well, so that no entry's bytes turn up within another's. */
function byteOf(sequence: number, index: number): number {
  const mixed = Math.imul(sequence, 0x9e37_79b1) ^ index
  return Math.imul(mixed ^ (mixed >>> 15), 0x85eb_ca6b) >>> 24
}
