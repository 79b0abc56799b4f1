// MemoryNetwork: transports within one process, as bad as a test wants them. Nothing moves by itself: each step
// delivers one message, and a seed decides which one, and what is lost or repeated. So the same seed does the same.

import { decodePeerMessage, destinationOf, encodePeerMessage, type PeerMessage } from '../peer-message.ts'
import type { PartitionId } from '../position.ts'
import { Random } from '../random.ts'
import type { Transport } from '../transport.ts'

/** How bad a network is. */
export interface NetworkFaults {
  /** Probability that a message is lost. */
  readonly loss?: number
  /** Probability that a message stays on its way when it arrives, to arrive again. */
  readonly repeat?: number
  /** Whether any message may overtake any other; else they arrive in the order of sending. */
  readonly reorder?: boolean
}

/** Connects the workers of one test. */
export class MemoryNetwork {
  /** Everything that was sent, in order. */
  readonly sent: PeerMessage[] = []
  #faults: NetworkFaults
  readonly #random: Random
  readonly #transports = new Set<MemoryTransport>()
  readonly #underway: Uint8Array[] = []

  constructor(seed = '', faults: NetworkFaults = {}) {
    this.#random = new Random(`network ${seed}`)
    this.#faults = faults
  }

  /** Messages on their way. */
  get pending(): number {
    return this.#underway.length
  }

  /** Makes the network better or worse from now on. */
  become(faults: NetworkFaults): void {
    this.#faults = faults
  }

  /** A new worker's end. */
  connect(): Transport {
    const transport = new MemoryTransport(
      (message) => this.#send(message),
      () => this.#transports.delete(transport),
    )
    this.#transports.add(transport)
    return transport
  }

  /** Lets one message arrive, or get lost; false when none is on its way. */
  step(): boolean {
    const { loss = 0, repeat = 0, reorder = false } = this.#faults
    const at = reorder ? Math.floor(this.#random.next() * this.#underway.length) : 0
    const [bytes] = this.#underway.splice(at, 1)
    if (bytes === undefined) return false
    if (this.#random.next() < repeat) this.#underway.push(bytes)
    if (this.#random.next() < loss) return true
    const message = decodePeerMessage(bytes)
    for (const transport of this.#transports) transport.arrive(message)
    return true
  }

  /** Lets everything arrive that is on its way, and what that brings about. */
  run(): void {
    while (this.step());
  }

  #send(message: PeerMessage): void {
    this.sent.push(message)
    this.#underway.push(encodePeerMessage(message))
  }
}

class MemoryTransport implements Transport {
  readonly #forward: (message: PeerMessage) => void
  readonly #leave: () => void
  #partitions: ReadonlySet<PartitionId> = new Set()
  #handler: ((message: PeerMessage) => void) | undefined = undefined
  #closed = false

  constructor(forward: (message: PeerMessage) => void, leave: () => void) {
    this.#forward = forward
    this.#leave = leave
  }

  send(message: PeerMessage): void {
    if (!this.#closed) this.#forward(message)
  }

  listen(partitions: readonly PartitionId[]): void {
    this.#partitions = new Set(partitions)
  }

  onMessage(handler: (message: PeerMessage) => void): void {
    this.#handler = handler
  }

  arrive(message: PeerMessage): void {
    if (this.#partitions.has(destinationOf(message))) this.#handler?.(message)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#leave()
  }
}
