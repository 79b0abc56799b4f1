// ReplyDesk: sends the replies of an engine to the sessions that wait for them. A lost one is asked for again, so
// nothing is kept here. Tells have nobody who waits.

import { isTell, type LogTime, type MessageBus, type Reply } from '@streamy-db/core'
import { addresses, isSession } from '../protocol/addresses.ts'
import { encodeClientMessage } from '../protocol/client-message.ts'

/** Sends replies. */
export class ReplyDesk {
  readonly #bus: MessageBus
  readonly #databaseId: string
  #unaddressable = 0

  constructor(bus: MessageBus, databaseId: string) {
    this.#bus = bus
    this.#databaseId = databaseId
  }

  /** How many replies went nowhere, because the session in the log is no address. */
  get unaddressable(): number {
    return this.#unaddressable
  }

  /** Sends what an engine replied; `logTime` is that of the last entry it has scanned. */
  send(replies: readonly Reply[], logTime: LogTime): void {
    for (const { request, position, attempt, outcome } of replies) {
      if (request === undefined || isTell(request.session)) continue
      const { session, sequence, suffix } = request
      if (!isSession(session)) {
        this.#unaddressable += 1
        continue
      }
      const missed = attempt > 1
      const message = encodeClientMessage({ kind: 'reply', sequence, suffix, position, logTime, missed, outcome })
      this.#bus.send(addresses.reply(this.#databaseId, session), message)
    }
  }
}
