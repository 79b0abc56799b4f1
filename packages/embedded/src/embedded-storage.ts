// The embedded storage: a directory that holds a log and a state store, for one process at a time. It puts the parts of
// this package together and does nothing else.
//
//   streamy.json          which format the directory has
//   lock.N                who has it open, see directory-lock.ts
//   log/*.segment         the log
//   state.mdb             the state (and state.mdb-lock, which LMDB keeps for itself)

import fs from 'node:fs/promises'
import { join } from 'node:path'
import { StreamyError, type Log, type StateStore } from '@streamy-db/core'
import { DirectoryLock } from './directory-lock.ts'
import { nodeFileSystem } from './file-system.ts'
import { LmdbStateStore, type LmdbStateStoreOptions } from './lmdb-state-store.ts'
import { SegmentedLog, type SegmentedLogOptions } from './segmented-log.ts'

/** Options of {@link openEmbeddedStorage}; every one has a default. */
export interface EmbeddedStorageOptions {
  readonly log?: SegmentedLogOptions
  readonly store?: LmdbStateStoreOptions
}

/** An open directory. */
export interface EmbeddedStorage {
  readonly log: Log
  readonly store: StateStore
  /** Closes both and unlocks the directory; may be called again. */
  close(): Promise<void>
}

/** Version of the layout above. */
const directoryFormat = 1
const formatFile = 'streamy.json'

/**
 * Opens the database directory, making it when it is not there.
 *
 * Rejects with DATABASE_LOCKED when it is open already, FORMAT_UNKNOWN when a newer version wrote it, LOG_CORRUPT or
 * STATE_CORRUPT when it is damaged, STORAGE_FAILED when the disk or the permissions do not allow it.
 */
export async function openEmbeddedStorage(
  directory: string,
  options: EmbeddedStorageOptions = {},
): Promise<EmbeddedStorage> {
  await makeDirectory(directory)
  const lock = await DirectoryLock.acquire(directory)
  const opened: { close(): Promise<void> }[] = [{ close: () => lock.release() }]
  try {
    await checkFormat(directory)
    const log = await SegmentedLog.open(join(directory, 'log'), options.log)
    opened.push(log)
    const store = await LmdbStateStore.open(join(directory, 'state.mdb'), options.store)
    opened.push(store)
    await nodeFileSystem.syncDirectory(directory)
    let closing: Promise<void> | undefined
    return { log, store, close: () => (closing ??= closeAll(opened)) }
  } catch (error) {
    await closeAll(opened)
    throw error
  }
}

/** Closes in the reverse order of opening, all of them whatever fails; then rejects with the first failure. */
async function closeAll(opened: readonly { close(): Promise<void> }[]): Promise<void> {
  const failures: unknown[] = []
  for (const each of opened.toReversed()) await each.close().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await fs.mkdir(directory, { recursive: true })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StreamyError(
      'STORAGE_FAILED',
      `Making ${directory} failed: ${reason}. Give a directory that can be written.`,
      { cause: error },
    )
  }
}

async function checkFormat(directory: string): Promise<void> {
  const path = join(directory, formatFile)
  const text = await fs.readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return writeFormat(directory, path)
  const format = parseFormat(text)
  if (format === directoryFormat) return
  const found = format === undefined ? 'does not say which format the directory has' : `says format ${format}`
  throw new StreamyError(
    'FORMAT_UNKNOWN',
    `${path} ${found}, and this version reads ${directoryFormat}. Use the version that wrote it, or restore the file from a backup.`,
  )
}

/** Whole or not at all: a process killed half way leaves a directory that can be opened. */
async function writeFormat(directory: string, path: string): Promise<void> {
  const unfinished = `${path}.unfinished`
  const file = await nodeFileSystem.create(unfinished)
  try {
    await file.write([Buffer.from(`${JSON.stringify({ product: 'streamy', format: directoryFormat })}\n`)], 0)
  } finally {
    await file.close()
  }
  await fs.rename(unfinished, path)
  await nodeFileSystem.syncDirectory(directory)
}

function parseFormat(text: string): number | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null || !('format' in parsed)) return undefined
    return typeof parsed.format === 'number' ? parsed.format : undefined
  } catch {
    return undefined
  }
}
