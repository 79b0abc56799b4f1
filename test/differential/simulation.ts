// Simulation: one case of the differential proof. A cluster of engines over one log, connected by a network that
// loses, repeats and reorders; engines that crash and restart; submissions that get lost or land twice. First chaos as
// the dice fall, then the faults stop and everything must come to rest where the reference is.

import {
  CELL_BYTES,
  decodePeerMessage,
  destinationOf,
  encodePeerMessage,
  endOfBatch,
  partitionOf,
  positionOf,
  type Effects,
  type LogEntry,
  type PartitionId,
  type Sequence,
  type PeerMessage,
  type Transaction,
} from '@streamy-db/core'
import { Dice } from './dice.ts'
import { Judge, Mismatch } from './judge.ts'
import { Node, type EngineMaker } from './node.ts'
import { rollTemper, type Action, type Temper } from './temper.ts'
import { inOneLine } from './in-one-line.ts'
import type { Vocabulary } from './vocabulary.ts'
import type { Workload } from './workload.ts'
import { entryOf, garbageEntry, tickEntry, World, type IndexedTransaction } from './world.ts'

const stepsMax = 3000
const roundsMax = 60
const startUs = 1_000_000_000_000
const seed = 'differential'

/** One case; run it once. */
export class Simulation<Saying> {
  /** What happened, a line an event. */
  readonly trace: string[] = []

  readonly #workload: Workload<Saying>
  readonly #vocabulary: Vocabulary<Saying>
  readonly #dice: Dice
  readonly #judge: Judge
  readonly #world: World<Saying>
  readonly #nodes: readonly Node[]
  readonly #log: LogEntry[] = []
  // The transactions of an entry, where all of them are sound.
  readonly #decoded = new Map<Sequence, readonly Transaction[]>()
  readonly #network: Uint8Array[] = []
  readonly #submissions: Transaction[] = []
  readonly #temper: Temper
  #nextItem = 0
  #clock = startUs
  #logTime = startUs
  #calm = false

  constructor(workload: Workload<Saying>, vocabulary: Vocabulary<Saying>, make: EngineMaker) {
    this.#workload = workload
    this.#vocabulary = vocabulary
    const { partitions, placement } = workload
    const skip = new Set(workload.skip.map(([sequence, index]) => positionOf(sequence, index)))
    const program = vocabulary.program()
    this.#dice = new Dice(`schedule ${workload.schedule}`)
    this.#judge = new Judge({ program, partitions, seed, skip })
    this.#world = new World(vocabulary, {
      partitions,
      logTime: () => this.#logTime,
      versionOf: (ref) => this.#judge.reference.versionOf(ref),
    })
    this.#nodes = Array.from({ length: Math.max(...placement) + 1 }, (_, index) => {
      const owned = (partition: number): boolean => placement[partition] === index
      const options = {
        program,
        partitions,
        seed,
        owned,
        skip,
        cacheBytesMax: this.#dice.pick([2, 8, 1024]) * CELL_BYTES,
      }
      return new Node(`node ${index}`, options, make, (effects) => this.#perform(effects))
    })
    this.#temper = rollTemper(this.#dice, this.#nodes.length)
  }

  /** How often what happened in the log. */
  get tally(): ReadonlyMap<string, number> {
    return this.#judge.tally
  }

  /** Runs to the end; throws what went wrong. */
  async run(): Promise<void> {
    const { weights, extraSteps } = this.#temper
    for (let step = 0; step < stepsMax && this.#nextItem < this.#workload.items.length; step++)
      await this.#act(this.#dice.weighted(weights))
    for (let step = 0; step < extraSteps; step++) await this.#act(this.#dice.weighted(weights))
    this.#calm = true
    await this.#comeToRest()
    for (let i = 0; i < 3; i++) await this.#replay()
    this.#compareQueries()
    this.#judge.ended()
  }

  // Some nodes start again, from wherever their stores are, and need once more what their peers once sent. Time enough
  // passes for every timer that is left, and then for those that these set.
  async #replay(): Promise<void> {
    for (const node of this.#nodes) if (this.#dice.happens(this.#temper.lateRestarts)) this.#restart(node)
    this.#clock += 750_000_000
    this.#grow(tickEntry(), 'a tick')
    await this.#comeToRest()
  }

  async #act(action: Action): Promise<void> {
    const node = this.#dice.pick(this.#nodes)
    switch (action) {
      case 'append':
        return this.#append()
      case 'deliver':
        if (this.#dice.happens(this.#temper.paces[this.#nodes.indexOf(node)]!)) this.#deliver(node)
        return
      case 'transport':
        return this.#transport()
      case 'ask':
        this.#note(`${node.name} asks again`)
        return node.askAgain()
      case 'persist':
        this.#note(`${node.name} persists`)
        return await node.persist()
      case 'restart':
        return this.#restart(node)
      case 'check':
        return this.#check(node)
    }
  }

  #restart(node: Node): void {
    node.restart()
    this.#note(`${node.name} restarted at batch ${node.engine.next}`)
  }

  // One entry of a few transactions, from the workload and from the engines, mixed.
  #append(): void {
    this.#clock += this.#dice.below(4000)
    const wanted = 1 + this.#dice.below(this.#temper.transactionsPerEntryMax)
    const transactions: IndexedTransaction[] = []
    while (transactions.length < wanted) {
      if (this.#submissions.length > 0 && this.#dice.happens(0.5)) {
        transactions.push(this.#world.indexed(this.#dice.take(this.#submissions)!))
        continue
      }
      const item = this.#workload.items[this.#nextItem]
      if (item === undefined) break
      this.#nextItem += 1
      const transaction = this.#world.transactionOf(item)
      if (transaction !== undefined) transactions.push(transaction)
      else if (item.kind === 'jump') this.#clock += item.byUs
      else if (item.kind === 'tick') this.#grow(tickEntry(), 'a tick')
      else if (item.kind === 'garbage') this.#grow(garbageEntry(item.how), 'garbage')
    }
    if (transactions.length > 0) this.#growBy(transactions)
  }

  #growBy(transactions: readonly IndexedTransaction[]): void {
    this.#grow(entryOf(transactions), describe(transactions))
    if (transactions.every(({ broken }) => broken !== true))
      this.#decoded.set(
        this.#log.length,
        transactions.map(({ transaction }) => transaction),
      )
  }

  #grow(bytes: Uint8Array, what: string): void {
    const entry = { sequence: this.#log.length + 1, appendTime: this.#clock, bytes }
    this.#note(`batch ${entry.sequence} at ${entry.appendTime}: ${what}`)
    this.#log.push(entry)
    this.#logTime = this.#judge.appended(entry)
  }

  #deliver(node: Node): boolean {
    const entry = this.#log[node.engine.next - 1]
    if (entry === undefined || !node.engine.wantsMore) return false
    this.#note(`${node.name} reads batch ${entry.sequence}`)
    node.deliver(entry, this.#dice.happens(this.#temper.decodes) ? this.#decoded.get(entry.sequence) : undefined)
    return true
  }

  #transport(): void {
    const bytes = this.#dice.take(this.#network)
    if (bytes === undefined) return
    if (this.#dice.happens(this.#temper.repeats)) this.#network.push(bytes)
    if (this.#dice.happens(this.#temper.loss)) return this.#note(`lost ${describeMessage(decodePeerMessage(bytes))}`)
    this.#receive(bytes)
  }

  #receive(bytes: Uint8Array): void {
    const message = decodePeerMessage(bytes)
    const node = this.#nodes[this.#workload.placement[destinationOf(message)]!]!
    this.#note(`${node.name} receives ${describeMessage(message)}`)
    node.receive(message)
  }

  #perform({ replies, messages, submissions }: Effects): void {
    for (const reply of replies) this.#judge.replied(reply)
    for (const message of messages) this.#network.push(encodePeerMessage(message))
    for (const submission of submissions) {
      if (!this.#calm && this.#dice.happens(this.#temper.loss)) continue
      const bare = this.#dice.happens(this.#temper.bareRetries) ? this.#judge.pendingAs(submission) : undefined
      this.#submissions.push(bare ?? submission)
      if (!this.#calm && this.#dice.happens(this.#temper.repeats)) this.#submissions.push(submission)
    }
  }

  // Wherever an engine happens to have resolved all it has read, its state is comparable.
  #check(node: Node): void {
    const sequence = node.engine.next - 1
    if (sequence === 0 || node.engine.resolved < endOfBatch(sequence)) return
    this.#judge.resolved(sequence, node.engine.stateHashes(), () => node.contents())
  }

  // Everything is delivered, and what was lost is asked for again, until nothing is left to do.
  async #comeToRest(): Promise<void> {
    for (let round = 0; round < roundsMax; round++) {
      while (this.#moveOn());
      for (const node of this.#nodes) this.#check(node)
      for (const node of this.#nodes) if (this.#dice.happens(0.4)) await node.persist()
      for (const node of this.#nodes) node.askAgain()
      if (this.#isAtRest()) return this.#checkSchedules()
    }
    const stuck = this.#nodes.map(({ name, engine }) => `${name}: next ${engine.next}, resolved ${engine.resolved}`)
    throw new Mismatch(`does not come to rest with ${this.#log.length} batches. ${stuck.join('; ')}`)
  }

  #moveOn(): boolean {
    let moved = false
    for (const node of this.#nodes) while (this.#deliver(node)) moved = true
    for (let bytes = this.#dice.take(this.#network); bytes !== undefined; bytes = this.#dice.take(this.#network)) {
      this.#receive(bytes)
      moved = true
    }
    if (this.#submissions.length === 0) return moved
    const transactions = this.#submissions.splice(0, 50).map((submission) => this.#world.indexed(submission))
    this.#clock += 1000
    this.#growBy(transactions)
    return true
  }

  #isAtRest(): boolean {
    const tail = this.#log.length
    const caughtUp = this.#nodes.every(
      ({ engine }) => engine.next === tail + 1 && (tail === 0 || engine.resolved >= endOfBatch(tail)),
    )
    return caughtUp && this.#network.length === 0 && this.#submissions.length === 0
  }

  #checkSchedules(): void {
    for (const [index, node] of this.#nodes.entries())
      this.#judge.scheduled(node.engine.nextTimerDue, this.#partitionsOf(index))
  }

  #compareQueries(): void {
    const { refs, queries } = this.#vocabulary
    for (const [index, node] of this.#nodes.entries()) {
      const partitions = this.#partitionsOf(index)
      const own = refs.filter((ref) => partitions.includes(partitionOf(ref, this.#workload.partitions)))
      for (const call of queries(own)) {
        const engine = inOneLine(node.engine.query(call).value)
        const reference = inOneLine(this.#judge.reference.query(call))
        if (engine !== reference)
          throw new Mismatch(`another answer to a query of ${call.ref.id}`, { engine, reference })
      }
    }
  }

  #partitionsOf(node: number): PartitionId[] {
    return this.#workload.placement.flatMap((owner, partition) => (owner === node ? [partition] : []))
  }

  #note(event: string): void {
    this.trace.push(event)
  }
}

/** Transactions in one line. */
export function describe(transactions: readonly IndexedTransaction[]): string {
  return transactions
    .map(({ transaction: { request, attempt, calls } }) => {
      const identity = request === undefined ? 'anonymous' : `${request.session}/${request.sequence}/${request.suffix}`
      return `${identity} #${attempt} to ${calls.map(({ ref }) => ref.id).join(' ')}`
    })
    .join('; ')
}

/** A message in a few words. */
export function describeMessage(message: PeerMessage): string {
  return `${message.kind} of ${message.position} from ${message.from} to ${message.to}`
}
