// The checkpoint store in a directory: one file per object, written under another name and renamed when it is durable, so
// whatever bears the name of an object is whole. Its bytes lie in checksummed blocks, verified before they are handed out.
//
//   offset 0  magic and version, 8 bytes
//   blocks    u32 crc32 of everything behind it in the block, u32 number from 0, u32 bytes, then the bytes
//   end       a block without bytes; the file ends behind it
//
// One opener at a time: whoever opens it holds the lock of the directory it lies in (`directory-lock.ts`).

import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import {
  StreamyError,
  assertCheckpointName,
  checkpointCorrupt,
  checkpointMissing,
  checkpointStoreClosed,
  inBlocks,
  type CheckpointStore,
} from '@streamy-db/core'
import { embeddedLimits } from './embedded-limits.ts'
import { nodeFileSystem, type DurableFile, type FileSystem } from './file-system.ts'

/** Settings of a {@link DirectoryCheckpointStore}; each has a default. */
export interface DirectoryCheckpointStoreOptions {
  readonly fileSystem?: FileSystem
  readonly blockBytes?: number
}

const magic = new TextEncoder().encode('STRMYCP1')
const BLOCK_HEADER_BYTES = 12
const suffix = '.checkpoint'
const unfinished = '.unfinished'

/** A durable {@link CheckpointStore} in a directory of its own. */
export class DirectoryCheckpointStore implements CheckpointStore {
  readonly #directory: string
  readonly #fileSystem: FileSystem
  readonly #blockBytes: number
  #puts = 0
  #closed = false

  /** Opens the store in `directory`, making it when it is not there, and removes what a crash left unfinished. */
  static async open(
    directory: string,
    options: DirectoryCheckpointStoreOptions = {},
  ): Promise<DirectoryCheckpointStore> {
    const store = new DirectoryCheckpointStore(directory, options)
    await store.#performing('open the directory', () => store.#prepare())
    return store
  }

  private constructor(directory: string, options: DirectoryCheckpointStoreOptions) {
    this.#directory = directory
    this.#fileSystem = options.fileSystem ?? nodeFileSystem
    this.#blockBytes = options.blockBytes ?? embeddedLimits.checkpointBlockBytes
  }

  async put(name: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    this.#assertOpen()
    assertCheckpointName(name)
    const temporary = join(this.#directory, `${this.#puts++}${unfinished}`)
    try {
      const file = await this.#performing('create a file', () => this.#fileSystem.create(temporary))
      try {
        await this.#write(file, chunks)
      } finally {
        await file.close()
      }
      this.#assertOpen()
      await this.#performing('rename a file', () => this.#fileSystem.rename(temporary, this.#pathOf(name)))
    } catch (error) {
      // It may not be there; what cannot be removed now is removed when the store is opened again.
      await this.#fileSystem.remove(temporary).catch(() => {})
      throw error
    }
    await this.#syncDirectory()
  }

  async *get(name: string): AsyncIterable<Uint8Array> {
    this.#assertOpen()
    const file = await this.#openForReading(name)
    try {
      const reader = new BlockReader(file, name, this.#blockBytes)
      await this.#performing('read a file', () => reader.begin())
      for (;;) {
        const block = await this.#performing('read a file', () => reader.next())
        if (block === undefined) return
        yield block
      }
    } finally {
      await file.close()
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    this.#assertOpen()
    const files = await this.#performing('list the directory', () => this.#fileSystem.list(this.#directory))
    const names = files.filter((file) => file.endsWith(suffix)).map(nameOf)
    return names.filter((name) => name.startsWith(prefix)).sort()
  }

  async delete(name: string): Promise<void> {
    this.#assertOpen()
    assertCheckpointName(name)
    await this.#performing('remove a file', () => this.#fileSystem.remove(this.#pathOf(name)))
    await this.#syncDirectory()
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async #prepare(): Promise<void> {
    await this.#fileSystem.makeDirectory(this.#directory)
    for (const file of await this.#fileSystem.list(this.#directory))
      if (file.endsWith(unfinished)) await this.#fileSystem.remove(join(this.#directory, file))
  }

  // Every write is durable when it resolves, so the file is when its end is.
  async #write(file: DurableFile, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const write = async (buffers: readonly Uint8Array[], at: number): Promise<void> =>
      await this.#performing('write a file', () => file.write(buffers, at))
    await write([magic], 0)
    let at = magic.length
    let number = 0
    for await (const block of inBlocks(chunks, this.#blockBytes)) {
      await write([blockHeader(number++, block), block], at)
      at += BLOCK_HEADER_BYTES + block.length
    }
    await write([blockHeader(number, new Uint8Array(0))], at)
  }

  async #openForReading(name: string): Promise<DurableFile> {
    assertCheckpointName(name)
    try {
      return await this.#fileSystem.openForReading(this.#pathOf(name))
    } catch (error) {
      if (isMissing(error)) throw checkpointMissing(name)
      throw storageFailed('open a file', this.#directory, error)
    }
  }

  async #syncDirectory(): Promise<void> {
    await this.#performing('flush the directory', () => this.#fileSystem.syncDirectory(this.#directory))
  }

  async #performing<Result>(what: string, operation: () => Promise<Result>): Promise<Result> {
    try {
      return await operation()
    } catch (error) {
      if (error instanceof StreamyError) throw error
      throw storageFailed(what, this.#directory, error)
    }
  }

  /** A slash is no part of a file's name, and a plus is no part of an object's. */
  #pathOf(name: string): string {
    return join(this.#directory, `${name.replaceAll('/', '+')}${suffix}`)
  }

  #assertOpen(): void {
    if (this.#closed) throw checkpointStoreClosed()
  }
}

/** Reads the blocks of one file, and refuses any that is not what was written. */
class BlockReader {
  readonly #file: DurableFile
  readonly #name: string
  readonly #blockBytesMax: number
  #at = magic.length
  #number = 0

  constructor(file: DurableFile, name: string, blockBytes: number) {
    this.#file = file
    this.#name = name
    this.#blockBytesMax = Math.max(blockBytes, embeddedLimits.checkpointBlockBytes)
  }

  async begin(): Promise<void> {
    const found = await this.#read(0, magic.length)
    if (Buffer.compare(found, magic) !== 0) throw checkpointCorrupt(this.#name, 'it does not begin as one')
  }

  /** The next block's bytes; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const header = await this.#read(this.#at, BLOCK_HEADER_BYTES)
    const [checksum, number, length] = [0, 4, 8].map((offset) => header.readUInt32LE(offset))
    if (length! > this.#blockBytesMax) throw this.#damaged()
    const bytes = await this.#read(this.#at + BLOCK_HEADER_BYTES, length!)
    if (crc32(bytes, crc32(header.subarray(4))) !== checksum || number !== this.#number) throw this.#damaged()
    this.#at += BLOCK_HEADER_BYTES + bytes.length
    this.#number += 1
    if (bytes.length > 0) return bytes
    if ((await this.#file.size()) !== this.#at) throw checkpointCorrupt(this.#name, 'it goes on behind its end')
    return undefined
  }

  async #read(position: number, length: number): Promise<Buffer> {
    const target = Buffer.allocUnsafe(length)
    const found = await this.#file.read(target, position)
    if (found < length) throw checkpointCorrupt(this.#name, `it ends at byte ${position + found}`)
    return target
  }

  #damaged(): StreamyError {
    return checkpointCorrupt(this.#name, `block ${this.#number} at byte ${this.#at} fails its checksum`)
  }
}

function blockHeader(number: number, bytes: Uint8Array): Uint8Array {
  const header = Buffer.alloc(BLOCK_HEADER_BYTES)
  header.writeUInt32LE(number, 4)
  header.writeUInt32LE(bytes.length, 8)
  header.writeUInt32LE(crc32(bytes, crc32(header.subarray(4))), 0)
  return header
}

function nameOf(file: string): string {
  return file.slice(0, -suffix.length).replaceAll('+', '/')
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function storageFailed(what: string, directory: string, cause: unknown): StreamyError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const full = cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT')
  return full
    ? new StreamyError('STORAGE_FULL', `The disk of ${directory} is full: ${reason}. Make room, then try again.`, {
        cause,
      })
    : new StreamyError(
        'STORAGE_FAILED',
        `Could not ${what} of the checkpoints in ${directory}: ${reason}. Check the disk and the permissions.`,
        { cause },
      )
}
