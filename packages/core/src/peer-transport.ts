// The transport over a message bus: each message goes to the address of its destination's partition, where whoever
// executes the partition listens. Best effort, as both contracts allow; whoever waits for a message asks again (K6).

import { MalformedBytes } from './byte-reader.ts'
import type { MessageBus } from './message-bus.ts'
import { decodePeerMessage, destinationOf, encodePeerMessage } from './peer-message.ts'
import type { PeerMessage } from './peer-message.ts'
import type { PartitionId } from './position.ts'
import type { Transport } from './transport.ts'

/** The address of messages for whoever executes a partition. */
export function peerAddress(databaseId: string, partition: PartitionId): string {
  return `${databaseId}.peer.${partition}`
}

/** A {@link Transport} of one database over a bus, which it leaves open. */
export class PeerTransport implements Transport {
  readonly #bus: MessageBus
  readonly #databaseId: string
  readonly #listening = new Map<PartitionId, () => void>()
  #handler: ((message: PeerMessage) => void) | undefined
  #sent = 0
  #dropped = 0
  #closed = false

  constructor(bus: MessageBus, databaseId: string) {
    this.#bus = bus
    this.#databaseId = databaseId
  }

  /** Messages sent, and messages dropped because they were none or not for where they came to. */
  get counts(): { readonly sent: number; readonly dropped: number } {
    return { sent: this.#sent, dropped: this.#dropped }
  }

  send(message: PeerMessage): void {
    if (this.#closed) return
    this.#sent += 1
    this.#bus.send(this.#address(destinationOf(message)), encodePeerMessage(message))
  }

  listen(partitions: readonly PartitionId[]): void {
    if (this.#closed) return
    const wanted = new Set(partitions)
    for (const [partition, unlisten] of this.#listening) {
      if (wanted.has(partition)) continue
      unlisten()
      this.#listening.delete(partition)
    }
    for (const partition of wanted) {
      if (this.#listening.has(partition)) continue
      const unlisten = this.#bus.listen(this.#address(partition), (bytes) => this.#receive(partition, bytes))
      this.#listening.set(partition, unlisten)
    }
  }

  onMessage(handler: (message: PeerMessage) => void): void {
    this.#handler = handler
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.listen([])
    this.#closed = true
    this.#handler = undefined
  }

  #address(partition: PartitionId): string {
    return peerAddress(this.#databaseId, partition)
  }

  // Anybody who may write to the address may have sent these bytes.
  #receive(partition: PartitionId, bytes: Uint8Array): void {
    const message = decode(bytes)
    if (message === undefined || destinationOf(message) !== partition) this.#dropped += 1
    else this.#handler?.(message)
  }
}

function decode(bytes: Uint8Array): PeerMessage | undefined {
  try {
    return decodePeerMessage(bytes)
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}
