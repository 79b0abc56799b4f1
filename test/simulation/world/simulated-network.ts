// SimulatedNetwork: the message bus of all processes, in virtual time. What is sent travels to everybody who listens at its
// address, to each by a way of its own.

import type { MessageBus } from '@streamy-db/core'
import type { Links } from './link.ts'
import type { SimulatedProcess } from './simulated-process.ts'

type Handler = (message: Uint8Array) => void

/** Connects processes. */
export class SimulatedNetwork {
  /** Told of everything that is sent. */
  onSend: (from: SimulatedProcess, address: string, bytes: Uint8Array) => void = () => {}
  sent = 0
  readonly #links: Links
  readonly #listening = new Map<string, Set<SimulatedBus>>()

  constructor(links: Links) {
    this.#links = links
  }

  /** The end of one process. */
  connect(process: SimulatedProcess): MessageBus {
    return new SimulatedBus(process, this)
  }

  /** Lets a bus hear what is sent to an address, or no more. */
  note(address: string, bus: SimulatedBus, listens: boolean): void {
    const buses = this.#listening.get(address) ?? new Set()
    if (listens) this.#listening.set(address, buses.add(bus))
    else if (buses.delete(bus) && buses.size === 0) this.#listening.delete(address)
  }

  forward(from: SimulatedProcess, address: string, bytes: Uint8Array): void {
    const { schedule, trace } = from.ground
    this.sent += 1
    trace.note(`${from.name} sends to ${address}`, bytes)
    this.onSend(from, address, bytes)
    for (const bus of this.#listening.get(address) ?? []) {
      if (bus.process.isDead) {
        this.note(address, bus, false)
        continue
      }
      for (const delay of this.#links.arrivals(from.name, bus.process.name))
        schedule.after(delay, () => bus.process.run(() => bus.arrive(address, bytes)))
    }
  }
}

class SimulatedBus implements MessageBus {
  readonly process: SimulatedProcess
  readonly #network: SimulatedNetwork
  readonly #handlers = new Map<string, Set<Handler>>()
  #closed = false

  constructor(process: SimulatedProcess, network: SimulatedNetwork) {
    this.process = process
    this.#network = network
  }

  send(address: string, message: Uint8Array): void {
    if (!/^[\w-]+(\.[\w-]+)*$/.test(address)) throw new Error(`${address} is no address`)
    if (this.#closed || this.process.isDead) return
    // What the sender holds may change later.
    this.#network.forward(this.process, address, new Uint8Array(message))
    this.process.reaches(address.includes('.reply.') ? 'after a reply' : 'after a message')
  }

  listen(address: string, handler: Handler): () => void {
    const handlers = this.#handlers.get(address) ?? new Set()
    this.#handlers.set(address, handlers.add(handler))
    this.#network.note(address, this, true)
    return () => {
      handlers.delete(handler)
      if (handlers.size === 0) this.#network.note(address, this, false)
    }
  }

  arrive(address: string, bytes: Uint8Array): void {
    // As it is now: a handler may end its listening, or begin another.
    for (const handler of Array.from(this.#handlers.get(address) ?? [])) handler(new Uint8Array(bytes))
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const address of this.#handlers.keys()) this.#network.note(address, this, false)
    this.#handlers.clear()
  }
}
