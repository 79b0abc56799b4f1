// MovingTemper: the character of one case in which partitions move: how bad its network is, and how restless its workers.

import type { Dice } from './dice.ts'

/** What the scheduler does next. */
export type MovingAction =
  | 'append'
  | 'deliver'
  | 'transport'
  | 'ask'
  | 'persist'
  | 'check'
  | 'tend'
  | 'checkpoint'
  | 'trim'
  | 'start'
  | 'crash'
  | 'leave'
  | 'evict'
  | 'blackout'

/** How a case behaves while faults last. */
export interface MovingTemper {
  readonly weights: Readonly<Record<MovingAction, number>>
  /** Of messages, submissions, entries about members, and replies. */
  readonly loss: number
  readonly repeats: number
  /** How eagerly each worker reads the log. */
  readonly paces: readonly number[]
  /** How often an engine is handed the very transactions that an entry was made from. */
  readonly decodes: number
  /** How often an entry is written by somebody who may only send transactions of its own. */
  readonly restricted: number
  /** How often a crash leaves the disk. */
  readonly keepsDisk: number
  readonly transactionsPerEntryMax: number
  readonly extraSteps: number
}

/** Rolls the temper of a case with so many workers. */
export function rollMovingTemper(dice: Dice, workers: number): MovingTemper {
  const restless = dice.pick([0.1, 0.3, 1])
  return {
    weights: {
      append: 1 + dice.below(4),
      deliver: 6 + dice.below(12),
      transport: 4 + dice.below(14),
      ask: dice.pick([0.3, 1]),
      persist: dice.pick([2, 5]),
      check: 2,
      tend: 3 + dice.below(6),
      checkpoint: dice.pick([0, 0.3, 1]),
      trim: 0.5,
      start: 1,
      crash: restless * dice.pick([0.1, 1]),
      leave: restless * dice.pick([0, 1]),
      evict: restless * dice.pick([0, 0.5]),
      blackout: dice.pick([0, 0.05]),
    },
    loss: dice.pick([0, 0.1, 0.4]),
    repeats: dice.pick([0, 0.2, 0.5]),
    paces: Array.from({ length: workers }, () => dice.pick([0.2, 1, 1])),
    decodes: dice.pick([0, 0.5, 1]),
    restricted: dice.pick([0, 0.3]),
    keepsDisk: dice.pick([0, 0.5, 1]),
    transactionsPerEntryMax: dice.pick([1, 3, 8]),
    extraSteps: dice.pick([0, 100, 300]),
  }
}
