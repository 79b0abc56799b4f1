// KvList: the entries of a range, page by page, all from one snapshot however long the reader takes. The snapshot is
// opened by the first step and closed by the last one, so an iteration that is given up half-way must be ended: `for
// await` does that by itself.

import type { LayerPort, LayerSnapshot } from '@streamy-db/runtime'
import { PageFetcher } from './fetch-page.ts'
import { entryOfText, type KvEntry } from './kv-entry.ts'
import type { KvKey } from './kv-key.ts'
import { cursorAt, type ListPlan, planAfter } from './list-plan.ts'
import type { ReadPage } from './read-page.ts'
import type { EntriesPage, StoredEntry } from './stored-entry.ts'
import { type KvMoment, type KvVersion, momentOf, versionOf } from './version.ts'

/** Entries in the order of their keys; iterate it with `for await`. */
export class KvList<Value = unknown, Key extends KvKey = KvKey> implements AsyncIterableIterator<KvEntry<Value, Key>> {
  readonly #port: LayerPort
  readonly #fetcher: PageFetcher
  // Of what is not yet fetched.
  #plan: ListPlan | undefined
  #page: readonly (readonly [string, StoredEntry])[] = []
  #place = 0
  #snapshot: LayerSnapshot | undefined = undefined
  readonly #at: KvMoment | undefined
  #last: string | undefined = undefined
  #version: KvVersion | undefined = undefined

  constructor(port: LayerPort, plan: ListPlan, readPage: ReadPage, at?: KvMoment) {
    this.#at = at
    this.#port = port
    this.#plan = plan.limit === 0 ? undefined : plan
    // The snapshot is opened before the first page is asked for.
    this.#fetcher = new PageFetcher((rest, limit) => readPage(this.#snapshot!, rest, limit))
  }

  /** Lists what comes behind the last entry, when given to `list` with the same range and direction. */
  get cursor(): string | undefined {
    return this.#last === undefined ? undefined : cursorAt(this.#last)
  }

  /** The version that the entries are as of, once the first was asked for. */
  get version(): KvVersion | undefined {
    return this.#version
  }

  /** The next entry. */
  async next(): Promise<IteratorResult<KvEntry<Value, Key>, undefined>> {
    while (this.#place === this.#page.length) {
      if (this.#plan === undefined) return { done: true, value: undefined }
      await this.#turnPage(this.#plan)
    }
    const [text, stored] = this.#page[this.#place++]!
    this.#last = text
    return { done: false, value: entryOfText(text, stored) }
  }

  /** Ends the iteration early. */
  return(): Promise<IteratorResult<KvEntry<Value, Key>, undefined>> {
    this.#end()
    this.#page = []
    this.#place = 0
    return Promise.resolve({ done: true, value: undefined })
  }

  /** All entries that are left. */
  async toArray(): Promise<KvEntry<Value, Key>[]> {
    const entries: KvEntry<Value, Key>[] = []
    for await (const entry of this) entries.push(entry)
    return entries
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async #turnPage(plan: ListPlan): Promise<void> {
    try {
      this.#snapshot ??= await (this.#at === undefined
        ? this.#port.snapshot()
        : this.#port.snapshotAt(momentOf(this.#at)))
      const page = await this.#fetcher.fetch(plan)
      const { position } = this.#snapshot ?? {}
      if (position !== undefined) this.#version = versionOf(position)
      this.#take(plan, page)
    } catch (error) {
      this.#end()
      throw error
    }
  }

  #take(plan: ListPlan, page: EntriesPage): void {
    this.#page = page.entries
    this.#place = 0
    this.#plan = planAfter(plan, page)
    if (this.#plan === undefined) this.#end()
  }

  #end(): void {
    this.#plan = undefined
    this.#snapshot?.close()
    this.#snapshot = undefined
  }
}
