// Intake: the one door through which messages of the bus come in. What cannot be read is dropped and counted, never
// thrown: anybody may send anything to an address, and whoever meant well asks again.

import { MalformedBytes, type MessageBus } from '@streamy-db/core'

/** Listens for messages of known forms. */
export class Intake {
  readonly #bus: MessageBus
  #malformed = 0

  constructor(bus: MessageBus) {
    this.#bus = bus
  }

  /** How many messages could not be read. */
  get malformed(): number {
    return this.#malformed
  }

  /** Hands `take` what `decode` makes of the messages at `address`; the returned function ends it. */
  listen<Message>(
    address: string,
    decode: (bytes: Uint8Array) => Message,
    take: (message: Message) => void,
  ): () => void {
    return this.#bus.listen(address, (bytes) => {
      const message = this.#read(decode, bytes)
      if (message !== undefined) take(message)
    })
  }

  #read<Message>(decode: (bytes: Uint8Array) => Message, bytes: Uint8Array): Message | undefined {
    try {
      return decode(bytes)
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error
      this.#malformed += 1
      return undefined
    }
  }
}
