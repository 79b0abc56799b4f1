// MissedMessages: the messages that once took more than one attempt because they reached an actor they do not declare.
// The client asks for their footprints first from then on (F5), until it was told nothing new several times in a row: a
// message that misses now and then, as a write into a leaf that splits does, must not pay for a question each time.

import type { Call } from '@streamy-db/core'
import { clientLimits } from './client-limits.ts'

/** Remembers messages by type and name; forgets the one remembered longest when there are too many. */
export class MissedMessages {
  /** By name, how many questions in a row have told nothing new. */
  readonly #inVain = new Map<string, number>()

  /** One of these calls has missed: which one, nobody says. */
  add(calls: readonly Call[]): void {
    for (const call of calls) {
      this.#inVain.set(nameOf(call), 0)
      if (this.#inVain.size <= clientLimits.missedMessagesMax) continue
      const [oldest] = this.#inVain.keys()
      this.#inVain.delete(oldest!)
    }
  }

  /** Whether any of these calls may miss. */
  hasAny(calls: readonly Call[]): boolean {
    return this.#inVain.size > 0 && calls.some((call) => this.#inVain.has(nameOf(call)))
  }

  /** These calls were asked for, and the answer named more than they declare, or did not. */
  asked(calls: readonly Call[], namedMore: boolean): void {
    for (const call of calls) {
      const name = nameOf(call)
      const inVain = this.#inVain.get(name)
      if (inVain === undefined) continue
      if (namedMore) this.#inVain.set(name, 0)
      else if (inVain + 1 < clientLimits.footprintsInVainMax) this.#inVain.set(name, inVain + 1)
      else this.#inVain.delete(name)
    }
  }
}

function nameOf({ ref, message }: Call): string {
  return `${ref.type}.${message}`
}
