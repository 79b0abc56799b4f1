// EarlyMessages: messages for positions that were not yet scanned (K6). When it is full, those go that came for a partition
// which was left before their position, and then the highest positions: they are needed last, and whoever needs them
// asks again.

import { limits } from './limits.ts'
import type { PeerMessage } from './peer-message.ts'
import type { Position } from './position.ts'

/** A bounded buffer by position. */
export class EarlyMessages {
  readonly #byPosition = new Map<Position, PeerMessage[]>()
  #count = 0

  /** Keeps a message; `scanned` is the last position that was scanned. */
  keep(message: PeerMessage, scanned: Position): void {
    const messages = this.#byPosition.get(message.position)
    if (messages === undefined) this.#byPosition.set(message.position, [message])
    else messages.push(message)
    this.#count += 1
    if (this.#count > limits.earlyMessagesMax) this.#dropHighest(scanned)
  }

  /** Takes out what came for a position. */
  take(position: Position): readonly PeerMessage[] {
    const messages = this.#byPosition.get(position)
    if (messages === undefined) return []
    this.#byPosition.delete(position)
    this.#count -= messages.length
    return messages
  }

  // Half of all at once, so that a full buffer does not sort at every message.
  #dropHighest(scanned: Position): void {
    const positions = [...this.#byPosition.keys()].sort((a, b) => b - a)
    for (const position of positions) if (position <= scanned) this.take(position)
    for (const position of positions) {
      if (this.#count <= limits.earlyMessagesMax / 2) return
      this.take(position)
    }
  }
}
