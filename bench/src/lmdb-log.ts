// The floor's log on LMDB, by lmdb-js. Its defaults do not fit: with `overlappingSync`, which is on unless it is turned
// off, the promise of a `put` resolves when the commit is visible and before it is flushed. Turned off, LMDB commits in
// full and the promise resolves afterwards: the changed pages are written, `fdatasync` flushes them, and the page that
// makes them the state is written through a descriptor opened with O_DSYNC. That was seen with strace, and the flags
// really in force are asserted at every opening. Waiting for the promise `flushed` with overlapping sync is as durable and
// measured no faster. `eventTurnBatching` is off so that a write starts at once.

import * as lmdb from 'lmdb'
import type { BareLog } from './floor.ts'

/** A log of entries under ascending numbers. */
export class LmdbLog implements BareLog {
  readonly #database: lmdb.RootDatabase<Uint8Array, number>
  #last = 0

  constructor(path: string) {
    this.#database = lmdb.open<Uint8Array, number>({
      path,
      noSubdir: true,
      encoding: 'binary',
      keyEncoding: 'uint32',
      overlappingSync: false,
      eventTurnBatching: false,
    })
    assertDurable(this.#database)
  }

  append(entry: Uint8Array): Promise<unknown> {
    return this.#database.put(++this.#last, entry)
  }

  async *entries(): AsyncIterable<Uint8Array> {
    for (const { value } of this.#database.getRange({})) yield value
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}

/** Flags with any of which a commit would be reported before its flush. */
const volatileFlags = { overlappingSync: 0x1000, noSync: 0x1_0000, noMetaSync: 0x4_0000, mapAsync: 0x10_0000 }

function assertDurable(database: lmdb.RootDatabase<Uint8Array, number>): void {
  // Neither is in the package's types.
  const { nativeAddon } = lmdb as unknown as { readonly nativeAddon: { getEnvFlags(address: number): number } }
  const { env } = database as unknown as { readonly env: { readonly address: number } }
  const flags = nativeAddon.getEnvFlags(env.address)
  for (const [name, bit] of Object.entries(volatileFlags))
    if ((flags & bit) !== 0) throw new Error(`LMDB runs with ${name}: the floor would not be durable.`)
}
