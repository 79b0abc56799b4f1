// MissedMessages: the messages that once took more than one attempt because they reached an actor they do not declare.
// The client asks for their footprints first from then on (F5).

import type { Call } from '@streamy-db/core'
import { clientLimits } from './client-limits.ts'

/** Remembers messages by type and name; forgets the one remembered longest when there are too many. */
export class MissedMessages {
  readonly #names = new Set<string>()

  /** One of these calls has missed: which one, nobody says. */
  add(calls: readonly Call[]): void {
    for (const call of calls) {
      this.#names.add(nameOf(call))
      if (this.#names.size <= clientLimits.missedMessagesMax) continue
      const [oldest] = this.#names
      this.#names.delete(oldest!)
    }
  }

  /** Whether any of these calls may miss. */
  hasAny(calls: readonly Call[]): boolean {
    return this.#names.size > 0 && calls.some((call) => this.#names.has(nameOf(call)))
  }
}

function nameOf({ ref, message }: Call): string {
  return `${ref.type}.${message}`
}
