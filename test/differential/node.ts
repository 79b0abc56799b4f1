// Node: one engine with the store that outlives it. A crash loses the engine and everything in it; what had been
// captured but not yet stored is lost too.

import {
  Engine,
  MemoryStateStore,
  type Effects,
  type EngineOptions,
  type LogEntry,
  type PeerMessage,
  type StateCapture,
  type Transaction,
} from '@streamy-db/core'

/** Makes an engine; the tests of the harness itself wrap one in faults here. */
export type EngineMaker = (options: EngineOptions) => Engine

/** How far the state on its way from the engine to the store has come. */
type Flush = { readonly stage: 'captured' | 'stored'; readonly capture: StateCapture }

/** An engine, its store, and who takes its effects. */
export class Node {
  readonly name: string
  readonly #store = new MemoryStateStore()
  readonly #options: Omit<EngineOptions, 'store'>
  readonly #make: EngineMaker
  readonly #perform: (effects: Effects) => void
  #engine: Engine
  #flush: Flush | undefined = undefined

  constructor(
    name: string,
    options: Omit<EngineOptions, 'store'>,
    make: EngineMaker,
    perform: (effects: Effects) => void,
  ) {
    this.name = name
    this.#options = options
    this.#make = make
    this.#perform = perform
    this.#engine = this.#start()
  }

  /** For questions only: whatever acts goes through the methods of the node. */
  get engine(): Engine {
    return this.#engine
  }

  deliver(entry: LogEntry, decoded: readonly Transaction[] | undefined): void {
    this.#engine.deliver(entry, decoded)
    this.#settle()
  }

  receive(message: PeerMessage): void {
    this.#engine.receive(message)
    this.#settle()
  }

  askAgain(): void {
    this.#engine.askAgain()
    this.#settle()
  }

  /** Moves the state one stage on its way into the store: captured, stored, and the engine told so. */
  async persist(): Promise<void> {
    const flush = this.#flush
    if (flush === undefined) {
      const capture = this.#engine.captureState()
      this.#flush = capture && { stage: 'captured', capture }
    } else if (flush.stage === 'captured') {
      await this.#store.advance(flush.capture.changes())
      this.#flush = { stage: 'stored', capture: flush.capture }
    } else {
      this.#engine.stateFlushed()
      this.#flush = undefined
    }
    this.#settle()
  }

  /** Crashes, and starts again from the store. */
  restart(): void {
    this.#flush = undefined
    this.#engine = this.#start()
    this.#settle()
  }

  /** What the engine and its store hold together, by key; for reports, after which the node is of no further use. */
  contents(): ReadonlyMap<string, Uint8Array> {
    const contents = new Map<string, Uint8Array>()
    for (const { key, value } of this.#store.scan('')) contents.set(key, value)
    this.#addChanges(contents, this.#flush?.stage === 'captured' ? this.#flush.capture : undefined)
    this.#addChanges(contents, this.#engine.captureState())
    return contents
  }

  #addChanges(contents: Map<string, Uint8Array>, capture: StateCapture | undefined): void {
    for (const { key, value } of capture?.changes() ?? [])
      if (value === undefined) contents.delete(key)
      else contents.set(key, value)
  }

  #start(): Engine {
    return this.#make({ ...this.#options, store: this.#store })
  }

  #settle(): void {
    this.#perform(this.#engine.takeEffects())
  }
}
