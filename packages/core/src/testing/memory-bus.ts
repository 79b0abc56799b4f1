// MemoryBusNetwork: message buses within one process, as bad as a test wants them. Nothing moves by itself: `run` carries
// what is on its way, and a seed decides what is lost, repeated or overtaken. So the same seed does the same.

import type { MessageBus } from '../message-bus.ts'
import { Random } from '../random.ts'

/** How bad a network is. */
export interface BusFaults {
  /** Probability that a message is lost. */
  readonly loss?: number
  /** Probability that a message stays on its way when it arrives, to arrive again. */
  readonly repeat?: number
  /** Whether any message may overtake any other. */
  readonly reorder?: boolean
}

interface Underway {
  readonly address: string
  readonly bytes: Uint8Array
}

type Handler = (message: Uint8Array) => void

/** Connects the processes of one test. */
export class MemoryBusNetwork {
  #faults: BusFaults
  readonly #random: Random
  readonly #buses = new Set<MemoryBus>()
  #underway: Underway[] = []

  constructor(seed = '', faults: BusFaults = {}) {
    this.#random = new Random(`bus ${seed}`)
    this.#faults = faults
  }

  /** Messages on their way. */
  get pending(): number {
    return this.#underway.length
  }

  /** Makes the network better or worse from now on. */
  become(faults: BusFaults): void {
    this.#faults = faults
  }

  /** A new process's end. */
  connect(): MessageBus {
    const bus: MemoryBus = new MemoryBus(
      (address, bytes) => this.#underway.push({ address, bytes: new Uint8Array(bytes) }),
      () => this.#buses.delete(bus),
    )
    this.#buses.add(bus)
    return bus
  }

  /** Carries what is on its way now; what that brings about is for the next time. */
  run(): void {
    const { loss = 0, repeat = 0, reorder = false } = this.#faults
    const carried = this.#underway
    this.#underway = []
    while (carried.length > 0) {
      const at = reorder ? Math.floor(this.#random.next() * carried.length) : 0
      const message = carried.splice(at, 1)[0]!
      if (this.#random.next() < repeat) this.#underway.push(message)
      if (this.#random.next() < loss) continue
      for (const bus of this.#buses) bus.arrive(message.address, message.bytes)
    }
  }
}

class MemoryBus implements MessageBus {
  readonly #forward: (address: string, bytes: Uint8Array) => void
  readonly #leave: () => void
  readonly #handlers = new Map<string, Set<Handler>>()
  #closed = false

  constructor(forward: (address: string, bytes: Uint8Array) => void, leave: () => void) {
    this.#forward = forward
    this.#leave = leave
  }

  send(address: string, message: Uint8Array): void {
    if (!/^[\w-]+(\.[\w-]+)*$/.test(address)) throw new Error(`${address} is no address`)
    if (!this.#closed) this.#forward(address, message)
  }

  listen(address: string, handler: Handler): () => void {
    const handlers = this.#handlers.get(address) ?? new Set()
    this.#handlers.set(address, handlers.add(handler))
    return () => void handlers.delete(handler)
  }

  arrive(address: string, bytes: Uint8Array): void {
    for (const handler of this.#handlers.get(address) ?? []) handler(new Uint8Array(bytes))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#handlers.clear()
    this.#leave()
  }
}
