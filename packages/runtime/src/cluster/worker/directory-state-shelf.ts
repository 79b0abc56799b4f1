// The directory state shelf: a worker's state stores on its own disk, one LMDB file for each replica. The directory is one
// worker's at a time, and keeps the name by which placement knows it.
//
//   <directory>/worker            the worker's name
//   <directory>/state-<n>/        one store

import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StreamyError } from '@streamy-db/core'
import { DirectoryLock, LmdbStateStore } from '@streamy-db/embedded'
import type { ShelvedStore, StateShelf } from './state-shelf.ts'

const storeName = /^state-(\d+)$/

/** A {@link StateShelf} in a directory. */
export class DirectoryStateShelf implements StateShelf {
  readonly #directory: string
  readonly #lock: DirectoryLock
  /** The stores that are in use. */
  readonly #inUse = new Set<string>()
  #next = 1

  /** Opens the directory, making it when it is not there. Rejects with DATABASE_LOCKED when another worker uses it. */
  static async open(directory: string): Promise<DirectoryStateShelf> {
    await mkdir(directory, { recursive: true })
    return new DirectoryStateShelf(directory, await DirectoryLock.acquire(directory))
  }

  private constructor(directory: string, lock: DirectoryLock) {
    this.#directory = directory
    this.#lock = lock
  }

  /** The name that was given to the worker of this directory, or `proposed`, which is kept from now on. */
  async nameOr(proposed: string): Promise<string> {
    const path = join(this.#directory, 'worker')
    const known = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (known !== undefined && known !== '') return known
    await writeFile(path, proposed)
    return proposed
  }

  async existing(): Promise<readonly ShelvedStore[]> {
    const found = (await readdir(this.#directory)).filter((name) => storeName.test(name))
    const names = found.filter((name) => !this.#inUse.has(name)).toSorted()
    const stores: ShelvedStore[] = []
    for (const name of names) {
      this.#next = Math.max(this.#next, Number(storeName.exec(name)![1]) + 1)
      const store = await this.#openExisting(name)
      if (store !== undefined) stores.push(store)
    }
    return stores
  }

  async create(): Promise<ShelvedStore> {
    for (;;) {
      const name = `state-${this.#next}`
      this.#next += 1
      try {
        await mkdir(join(this.#directory, name))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
        throw error
      }
      return await this.#open(name)
    }
  }

  /** Lets another worker use the directory. */
  async close(): Promise<void> {
    await this.#lock.release()
  }

  // What is damaged can be had again from a checkpoint: it is thrown away, as if the disk had been new.
  async #openExisting(name: string): Promise<ShelvedStore | undefined> {
    try {
      return await this.#open(name)
    } catch (error) {
      if (!(error instanceof StreamyError) || error.code !== 'STATE_CORRUPT') throw error
      process.stderr.write(`streamy: ${error.message} The worker starts from a checkpoint instead.\n`)
      await rm(join(this.#directory, name), { recursive: true, force: true })
      return undefined
    }
  }

  async #open(name: string): Promise<ShelvedStore> {
    const path = join(this.#directory, name)
    const store = await LmdbStateStore.open(join(path, 'state.mdb'))
    this.#inUse.add(name)
    const close = async (): Promise<void> => {
      await store.close()
      this.#inUse.delete(name)
    }
    return {
      store,
      close,
      discard: async () => {
        await close()
        await rm(path, { recursive: true, force: true })
      },
    }
  }
}
