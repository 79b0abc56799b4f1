// ReplyDesk: sends the replies of an engine to the sessions that wait for them. A lost one is asked for again, so
// nothing is kept here. Tells have nobody who waits.
//
// Replies to one session go together, written straight into one message: a busy session has thousands a turn.

import { isTell, type ByteWriter, type LogTime, type MessageBus, type Reply, type Request } from '@streamy-db/core'
import { addresses, isSession } from '../protocol/addresses.ts'
import { openReplies, writeReply } from '../protocol/client-message.ts'
import { protocolLimits } from '../protocol/protocol-limits.ts'

/** A reply, as far as it is sent. */
export interface SessionReply extends Pick<Reply, 'counted' | 'attempt' | 'outcome'> {
  readonly request: Pick<Request, 'session' | 'sequence' | 'suffix'> | undefined
}

/** Sends replies. */
export class ReplyDesk {
  readonly #bus: MessageBus
  readonly #databaseId: string
  /** Begun in this call of `send`, by session. */
  readonly #open = new Map<string, ByteWriter>()
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
  send(replies: readonly SessionReply[], logTime: LogTime): void {
    for (const { request, counted, attempt, outcome } of replies) {
      // Suffixes tell tells apart. A client that wrote one asks for what nobody answers.
      if (request === undefined || request.suffix !== '' || isTell(request.session)) continue
      const out = this.#writer(request.session, logTime)
      if (out === undefined) continue
      writeReply(out, request.sequence, counted, attempt > 1, outcome)
      if (out.length >= protocolLimits.repliesBytesMax) this.#close(request.session, out)
    }
    for (const [session, out] of this.#open) this.#close(session, out)
  }

  // Undefined for what is no session that can be answered.
  #writer(session: string, logTime: LogTime): ByteWriter | undefined {
    const open = this.#open.get(session)
    if (open !== undefined) return open
    if (!isSession(session)) {
      this.#unaddressable += 1
      return undefined
    }
    const out = openReplies(logTime)
    this.#open.set(session, out)
    return out
  }

  #close(session: string, out: ByteWriter): void {
    this.#open.delete(session)
    this.#bus.send(addresses.reply(this.#databaseId, session), out.take())
  }
}
