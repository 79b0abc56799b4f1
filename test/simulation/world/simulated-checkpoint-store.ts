// SimulatedCheckpointStore: the checkpoint store on the servers as one process reaches it. What is kept is kept by the
// core's store in memory; here is the way there, and the places at which a process may die.

import { checkpointStoreClosed, type CheckpointStore } from '@streamy-db/core'
import { askServers, type ServerAccess } from './server-request.ts'
import { never } from './simulated-process.ts'

/** Told of every object that was put. */
export type OnPut = (name: string, chunks: readonly Uint8Array[]) => void

/** The store of one process. */
export class SimulatedCheckpointStore implements CheckpointStore {
  readonly #access: ServerAccess
  readonly #store: CheckpointStore
  readonly #onPut: OnPut
  #closed = false

  constructor(access: ServerAccess, store: CheckpointStore, onPut: OnPut = () => {}) {
    this.#access = access
    this.#store = store
    this.#onPut = onPut
  }

  async put(name: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    this.#assertOpen()
    const { process } = this.#access
    const what = name.endsWith('manifest') ? 'a manifest' : 'a checkpoint part'
    const taken: Uint8Array[] = []
    for await (const chunk of chunks) taken.push(new Uint8Array(chunk))
    this.#assertOpen()
    if (process.reaches(`before ${what}`)) return await never
    await askServers(this.#access, `to put ${name}`, async () => {
      await this.#store.put(name, taken)
      process.ground.trace.note(`${name} is put`, Buffer.concat(taken))
      this.#onPut(name, taken)
    })
    if (process.reaches(`after ${what}`)) await never
    this.#assertOpen()
  }

  async *get(name: string): AsyncIterable<Uint8Array> {
    this.#assertOpen()
    yield* await askServers(this.#access, `to get ${name}`, async () => {
      const chunks: Uint8Array[] = []
      for await (const chunk of this.#store.get(name)) chunks.push(chunk)
      return chunks
    })
  }

  async list(prefix: string): Promise<readonly string[]> {
    this.#assertOpen()
    return await askServers(this.#access, 'to list checkpoints', () => this.#store.list(prefix))
  }

  async delete(name: string): Promise<void> {
    this.#assertOpen()
    await askServers(this.#access, `to delete ${name}`, () => this.#store.delete(name))
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #assertOpen(): void {
    if (this.#closed) throw checkpointStoreClosed()
  }
}
