// The harness itself: it must notice an engine that does anything wrong, do the same again from the same seed, and
// reach what it claims to prove.

import {
  Engine,
  type Call,
  type Effects,
  type EngineOptions,
  type LogEntry,
  type QueryAnswer,
  type StateCapture,
  type Transaction,
} from '@streamy-db/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { runCampaign } from './campaign.ts'
import type { EngineMaker } from './node.ts'
import { Simulation } from './simulation.ts'
import { toyVocabulary, type ToySaying } from './toy-vocabulary.ts'
import { workloadOf } from './workload.ts'

const seed = 7
const runs = 300

class Changed extends Engine {
  readonly change: (effects: Effects) => Effects

  constructor(options: EngineOptions, change: (effects: Effects) => Effects) {
    super(options)
    this.change = change
  }

  override takeEffects(): Effects {
    return this.change(super.takeEffects())
  }
}

class Forgetful extends Engine {
  readonly forgets: string

  constructor(options: EngineOptions, forgets: string) {
    super(options)
    this.forgets = forgets
  }

  override captureState(): StateCapture | undefined {
    const capture = super.captureState()
    if (capture === undefined) return undefined
    const changes = (): ReturnType<StateCapture['changes']> =>
      [...capture.changes()].filter(({ key }) => !key.startsWith(this.forgets))
    return { ...capture, changes }
  }
}

class Hasty extends Engine {
  override get resolved(): number {
    return Number.MAX_SAFE_INTEGER
  }
}

class Late extends Engine {
  override deliver(entry: LogEntry, decoded?: readonly Transaction[]): void {
    super.deliver({ ...entry, appendTime: entry.appendTime + (entry.sequence === 3 ? 1 : 0) }, decoded)
  }
}

class Wrong extends Engine {
  override query(call: Call): QueryAnswer {
    return { ...super.query(call), value: 'wrong' }
  }
}

const changed =
  (change: (effects: Effects) => Effects): EngineMaker =>
  (options) =>
    new Changed(options, change)

const faults: readonly (readonly [fault: string, make: EngineMaker])[] = [
  ['keeps replies to itself', changed((effects) => ({ ...effects, replies: [] }))],
  [
    'flips a reply',
    changed((effects) => ({
      ...effects,
      replies: effects.replies.map((reply) =>
        reply.position % 7 === 0 ? { ...reply, outcome: { kind: 'committed', results: ['flipped'] } } : reply,
      ),
    })),
  ],
  [
    'never appends a tell',
    changed((effects) => ({
      ...effects,
      submissions: effects.submissions.filter(({ source }) => source === undefined),
    })),
  ],
  [
    'never appends a retry',
    changed((effects) => ({ ...effects, submissions: effects.submissions.filter(({ attempt }) => attempt === 1) })),
  ],
  ['sends no message', changed((effects) => ({ ...effects, messages: [] }))],
  ['draws other random numbers', (options) => new Engine({ ...options, seed: 'other' })],
  ['runs what an operator skipped', (options) => new Engine({ ...options, skip: new Set() })],
  ['does not store actors', (options) => new Forgetful(options, 'a')],
  ['does not store sessions', (options) => new Forgetful(options, 's')],
  ['does not store requests', (options) => new Forgetful(options, 'r')],
  ['does not store its outbox', (options) => new Forgetful(options, 'o')],
  ['does not store timers', (options) => new Forgetful(options, 't')],
  ['does not store messages for peers', (options) => new Forgetful(options, 'm')],
  ['does not store how far it came', (options) => new Forgetful(options, 'meta')],
  ['says it has resolved what it has not', (options) => new Hasty(options)],
  ['reads another log time', (options) => new Late(options)],
  ['answers queries wrong', (options) => new Wrong(options)],
]

test.each(faults)('an engine that %s is found out', { timeout: 60_000 }, async (_, make) => {
  expect(
    await runCampaign({ vocabulary: toyVocabulary, make, start, file: 'harness.test.ts', seed, runs, shrinks: false }),
  ).toBeDefined()
})

test('the same case runs the same way twice', async () => {
  for (const given of fc.sample(workloadOf(toyVocabulary), { seed, numRuns: 8 })) {
    const [one, two] = [
      new Simulation(given, toyVocabulary, makeEngine),
      new Simulation(given, toyVocabulary, makeEngine),
    ]
    await one.run()
    await two.run()
    expect(one.trace).toEqual(two.trace)
  }
})

test('the cases reach every kind of outcome', { timeout: 60_000 }, async () => {
  const reached = new Map<string, number>()
  for (const given of fc.sample(workloadOf(toyVocabulary), { seed, numRuns: 120 })) {
    const simulation = new Simulation(given, toyVocabulary, makeEngine)
    await simulation.run()
    for (const [kind, times] of simulation.tally) reached.set(kind, (reached.get(kind) ?? 0) + times)
  }
  const kinds = [
    'ACTOR_UNKNOWN',
    'ARGUMENTS_INVALID',
    'ASSERT_FAILED',
    'MESSAGE_UNKNOWN',
    'REQUEST_EXPIRED',
    'TRANSACTION_POISONED',
    'VALUE_TOO_LARGE',
    'attempt 2',
    'attempt 3',
    'attempt 4',
    'committed',
    'tell',
    'thrown',
  ]
  expect(kinds.filter((kind) => (reached.get(kind) ?? 0) < 3)).toEqual([])
})

function start(...given: ConstructorParameters<typeof Simulation<ToySaying>>): Simulation<ToySaying> {
  return new Simulation(...given)
}

function makeEngine(options: EngineOptions): Engine {
  return new Engine(options)
}
