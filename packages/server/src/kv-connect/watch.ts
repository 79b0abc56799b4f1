// Watches of KV Connect: the first message tells all keys, each later one those that a transaction has changed. A message is
// its length in four bytes, little-endian, and the message; a length of nothing keeps the stream alive.

import { create, toBinary } from '@bufbuild/protobuf'
import { decodeTuple, encodeTuple, type Kv, type KvKey, type KvResult } from '@streamy-db/kv'
import { HttpProblem } from '../http/http-problem.ts'
import { isBehindHistory } from '../kv/watch-routes.ts'
import { kvConnectLimits } from '../limits.ts'
import {
  SnapshotReadStatus,
  type Watch,
  WatchKeyOutputSchema,
  type WatchKeyOutput,
  WatchOutputSchema,
} from './datapath.ts'
import { messageOf } from './snapshot-read.ts'

/** What keeps a stream alive. */
export const keepAlive: Uint8Array = new Uint8Array(4)

/** The keys of a watch. Throws BODY_INVALID and KEY_INVALID. */
export function watchedKeys({ keys }: Watch): readonly KvKey[] {
  const { watchedKeysMax } = kvConnectLimits
  if (keys.length > 0 && keys.length <= watchedKeysMax) return keys.map(({ key }) => decodeTuple(key))
  throw new HttpProblem('BODY_INVALID', `A watch has ${keys.length} keys. Give 1 to ${watchedKeysMax}.`)
}

/** The messages of a watch. */
export async function* watchMessages(kv: Kv, keys: readonly KvKey[], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const names = keys.map(nameOf)
  for (;;) {
    try {
      for await (const { entries } of kv.watch(keys, { signal })) {
        const changed = new Map(entries.map((entry) => [nameOf(entry.key), entry]))
        yield framed(names.map((name) => outputOf(changed.get(name))))
      }
      return
    } catch (error) {
      // A client that was too slow for the history is told everything again.
      if (!isBehindHistory(error)) throw error
    }
  }
}

function nameOf(key: KvKey): string {
  return Buffer.from(encodeTuple(key)).toString('latin1')
}

function outputOf(entry: KvResult | undefined): WatchKeyOutput {
  if (entry === undefined) return create(WatchKeyOutputSchema, { changed: false })
  const { key, value, version } = entry
  if (version === undefined) return create(WatchKeyOutputSchema, { changed: true })
  const entryIfChanged = messageOf({ key: encodeTuple(key), value, version })
  return create(WatchKeyOutputSchema, { changed: true, entryIfChanged })
}

function framed(keys: WatchKeyOutput[]): Uint8Array {
  const output = create(WatchOutputSchema, { status: SnapshotReadStatus.SR_SUCCESS, keys })
  const message = toBinary(WatchOutputSchema, output)
  const frame = Buffer.alloc(4 + message.length)
  frame.writeUInt32LE(message.length)
  frame.set(message, 4)
  return frame
}
