// Notices: a worker that became the owner of partitions says so. Clients then ask it at once for what they wait for,
// instead of when their patience ends.

import type { PartitionId } from '@streamy-db/core'
import { check, openMessage, readHead } from './framing.ts'
import { protocolLimits } from './protocol-limits.ts'

/** Partitions that have a new owner. */
export interface Notice {
  readonly partitions: readonly PartitionId[]
}

const kinds = ['notice'] as const

/** Bytes of a notice. */
export function encodeNotice({ partitions }: Notice): Uint8Array {
  const out = openMessage(0)
  out.varint(partitions.length)
  for (const partition of partitions) out.varint(partition)
  return out.take()
}

/** Reads a notice; throws MalformedBytes when the bytes are not one. */
export function decodeNotice(bytes: Uint8Array): Notice {
  const { reader } = readHead(bytes, kinds)
  const partitions = reader.list(() => reader.varint())
  check(partitions.length <= protocolLimits.partitionsMax, 'a notice of too many partitions')
  reader.finish()
  return { partitions }
}
