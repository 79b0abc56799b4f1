// Framing: what every message of the cluster's protocol opens with, a version and a kind, and the checks that all of
// them share. Whatever does not parse throws MalformedBytes; `intake.ts` drops it.

import { ByteReader, ByteWriter, MalformedBytes } from '@streamy-db/core'
import { isSession } from './addresses.ts'

/** The version of all messages; those of another are dropped, and whoever sent them asks until its deadline. */
export const protocolVersion = 1

/** A writer that holds the head of a message. */
export function openMessage(kind: number): ByteWriter {
  const out = new ByteWriter()
  out.u8(protocolVersion)
  out.u8(kind)
  return out
}

/** A reader behind the head of a message, and the kind among `kinds`. */
export function readHead<Kind extends string>(
  bytes: Uint8Array,
  kinds: readonly Kind[],
): { readonly reader: ByteReader; readonly kind: Kind } {
  const reader = new ByteReader(bytes, 0, bytes.length, true)
  check(reader.u8() === protocolVersion, 'a message of another version')
  const kind = kinds[reader.u8()]
  if (kind === undefined) throw new MalformedBytes('a message of an unknown kind')
  return { reader, kind }
}

/** A session's name that can be part of an address. */
export function readSession(reader: ByteReader): string {
  const session = reader.string()
  check(isSession(session), 'a session that cannot be answered')
  return session
}

/** Throws MalformedBytes unless `condition` holds. */
export function check(condition: boolean, what: string): void {
  if (!condition) throw new MalformedBytes(what)
}
