// The search for a linearization of one object's history: Wing and Gong's (J. M. Wing, C. Gong, "Testing and Verifying
// Concurrent Objects", JPDC 17, 1993) with the memory of configurations that Lowe added, in his just-in-time order
// (G. Lowe, "Testing for linearizability", Concurrency and Computation 29(4), 2017), as Knossos and porcupine do it.
//
// A configuration is the object's state with the set of operations under way that have taken effect. The search goes from
// completion to completion and keeps every configuration that can explain what was replied so far; an operation takes
// effect only when a completion asks for it. When none is left, the history is not linearizable. Memory grows with
// concurrency and unknown outcomes, not with the length of the history.
//
// J1 An operation that changes nothing takes effect as soon as its reply fits the state: later it can only fit less.
// J2 Of equal operations with unknown outcomes only the first may take effect next: they stay under way for ever, so which
//    of them did makes no difference.
// J3 Of two configurations that differ only in unknown operations, one that has spent a part of what the other has can go
//    wherever the other can: the other is dropped.

import type { Operation } from './history.ts'

/** What an operation does to a state. */
export interface Step<State> {
  readonly state: State
  readonly changes: boolean
}

/** What the search may cost before it gives up. */
export interface Limits {
  /** Configurations kept at one time: memory. */
  readonly configurationsMax: number
  /** Operations applied to states, for the whole object: time. */
  readonly stepsMax: number
  /**
   * Most good histories are explained by configurations that spend few unknown operations, so a first search keeps so
   * many of those and drops the others. What it finds is found; only where it finds nothing are all looked at.
   */
  readonly narrowWidth: number
}

export interface Search<Recorded extends Operation, State> {
  /** In order of invocation; none that failed. */
  readonly operations: readonly Recorded[]
  readonly initial: State
  /** What the operation does to a state; undefined where its reply does not fit. */
  readonly apply: (operation: Recorded, state: State) => Step<State> | undefined
  readonly limits: Limits
}

export type Linearization<Recorded, State> =
  | { readonly kind: 'found' }
  | {
      readonly kind: 'impossible'
      /** The completion that cannot be explained. */
      readonly at: Recorded
      /** The states that are possible before it, as far as the operations before it had to take effect. */
      readonly states: readonly State[]
      /** What was under way then. */
      readonly concurrent: readonly Recorded[]
    }
  | { readonly kind: 'undecided'; readonly bound: string; readonly at: Recorded }

/** Looks for an order in which the operations, one after the other, would have been replied what they were. */
export function linearize<Recorded extends Operation, State extends string | number | null>(
  search: Search<Recorded, State>,
): Linearization<Recorded, State> {
  const narrow = new Sweep(search, search.limits.narrowWidth)
  const result = narrow.run()
  return result.kind === 'found' || !narrow.hasDropped ? result : new Sweep(search, Infinity).run()
}

/** Sets of operations have a bit for the slot of each. */
interface Configuration<State> {
  readonly state: State
  /** The acknowledged operations that took effect. */
  readonly done: bigint
  /** The operations with unknown outcomes that took effect. */
  readonly spent: bigint
}

interface UnderWay<Recorded> {
  readonly operation: Recorded
  readonly bit: bigint
  /** Equal for operations with unknown outcomes that do the same. */
  readonly deed: string | undefined
}

class BoundReached extends Error {}

class Sweep<Recorded extends Operation, State extends string | number | null> {
  readonly #search: Search<Recorded, State>
  readonly #slots: (UnderWay<Recorded> | undefined)[] = []
  readonly #slotOf = new Map<Recorded, number>()
  #configurations: readonly Configuration<State>[]
  readonly #width: number
  /** Whether configurations were dropped that might have explained more. */
  hasDropped = false
  #steps = 0

  constructor(search: Search<Recorded, State>, width: number) {
    this.#search = search
    this.#width = width
    this.#configurations = [{ state: search.initial, done: 0n, spent: 0n }]
  }

  run(): Linearization<Recorded, State> {
    const { operations } = this.#search
    const completions = operations
      .filter(({ outcome }) => outcome === 'ok')
      .sort((a, b) => a.completedUs - b.completedUs)
    let next = 0
    for (const operation of completions) {
      // Equal times count as overlap: whatever was invoked by then is under way.
      while (next < operations.length && operations[next]!.invokedUs <= operation.completedUs)
        this.#enter(operations[next++]!)
      const before = this.#configurations
      try {
        this.#configurations = this.#narrow(this.#explain(operation))
      } catch (error) {
        if (!(error instanceof BoundReached)) throw error
        return { kind: 'undecided', bound: error.message, at: operation }
      }
      if (this.#configurations.length === 0) return this.#impossible(operation, before)
      this.#leave(operation)
    }
    return { kind: 'found' }
  }

  #enter(operation: Recorded): void {
    const free = this.#slots.indexOf(undefined)
    const slot = free >= 0 ? free : this.#slots.length
    const deed = operation.outcome === 'unknown' ? JSON.stringify(operation.call) : undefined
    this.#slots[slot] = { operation, bit: 1n << BigInt(slot), deed }
    this.#slotOf.set(operation, slot)
  }

  // Its slot is free again, and so are those of unknown outcomes that have become certain: in every configuration left
  // their bits are set, and are cleared.
  #leave(operation: Recorded): void {
    const slot = this.#slotOf.get(operation)!
    const { bit } = this.#slots[slot]!
    this.#slots[slot] = undefined
    this.#slotOf.delete(operation)
    const certain = this.#configurations.reduce((common, { spent }) => common & spent, -1n)
    for (const [other, underWay] of this.#slots.entries())
      if (underWay !== undefined && (certain & underWay.bit) !== 0n) this.#slots[other] = undefined
    this.#configurations = this.#configurations.map(({ state, done, spent }) => ({
      state,
      done: done & ~bit,
      spent: spent & ~certain,
    }))
  }

  // Every configuration in which the operation has taken effect. Those with fewer unknown operations are met first.
  #explain(operation: Recorded): readonly Configuration<State>[] {
    const { bit } = this.#slots[this.#slotOf.get(operation)!]!
    const met = new Met<State>(this.#search.limits)
    const explained: Configuration<State>[] = []
    let open: Configuration<State>[] = []
    const meet = (configuration: Configuration<State>): void => {
      const settled = this.#settle(configuration)
      if (!met.isNew(settled)) return
      if ((settled.done & bit) === 0n) open.push(settled)
      else explained.push(settled)
    }
    for (const configuration of this.#configurations) meet(configuration)
    while (open.length > 0) {
      const level = this.#narrow(open)
      open = []
      if (explained.length >= this.#width) {
        this.hasDropped = true
        break
      }
      for (const configuration of level) for (const further of this.#changes(configuration)) meet(further)
    }
    return explained
  }

  #narrow(configurations: readonly Configuration<State>[]): readonly Configuration<State>[] {
    if (configurations.length <= this.#width) return configurations
    this.hasDropped = true
    const weighed = configurations.map((configuration) => ({ configuration, weight: bitsOf(configuration.spent) }))
    return weighed
      .sort((a, b) => a.weight - b.weight)
      .slice(0, this.#width)
      .map(({ configuration }) => configuration)
  }

  // J1
  #settle({ state, done, spent }: Configuration<State>): Configuration<State> {
    let settled = done
    for (const underWay of this.#slots) {
      if (underWay === undefined || underWay.deed !== undefined || (settled & underWay.bit) !== 0n) continue
      const step = this.#apply(underWay.operation, state)
      if (step !== undefined && !step.changes) settled |= underWay.bit
    }
    return { state, done: settled, spent }
  }

  // What one more operation that changes the state leads to.
  *#changes({ state, done, spent }: Configuration<State>): Generator<Configuration<State>> {
    const deeds = new Set<string>()
    for (const underWay of this.#slots) {
      if (underWay === undefined || ((done | spent) & underWay.bit) !== 0n) continue
      const { operation, bit, deed } = underWay
      // J2
      if (deed !== undefined && deeds.has(deed)) continue
      if (deed !== undefined) deeds.add(deed)
      const step = this.#apply(operation, state)
      if (!step?.changes) continue
      yield deed === undefined
        ? { state: step.state, done: done | bit, spent }
        : { state: step.state, done, spent: spent | bit }
    }
  }

  #apply(operation: Recorded, state: State): Step<State> | undefined {
    if (++this.#steps > this.#search.limits.stepsMax)
      throw new BoundReached(`stepsMax (${this.#search.limits.stepsMax})`)
    return this.#search.apply(operation, state)
  }

  #impossible(at: Recorded, before: readonly Configuration<State>[]): Linearization<Recorded, State> {
    const concurrent = this.#slots.filter((slot) => slot !== undefined).map(({ operation }) => operation)
    return {
      kind: 'impossible',
      at,
      states: [...new Set(before.map(({ state }) => state))],
      concurrent: concurrent.filter((operation) => operation !== at).sort((a, b) => a.index - b.index),
    }
  }
}

function bitsOf(set: bigint): number {
  let count = 0
  for (let rest = set; rest > 0n; rest &= rest - 1n) count++
  return count
}

/** The configurations met while one completion is explained. */
class Met<State> {
  readonly #limits: Limits
  readonly #spentBy = new Map<string, bigint[]>()
  #size = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Whether the configuration adds anything to those that were met. J3 */
  isNew({ state, done, spent }: Configuration<State>): boolean {
    const key = `${done.toString(36)} ${JSON.stringify(state)}`
    const known = this.#spentBy.get(key)
    if (known === undefined) this.#spentBy.set(key, [spent])
    else if (known.some((less) => (less & spent) === less)) return false
    else known.push(spent)
    if (++this.#size > this.#limits.configurationsMax)
      throw new BoundReached(`configurationsMax (${this.#limits.configurationsMax})`)
    return true
  }
}
