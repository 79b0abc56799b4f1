// What differs between two states of a partition, in words, for the report of a mismatch.

import { actorRef, type PartitionId, type Program } from '@streamy-db/core'
import {
  decodeActorRecord,
  decodeOutboxRecord,
  decodeRequestRecord,
  decodeSession,
  keyPrefixes,
  partitionPrefix,
} from '@streamy-db/core/testing'
import { inOneLine } from './in-one-line.ts'

/** One line for each entry that is not the same on both sides. */
export function differingEntries(
  engine: ReadonlyMap<string, Uint8Array>,
  reference: ReadonlyMap<string, Uint8Array>,
  partition: PartitionId,
  program: Program,
): string[] {
  const prefixes = keyPrefixes.hashed.map((kind) => partitionPrefix(kind, partition))
  const keys = new Set([...engine.keys(), ...reference.keys()])
  const own = [...keys].filter((key) => prefixes.some((prefix) => key.startsWith(prefix))).toSorted()
  const differing = own.filter((key) => hex(engine.get(key)) !== hex(reference.get(key)))
  return differing.map((key) => {
    const [held, expected] = [engine.get(key), reference.get(key)].map((value) => describe(key, value, program))
    return `  ${key}\n    engine:    ${held}\n    reference: ${expected}`
  })
}

function describe(key: string, bytes: Uint8Array | undefined, program: Program): string {
  if (bytes === undefined) return 'nothing'
  switch (key[0]) {
    case keyPrefixes.session:
      return inOneLine(decodeSession(bytes))
    case keyPrefixes.request:
      return inOneLine(decodeRequestRecord(bytes))
    case keyPrefixes.outbox:
      return inOneLine(decodeOutboxRecord(bytes))
    default: {
      const [, type = '', ...rest] = key.split('/')
      return inOneLine(decodeActorRecord(program, actorRef(type, rest.join('/')), bytes))
    }
  }
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex')
}
