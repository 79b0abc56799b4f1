// The LMDB state store: the state store contract on one LMDB file. Each `advance` is one LMDB transaction, flushed before
// its promise resolves. Every value carries a checksum over its key and its bytes, kept where LMDB's binding keeps the
// version of an entry, so that neither writing nor checking copies the value.
//
// LMDB does not checksum its pages. Every value is checked when it is read; the tree around the values is checked when
// the store is opened, see `state-verification.ts`.

import { rm, stat, writeFile } from 'node:fs/promises'
import * as lmdb from 'lmdb'
import { ByteSlab, StreamyError, storeClosed, type StateChange, type StateStore } from '@streamy-db/core'
import { embeddedLimits } from './embedded-limits.ts'
import { Damage } from './lmdb-file.ts'
import { verifyStateFile } from './state-verification.ts'
import { PackedChanges } from './packed-changes.ts'
import { checksumOfState, isLongKey, originalEntry, printableKey, stateKeyEncoder, storedPrefix } from './state-key.ts'
import { TurnShare } from './turn-share.ts'

/** Options of {@link LmdbStateStore.open}. */
export interface LmdbStateStoreOptions {
  /** Whether the whole file is checked first; true by default. */
  readonly verify?: boolean
}

/** A {@link StateStore} on LMDB. */
export class LmdbStateStore implements StateStore {
  readonly #path: string
  readonly #database: Database
  readonly #slab = new ByteSlab()
  #advancing: Promise<void> | undefined
  #failure: StreamyError | undefined
  #closing: Promise<void> | undefined

  /**
   * Opens the store in the file `path`, making it when it is not there; rejects with STATE_CORRUPT when it is damaged.
   * `verify: false` skips the check of the whole file (see `state-verification.ts`), for a state too large for it.
   */
  static async open(path: string, { verify: verified = true }: LmdbStateStoreOptions = {}): Promise<LmdbStateStore> {
    if (verified) await verify(path)
    await assertRoom(path)
    const database = openDatabase(path)
    try {
      assertDurable(database, path)
    } catch (error) {
      await database.close()
      throw error
    }
    return new LmdbStateStore(path, database)
  }

  private constructor(path: string, database: Database) {
    this.#path = path
    this.#database = database
  }

  get(key: string): Uint8Array | undefined {
    if (this.#closing !== undefined) throw storeClosed()
    const shared = this.#read(key)
    if (shared === undefined) return undefined
    // The binding reads every value into the same memory.
    const stored = this.#slab.copy(shared, 0, this.#database.lastSize)
    if (checksumOfState(key, stored) !== lmdb.getLastVersion())
      throw corrupt(this.#path, key, 'its value fails its checksum')
    if (!isLongKey(key)) return stored
    const entry = originalEntry(storedKeyOf(key), stored)
    if (entry?.key !== key) throw corrupt(this.#path, key, 'another key stands in its place')
    return entry.value
  }

  *scan(prefix: string): Iterable<{ readonly key: string; readonly value: Uint8Array }> {
    if (this.#closing !== undefined) throw storeClosed()
    const start = storedPrefix(prefix)
    // A NUL comes before every key.
    for (const { key: storedKey, value, version } of this.#range(start.length === 0 ? Buffer.of(0) : start)) {
      if (!storedKey.subarray(0, start.length).equals(start)) return
      const entry = originalEntry(storedKey, value)
      if (entry === undefined || checksumOfState(entry.key, value) !== version) {
        throw corrupt(this.#path, entry?.key ?? storedKey.toString(), 'its value fails its checksum')
      }
      if (entry.key.startsWith(prefix)) yield entry
    }
  }

  async advance(changes: Iterable<StateChange>): Promise<void> {
    if (this.#closing !== undefined) throw storeClosed()
    if (this.#failure !== undefined) throw this.#failure
    this.#advancing = this.#apply(changes)
    await this.#advancing
  }

  close(): Promise<void> {
    this.#closing ??= (this.#advancing ?? Promise.resolve()).catch(() => {}).then(() => this.#database.close())
    return this.#closing
  }

  #read(key: string): Uint8Array | undefined {
    try {
      return this.#database.getBinaryFast(key)
    } catch (error) {
      throw corrupt(this.#path, key, messageOf(error), error)
    }
  }

  *#range(start: Buffer): Iterable<RangeEntry> {
    try {
      yield* this.#database.getRange({ start, versions: true })
    } catch (error) {
      if (error instanceof StreamyError) throw error
      throw corrupt(this.#path, start.toString(), messageOf(error), error)
    }
  }

  async #apply(changes: Iterable<StateChange>): Promise<void> {
    // Checked whole before the first is handed over: what LMDB is given cannot be taken back.
    const packed = new PackedChanges()
    const share = new TurnShare()
    for (const change of changes) {
      if (packed.count % changesPerLook === 0 && share.isOver) await share.giveWay()
      packed.add(change)
    }
    if (packed.count > 0) await this.#commit(packed)
  }

  async #commit(packed: PackedChanges): Promise<void> {
    try {
      await this.#database.batch(() => {
        for (const { key, stored, check } of packed.take()) {
          if (stored === undefined) void this.#database.remove(key)
          else void this.#database.put(key, stored, check)
        }
      })
    } catch (error) {
      // After a failed flush nobody knows what is on disk, so nothing is written any more until it is opened again.
      this.#failure = await storageFailed(this.#path, error)
      throw this.#failure
    }
  }
}

/** After how many changes encoded, checked and summed it is seen whether other work of the process is to have its turn. */
const changesPerLook = 256

interface RangeEntry {
  readonly key: Buffer
  readonly value: Uint8Array
  readonly version: number
}

/** The part of the binding used here; its own types know neither raw keys nor the last size. */
interface Database {
  readonly env: { readonly address: number }
  readonly lastSize: number
  getBinaryFast(key: string): Uint8Array | undefined
  getRange(options: { readonly start: Buffer; readonly versions: true }): Iterable<RangeEntry>
  put(key: Uint8Array, value: Uint8Array, version: number): unknown
  remove(key: Uint8Array): unknown
  batch(write: () => void): Promise<boolean>
  close(): Promise<void>
}

function openDatabase(path: string): Database {
  const options = {
    path,
    encoding: 'binary' as const,
    keyEncoder: stateKeyEncoder,
    // The version of an entry is its checksum here.
    useVersions: true,
    noSubdir: true,
    // Off: a commit flushes before it reports. On, which is the default, its promise would resolve before the flush.
    overlappingSync: false,
    // Off: with it the binding makes a promise of its own that nobody can look at, and a commit that fails ends the process.
    eventTurnBatching: false,
  }
  try {
    return lmdb.open(options) as unknown as Database
  } catch (error) {
    const reason = messageOf(error)
    if (/MDB_(INVALID|CORRUPTED|VERSION_MISMATCH|PAGE_NOTFOUND|PANIC)/.test(reason))
      throw corrupt(path, undefined, reason, error)
    throw openingFailed(path, error)
  }
}

/**
 * Asks LMDB which flags the environment has, whatever was asked for: with any of these four a commit would resolve
 * before its flush. Without them `mdb_txn_commit` writes the pages, flushes them, and then writes the page that makes
 * them the state through a descriptor opened with O_DSYNC; the binding resolves the promise after that.
 */
function assertDurable(database: Database, path: string): void {
  const { nativeAddon } = lmdb as unknown as { readonly nativeAddon: { getEnvFlags(address: number): number } }
  const flags = nativeAddon.getEnvFlags(database.env.address)
  const volatile = { overlappingSync: 0x1000, noSync: 0x1_0000, noMetaSync: 0x4_0000, mapAsync: 0x10_0000 }
  for (const [name, bit] of Object.entries(volatile)) {
    if ((flags & bit) === 0) continue
    throw new StreamyError(
      'STORAGE_FAILED',
      `${path} was opened with ${name}, which would lose acknowledged state. Close whoever opened it that way.`,
    )
  }
}

/**
 * Throws STORAGE_FAILED where no new file can be written: LMDB's binding ends the process when the first pages of a new
 * environment cannot be.
 */
async function assertRoom(path: string): Promise<void> {
  if ((await sizeOf(path)) > 0) return
  const probe = `${path}-probe`
  try {
    await writeFile(probe, Buffer.alloc(newFileBytes), { flush: true })
  } catch (error) {
    throw openingFailed(path, error)
  } finally {
    await rm(probe, { force: true })
  }
}

/** At least what a new environment begins with, its lock file included. */
const newFileBytes = 64 * 1024

/** Of a file; 0 when it is not there. */
async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    (stats) => stats.size,
    () => 0,
  )
}

/** Throws STATE_CORRUPT when the file is there and is not whole. */
async function verify(path: string): Promise<void> {
  if ((await sizeOf(path)) === 0) return
  try {
    await verifyStateFile(path)
  } catch (error) {
    if (error instanceof Damage) throw corrupt(path, undefined, `page ${error.page}: ${error.message}`, error)
    throw openingFailed(path, error)
  }
}

function openingFailed(path: string, cause: unknown): StreamyError {
  return new StreamyError(
    'STORAGE_FAILED',
    `Opening ${path} failed: ${messageOf(cause)}. Check the disk and the permissions.`,
    { cause },
  )
}

function storedKeyOf(key: string): Buffer {
  const target = Buffer.allocUnsafe(embeddedLimits.stateKeyBytesMax)
  return target.subarray(0, stateKeyEncoder.writeKey(key, target, 0))
}

function corrupt(path: string, key: string | undefined, reason: string, cause?: unknown): StreamyError {
  const where = key === undefined ? path : `${path}, key ${printableKey(key)}`
  return new StreamyError(
    'STATE_CORRUPT',
    `The state is damaged: ${where}: ${reason}. Restore the database directory from a backup.`,
    { cause },
  )
}

async function storageFailed(path: string, error: unknown): Promise<StreamyError> {
  // The binding's error says only that a commit failed; what failed is in a promise of its own.
  const reported = error instanceof Error && 'commitError' in error ? error.commitError : error
  const cause = await Promise.resolve(reported).catch((reason: unknown) => reason)
  return new StreamyError(
    'STORAGE_FAILED',
    `Writing the state in ${path} failed: ${messageOf(cause)}. Nothing of it was applied. Make room or repair the disk, then open the database again.`,
    { cause },
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
