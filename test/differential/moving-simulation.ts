// MovingSimulation: one case in which partitions move. Workers join, leave, crash, are evicted and come back while the
// workload runs over a network that loses, repeats and reorders. First chaos as the dice fall, then the faults stop, and
// everything must come to rest where the reference is: the same states, the same replies, every request answered once.

import {
  CELL_BYTES,
  ByteWriter,
  decodePeerMessage,
  encodeChange,
  encodeControlBatch,
  encodePeerMessage,
  positionOf,
  type Effects,
  type MembershipChange,
  type Sequence,
  type Transaction,
} from '@streamy-db/core'
import { Checkpoints } from './checkpoints.ts'
import { Dice } from './dice.ts'
import { Judge, Mismatch } from './judge.ts'
import { checkEnd, checkLeft, checkReplica, isAtRest, stuckWorkers } from './moving-checks.ts'
import { MovingLog } from './moving-log.ts'
import { rollMovingTemper, type MovingAction, type MovingTemper } from './moving-temper.ts'
import { MovingWorker, type MovingWorkerOptions } from './moving-worker.ts'
import type { EngineMaker } from './node.ts'
import type { Replica } from './replica.ts'
import { describe, describeMessage } from './simulation.ts'
import type { Vocabulary } from './vocabulary.ts'
import type { Workload } from './workload.ts'
import { clientPrefix, entryOf, garbageEntry, tickEntry, World, type IndexedTransaction } from './world.ts'

const stepsMax = 4000
const roundsMax = 120
const startUs = 1_000_000_000_000
const seed = 'differential'

/** One case; run it once. */
export class MovingSimulation<Saying> {
  /** What happened, a line an event. */
  readonly trace: string[] = []
  /** How often what happened to the workers. */
  readonly moves = new Map<string, number>()

  readonly #workload: Workload<Saying>
  readonly #vocabulary: Vocabulary<Saying>
  readonly #dice: Dice
  readonly #judge: Judge
  readonly #world: World<Saying>
  readonly #log: MovingLog
  readonly #checkpoints: Checkpoints
  readonly #workers: readonly MovingWorker[]
  // The transactions of an entry, where all of them are sound.
  readonly #decoded = new Map<Sequence, readonly Transaction[]>()
  readonly #network: Uint8Array[] = []
  readonly #submissions: Transaction[] = []
  readonly #temper: MovingTemper
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
    this.#dice = new Dice(`moves ${workload.schedule}`)
    this.#judge = new Judge({ program, partitions, seed, skip })
    this.#world = new World(vocabulary, {
      partitions,
      logTime: () => this.#logTime,
      versionOf: (ref) => this.#judge.reference.versionOf(ref),
    })
    this.#log = new MovingLog(partitions)
    this.#checkpoints = new Checkpoints(partitions, this.#judge)
    const count = Math.max(...placement) + 2
    this.#workers = Array.from({ length: count }, (_, index) => {
      const engine = { program, partitions, seed, skip, cacheBytesMax: this.#dice.pick([2, 8, 1024]) * CELL_BYTES }
      return this.#worker(`w${index}`, engine, make)
    })
    this.#temper = rollMovingTemper(this.#dice, count)
  }

  /** How often what happened in the log. */
  get tally(): ReadonlyMap<string, number> {
    return this.#judge.tally
  }

  /** Runs to the end; throws what went wrong. */
  async run(): Promise<void> {
    const { weights, extraSteps } = this.#temper
    for (const worker of this.#workers) if (this.#dice.happens(0.7)) worker.start()
    for (let step = 0; step < stepsMax && this.#nextItem < this.#workload.items.length; step++)
      await this.#act(this.#dice.weighted(weights))
    for (let step = 0; step < extraSteps; step++) await this.#act(this.#dice.weighted(weights))
    this.#calm = true
    await this.#comeToRest()
    for (let i = 0; i < 2; i++) await this.#replay()
    for (const replica of this.#workers.flatMap(({ replicas }) => replicas)) {
      await replica.persistAll()
      checkLeft(replica, this.#judge)
    }
    checkEnd(this.#vocabulary, this.#workers, this.#log, this.#judge)
  }

  #worker(name: string, engine: MovingWorkerOptions['engine'], make: EngineMaker): MovingWorker {
    return new MovingWorker({
      name,
      engine,
      make,
      log: this.#log,
      checkpoints: this.#checkpoints,
      change: (change) => this.#change(change),
      perform: (worker, effects) => this.#perform(worker, effects),
      note: (event) => this.#note(event),
    })
  }

  // Some workers crash once more, others come back, and when all is placed time enough passes for every timer that is left.
  async #replay(): Promise<void> {
    for (const worker of this.#workers)
      if (!worker.running && this.#dice.happens(0.5)) worker.start()
      else if (this.#dice.happens(0.3)) worker.crash(this.#dice.happens(0.5))
    await this.#comeToRest()
    this.#clock += 750_000_000
    this.#grow(tickEntry(), 'a tick')
    await this.#comeToRest()
  }

  async #act(action: MovingAction): Promise<void> {
    const worker = this.#dice.pick(this.#workers)
    const replica = worker.replicas.length === 0 ? undefined : this.#dice.pick(worker.replicas)
    switch (action) {
      case 'append':
        return this.#append()
      case 'transport':
        return this.#transport()
      case 'trim':
        return this.#trim()
      case 'checkpoint':
        return this.#grow(encodeControlBatch('checkpoint', new Uint8Array(0)), 'a checkpoint')
      case 'blackout':
        for (const each of this.#workers) each.crash(this.#dice.happens(this.#temper.keepsDisk))
        return this.#count('blackout')
      case 'deliver':
      case 'ask':
      case 'persist':
      case 'check':
        return replica && (await this.#actOn(worker, replica, action))
      default:
        return await this.#move(worker, action)
    }
  }

  async #actOn(worker: MovingWorker, replica: Replica, action: 'deliver' | 'ask' | 'persist' | 'check'): Promise<void> {
    switch (action) {
      case 'deliver':
        if (this.#dice.happens(this.#temper.paces[this.#workers.indexOf(worker)]!)) this.#deliver(worker, replica)
        return
      case 'ask':
        this.#note(`${worker.name} asks again`)
        return replica.askAgain()
      case 'persist':
        return await replica.persist()
      case 'check':
        return checkReplica(replica, this.#judge, this.#vocabulary, this.#workload.partitions, this.#dice)
    }
  }

  async #move(worker: MovingWorker, action: 'tend' | 'start' | 'crash' | 'leave' | 'evict'): Promise<void> {
    switch (action) {
      case 'tend':
        if (this.#dice.happens(0.5)) worker.look()
        return await worker.tend()
      case 'start':
        if (!worker.running) worker.start()
        return
      case 'crash':
        if (worker.running) this.#count('crash')
        return worker.crash(this.#dice.happens(this.#temper.keepsDisk))
      case 'leave':
        return worker.leave()
      case 'evict':
        return this.#evict(worker)
    }
  }

  // Somebody takes a worker for dead, by the view that it knows.
  #evict({ view }: MovingWorker): void {
    if (view.members.length === 0) return
    const { name, incarnation } = this.#dice.pick(view.members)
    this.#change({ kind: 'evict', name, incarnation, view: view.number })
  }

  #trim(): void {
    const { last } = this.#checkpoints
    this.#log.trim(last + 1)
    for (const worker of this.#workers)
      for (const replica of worker.replicas) {
        replica.forgive(last)
        if (this.#calm || this.#dice.happens(0.7)) replica.trimMessages(last)
      }
  }

  #change(change: MembershipChange): Sequence | undefined {
    if (!this.#calm && this.#dice.happens(this.#temper.loss)) return undefined
    const out = new ByteWriter()
    encodeChange(out, change)
    const bytes = encodeControlBatch('member', out.take())
    const name = change.kind === 'upgrade' ? '' : `${change.name}.${change.incarnation}`
    const partitions = change.kind === 'ready' ? ` for ${change.partitions.join()}` : ''
    this.#grow(bytes, `${change.kind} ${name}${partitions}`)
    this.#count(change.kind)
    if (!this.#calm && this.#dice.happens(this.#temper.repeats)) this.#grow(bytes, `${change.kind} ${name} once more`)
    return this.#log.tail
  }

  // One entry of a few transactions, from the workload and from the engines, mixed.
  #append(): void {
    this.#clock += this.#dice.below(4000)
    const wanted = 1 + this.#dice.below(this.#temper.transactionsPerEntryMax)
    const transactions: IndexedTransaction[] = []
    const restricted = this.#dice.happens(this.#temper.restricted)
    while (transactions.length < wanted) {
      if (!restricted && this.#submissions.length > 0 && this.#dice.happens(0.5)) {
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
    if (transactions.length > 0) this.#growBy(transactions, restricted)
  }

  #growBy(transactions: readonly IndexedTransaction[], restricted: boolean): void {
    this.#grow(entryOf(transactions), `${restricted ? 'restricted ' : ''}${describe(transactions)}`, restricted)
    if (!restricted && transactions.every(({ broken }) => broken !== true))
      this.#decoded.set(
        this.#log.tail,
        transactions.map(({ transaction }) => transaction),
      )
  }

  #grow(bytes: Uint8Array, what: string, restricted = false): void {
    const entry = {
      sequence: this.#log.tail + 1,
      appendTime: this.#clock,
      bytes,
      ...(restricted && { restrictedTo: clientPrefix }),
    }
    this.#note(`batch ${entry.sequence} at ${entry.appendTime}: ${what}`)
    this.#log.append(entry)
    this.#logTime = this.#judge.appended(entry)
  }

  #deliver(worker: MovingWorker, replica: Replica): boolean {
    const entry = this.#log.read(replica.engine.next)
    if (entry === undefined || !replica.engine.wantsMore) return false
    this.#note(`${worker.name} reads batch ${entry.sequence} for ${replica.engine.ownership.executed.join()}`)
    const decoded = this.#dice.happens(this.#temper.decodes) ? this.#decoded.get(entry.sequence) : undefined
    worker.deliver(replica, entry, decoded)
    return true
  }

  #transport(): void {
    const bytes = this.#dice.take(this.#network)
    if (bytes === undefined) return
    if (this.#dice.happens(this.#temper.repeats)) this.#network.push(bytes)
    this.#receive(bytes)
  }

  // It is lost for each receiver by itself.
  #receive(bytes: Uint8Array): void {
    const message = decodePeerMessage(bytes)
    this.#note(`arrives: ${describeMessage(message)}`)
    for (const worker of this.#workers)
      if (this.#calm || !this.#dice.happens(this.#temper.loss)) worker.receive(message)
  }

  #perform(worker: MovingWorker, { replies, messages, submissions, unheld }: Effects): void {
    for (const reply of replies) {
      const home = this.#log.homeAt(reply.position)
      if (!this.#log.owns(worker.identity, home, reply.position))
        throw new Mismatch(`${worker.name} replies at ${reply.position} for partition ${home}, which is not its own`)
      this.#judge.replied(reply, this.#calm || !this.#dice.happens(this.#temper.loss))
    }
    for (const message of messages) this.#network.push(encodePeerMessage(message))
    for (const submission of submissions) {
      if (!this.#calm && this.#dice.happens(this.#temper.loss)) continue
      this.#submissions.push(submission)
      if (!this.#calm && this.#dice.happens(this.#temper.repeats)) this.#submissions.push(submission)
    }
    if (unheld.length > 0) this.#count('unheld')
  }

  // Everything is delivered, and what was lost is asked for again, until nothing is left to do.
  async #comeToRest(): Promise<void> {
    for (let round = 0; round < roundsMax; round++) {
      // The last of those who were leaving may have gone only now.
      if (this.#workers.every(({ running }) => !running)) this.#dice.pick(this.#workers).start()
      for (const worker of this.#workers) {
        worker.look()
        await worker.tend()
      }
      this.#evictDead()
      while (this.#moveOn());
      for (const replica of this.#workers.flatMap(({ replicas }) => replicas)) {
        checkReplica(replica, this.#judge, this.#vocabulary, this.#workload.partitions, this.#dice)
        if (this.#dice.happens(0.4)) await replica.persist()
        replica.askAgain()
      }
      if (isAtRest(this.#workers, this.#log) && this.#network.length === 0 && this.#submissions.length === 0) return
      if (this.#dice.happens(0.1)) this.#trim()
    }
    throw new Mismatch(`does not come to rest with ${this.#log.tail} batches.\n${stuckWorkers(this.#workers)}`)
  }

  #evictDead(): void {
    const view = this.#log.viewBehind(this.#log.tail)
    const dead = view.members.find(
      ({ name, incarnation }) =>
        !this.#workers.some(
          ({ running, identity }) => running && identity.name === name && identity.incarnation === incarnation,
        ),
    )
    if (dead !== undefined)
      this.#change({ kind: 'evict', name: dead.name, incarnation: dead.incarnation, view: view.number })
  }

  #moveOn(): boolean {
    let moved = false
    for (const worker of this.#workers)
      for (const replica of worker.replicas) while (this.#deliver(worker, replica)) moved = true
    for (let bytes = this.#dice.take(this.#network); bytes !== undefined; bytes = this.#dice.take(this.#network)) {
      this.#receive(bytes)
      moved = true
    }
    if (this.#submissions.length === 0) return moved
    const transactions = this.#submissions.splice(0, 50).map((submission) => this.#world.indexed(submission))
    this.#clock += 1000
    this.#growBy(transactions, false)
    return true
  }

  #count(what: string): void {
    this.moves.set(what, (this.moves.get(what) ?? 0) + 1)
  }

  #note(event: string): void {
    this.trace.push(event)
  }
}
