// A file system in memory that can lose power. A write under way at that moment leaves any of its sectors behind, in no
// order; a name that was not synced may be there or not. Tests drive it a step at a time, or let it run by itself.

import type { DurableFile, FileSystem } from '../file-system.ts'

const sectorBytes = 512

/** A number from 0 up to, not including, its argument. */
export type Draw = (below: number) => number

interface Content {
  bytes: Uint8Array
}

interface Operation {
  readonly complete: () => void
  /** What a power cut makes of it. */
  readonly tear: (draw: Draw) => void
}

interface NameChange {
  readonly path: string
  readonly content: Content | undefined
}

/** Called before each operation; what it returns is thrown. */
export type Fault = (operation: string, path: string) => Error | undefined

/** A {@link FileSystem} for tests. */
export class SimulatedFileSystem implements FileSystem {
  readonly #names: Map<string, Content>
  /** The names as of the last sync, and the changes since. */
  readonly #syncedNames: Map<string, Content>
  readonly #unsynced: NameChange[] = []
  readonly #operations: Operation[] = []
  /** Whether operations complete by themselves. */
  running = true
  fault: Fault = () => undefined

  constructor(files: Iterable<readonly [string, Uint8Array]> = []) {
    this.#names = new Map(Array.from(files, ([path, bytes]) => [path, { bytes: bytes.slice() }]))
    this.#syncedNames = new Map(this.#names)
  }

  /** A copy of all files, as a reader of this moment finds them. */
  files(): Map<string, Uint8Array> {
    return new Map(Array.from(this.#names, ([path, content]) => [path, content.bytes.slice()]))
  }

  /** Completes one of the operations under way; false when there is none. */
  step(draw: Draw): boolean {
    const [operation] = this.#operations.splice(draw(Math.max(this.#operations.length, 1)), 1)
    operation?.complete()
    return operation !== undefined
  }

  /** Completes everything from now on as it comes. */
  run(): void {
    this.running = true
    while (this.step(() => 0));
  }

  /** What is there after a power cut now. This one answers no more. */
  cutPower(draw: Draw): SimulatedFileSystem {
    this.running = false
    for (const operation of this.#operations.splice(0)) operation.tear(draw)
    const kept = this.#unsynced.slice(0, draw(this.#unsynced.length + 1))
    for (const change of kept) applyName(this.#syncedNames, change)
    return new SimulatedFileSystem(Array.from(this.#syncedNames, ([path, content]) => [path, content.bytes]))
  }

  async makeDirectory(): Promise<void> {}

  async list(directory: string): Promise<readonly string[]> {
    this.#check('list', directory)
    const prefix = `${directory}/`
    return Array.from(this.#names.keys())
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length))
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#check('syncDirectory', directory)
    const changes = this.#unsynced.length
    await this.#operate(
      () => {
        for (const change of this.#unsynced.splice(0, changes)) applyName(this.#syncedNames, change)
      },
      () => {},
    )
  }

  async rename(from: string, to: string): Promise<void> {
    this.#check('rename', to)
    const content = this.#names.get(from)
    this.#change({ path: to, content })
    this.#change({ path: from, content: undefined })
  }

  async remove(path: string): Promise<void> {
    this.#check('remove', path)
    this.#change({ path, content: undefined })
  }

  async create(path: string): Promise<DurableFile> {
    this.#check('create', path)
    this.#change({ path, content: { bytes: new Uint8Array(0) } })
    return this.#open(path)
  }

  async openForWriting(path: string): Promise<DurableFile> {
    this.#check('openForWriting', path)
    return this.#open(path)
  }

  async openForReading(path: string): Promise<DurableFile> {
    this.#check('openForReading', path)
    return this.#open(path)
  }

  #open(path: string): DurableFile {
    const content = this.#names.get(path)
    if (content === undefined) throw Object.assign(new Error(`no such file ${path}`), { code: 'ENOENT' })
    return {
      write: async (buffers, position) => {
        this.#check('write', path)
        const bytes = new Uint8Array(Buffer.concat(buffers))
        await this.#operate(
          () => writeInto(content, bytes, position),
          (draw) => tearInto(content, bytes, position, draw),
        )
      },
      read: async (target, position) => {
        this.#check('read', path)
        // A turn of its own, as reading a disk takes.
        await new Promise((resolve) => setImmediate(resolve))
        const there = content.bytes.subarray(position, position + target.length)
        target.set(there)
        return there.length
      },
      size: async () => content.bytes.length,
      close: async () => {},
    }
  }

  #operate(complete: () => void, tear: (draw: Draw) => void): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        complete()
        resolve()
      }
      if (this.running) finish()
      else this.#operations.push({ complete: finish, tear })
    })
  }

  #change(change: NameChange): void {
    applyName(this.#names, change)
    this.#unsynced.push(change)
  }

  #check(operation: string, path: string): void {
    const error = this.fault(operation, path)
    if (error !== undefined) throw error
  }
}

function applyName(names: Map<string, Content>, { path, content }: NameChange): void {
  if (content === undefined) names.delete(path)
  else names.set(path, content)
}

function writeInto(content: Content, bytes: Uint8Array, position: number): void {
  const end = position + bytes.length
  if (end > content.bytes.length) {
    const longer = new Uint8Array(end)
    longer.set(content.bytes)
    content.bytes = longer
  }
  content.bytes.set(bytes, position)
}

function tearInto(content: Content, bytes: Uint8Array, position: number, draw: Draw): void {
  // None, all or any of the sectors; sectors lie on the disk, not on the write.
  const share = draw(4)
  let offset = 0
  while (offset < bytes.length) {
    const size = Math.min(sectorBytes - ((position + offset) % sectorBytes), bytes.length - offset)
    if (share === 3 || (share > 0 && draw(2) === 0))
      writeInto(content, bytes.subarray(offset, offset + size), position + offset)
    offset += size
  }
}
