// Asks for one page of a list. Pages of large values do not fit one answer: then smaller ones are asked for, now and for
// the rest of the list.

import { StreamyError } from '@streamy-db/core'
import { kvLimits } from './limits.ts'
import type { ListPlan } from './list-plan.ts'
import type { EntriesPage } from './stored-entry.ts'

/** Fetches the pages of one list. */
export class PageFetcher {
  readonly #ask: (plan: ListPlan, limit: number) => Promise<EntriesPage>
  #entriesMax: number = kvLimits.pageEntriesMax

  constructor(ask: (plan: ListPlan, limit: number) => Promise<EntriesPage>) {
    this.#ask = ask
  }

  /** The next entries of what is planned. */
  async fetch(plan: ListPlan): Promise<EntriesPage> {
    for (;;) {
      const limit = Math.min(this.#entriesMax, plan.limit)
      try {
        return await this.#ask(plan, limit)
      } catch (error) {
        if (limit === 1 || !(error instanceof StreamyError) || error.code !== 'VALUE_TOO_LARGE') throw error
        this.#entriesMax = limit >>> 1
      }
    }
  }
}
