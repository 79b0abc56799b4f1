// Temper: the character of one case. Some are all crashes, some hardly deliver, some are nearly in step; without this,
// every case would be the same mild mixture.

import type { Dice } from './dice.ts'

/** What the scheduler does next. */
export type Action = 'append' | 'deliver' | 'transport' | 'ask' | 'persist' | 'restart' | 'check'

/** How a case behaves while faults last. */
export interface Temper {
  readonly weights: Readonly<Record<Action, number>>
  /** Of messages and submissions. */
  readonly loss: number
  readonly repeats: number
  /** How eagerly each node reads the log. */
  readonly paces: readonly number[]
  /** How often an engine is handed the very transactions that an entry was made from. */
  readonly decodes: number
  /** How often a retry is appended with no more than the footprint that it must have. */
  readonly bareRetries: number
  readonly transactionsPerEntryMax: number
  /** Chaos after the last item of the workload. */
  readonly extraSteps: number
  /** How likely a node restarts between the rounds of the calm after the chaos. */
  readonly lateRestarts: number
}

/** Rolls the temper of a case with so many nodes. */
export function rollTemper(dice: Dice, nodes: number): Temper {
  return {
    weights: {
      append: 1 + dice.below(4),
      deliver: 2 + dice.below(9),
      transport: 2 + dice.below(9),
      ask: dice.pick([0.1, 0.5, 1]),
      persist: dice.pick([0, 1, 4]),
      restart: dice.pick([0, 0.2, 0.8]),
      check: 2,
    },
    loss: dice.pick([0, 0.1, 0.5]),
    repeats: dice.pick([0, 0.2, 0.5]),
    paces: Array.from({ length: nodes }, () => dice.pick([0.1, 1, 1])),
    decodes: dice.pick([0, 0.5, 1]),
    bareRetries: dice.pick([0, 0.5, 1]),
    transactionsPerEntryMax: dice.pick([1, 3, 8]),
    extraSteps: dice.pick([0, 30, 100]),
    lateRestarts: dice.pick([0, 0.5]),
  }
}
