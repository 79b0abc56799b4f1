// The file system port of the log: the few calls it makes, so that tests can have each of them fail. The real one
// writes through: a write resolves when its bytes are on stable storage, not when the kernel has them.

import fs from 'node:fs'
import { promisify } from 'node:util'

/** One open file. */
export interface DurableFile {
  /** Writes all of `buffers` from `position` on; resolves when they and the file's size would survive a power cut. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>
  /** Reads up to `target.length` bytes; gives how many there were. */
  read(target: Uint8Array, position: number): Promise<number>
  size(): Promise<number>
  close(): Promise<void>
}

/** What the log needs of a file system. */
export interface FileSystem {
  makeDirectory(path: string): Promise<void>
  /** Names in a directory. */
  list(directory: string): Promise<readonly string[]>
  /** Makes the creations, renames and removals in `directory` survive a power cut. */
  syncDirectory(directory: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  create(path: string): Promise<DurableFile>
  openForWriting(path: string): Promise<DurableFile>
  openForReading(path: string): Promise<DurableFile>
}

/** The file system of this machine. */
export const nodeFileSystem: FileSystem = {
  makeDirectory: async (path) => void (await fs.promises.mkdir(path, { recursive: true })),
  list: (directory) => fs.promises.readdir(directory),
  rename: (from, to) => fs.promises.rename(from, to),
  remove: (path) => fs.promises.rm(path, { force: true }),
  create: (path) => openFile(path, fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC | writeThrough),
  openForWriting: (path) => openFile(path, fs.constants.O_RDWR | writeThrough),
  openForReading: (path) => openFile(path, fs.constants.O_RDONLY),

  async syncDirectory(directory) {
    // Windows has no such call and needs none: its file systems journal names in order.
    if (process.platform === 'win32') return
    const fd = await open(directory, fs.constants.O_RDONLY)
    try {
      await fsync(fd)
    } finally {
      await close(fd)
    }
  },
}

/** O_DSYNC makes each write its own flush: one call where write and fdatasync are two. Linux means it; others may not. */
const writeThrough = process.platform === 'linux' ? fs.constants.O_DSYNC : 0

const open = promisify(fs.open)
const close = promisify(fs.close)
const fsync = promisify(fs.fsync)
const fdatasync = promisify(fs.fdatasync)
const fstat = promisify(fs.fstat)
const readAt = promisify(fs.read)
const writevAt = promisify(fs.writev)

async function openFile(path: string, flags: number): Promise<DurableFile> {
  const fd = await open(path, flags)
  return new NodeFile(fd, isWrittenThrough(fd))
}

/** Whether the kernel really flushes every write to `fd`: asked of the kernel, because a wrong guess loses data. */
function isWrittenThrough(fd: number): boolean {
  if (writeThrough === 0) return false
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & writeThrough) === writeThrough
  } catch {
    // Without /proc nobody can tell, and then the flush is asked for.
    return false
  }
}

class NodeFile implements DurableFile {
  readonly #fd: number
  readonly #writesThrough: boolean

  constructor(fd: number, writesThrough: boolean) {
    this.#fd = fd
    this.#writesThrough = writesThrough
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    await writeAll(this.#fd, buffers, position)
    if (!this.#writesThrough) await fdatasync(this.#fd)
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let filled = 0
    while (filled < target.length) {
      const { bytesRead } = await readAt(this.#fd, target, filled, target.length - filled, position + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return filled
  }

  async size(): Promise<number> {
    return (await fstat(this.#fd)).size
  }

  close(): Promise<void> {
    return close(this.#fd)
  }
}

async function writeAll(fd: number, buffers: readonly Uint8Array[], position: number): Promise<void> {
  let [rest, offset] = [buffers, position]
  while (rest.length > 0) {
    const { bytesWritten } = await writevAt(fd, rest, offset)
    // A short write is no error yet; a full disk says so when it is asked for the rest.
    if (bytesWritten === 0) throw new Error('The file system wrote nothing and gave no reason')
    rest = withoutFirst(rest, bytesWritten)
    offset += bytesWritten
  }
}

function withoutFirst(buffers: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let skip = count
  for (const [index, buffer] of buffers.entries()) {
    if (skip < buffer.length) return [buffer.subarray(skip), ...buffers.slice(index + 1)]
    skip -= buffer.length
  }
  return []
}
