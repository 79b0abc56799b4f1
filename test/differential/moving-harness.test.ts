// The harness for moving partitions itself: it must notice workers that do anything wrong about them, do the same again
// from the same seed, and reach what it claims to prove.

import {
  encodeControlBatch,
  Engine,
  controlBody,
  openBatch,
  type Effects,
  type EngineOptions,
  type LogEntry,
  type Sequence,
  type StateCapture,
  type Transaction,
  type View,
} from '@streamy-db/core'
import { Ownership, TransactionsInFlight } from '@streamy-db/core/testing'
import * as fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { runCampaign } from './campaign.ts'
import { MovingSimulation } from './moving-simulation.ts'
import type { EngineMaker } from './node.ts'
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

// Writes a state that is older or newer than the checkpoint it is for.
class Overshooting extends Engine {
  override captureState(): StateCapture | undefined {
    return super.captureState()
  }
}

class Secretive extends Engine {
  override outcome(): undefined {
    return undefined
  }
}

// Reads nothing in evictions.
class Stubborn extends Engine {
  override deliver(entry: LogEntry, decoded?: readonly Transaction[]): void {
    const batch = openBatch(entry.bytes)
    const evicts = batch.kind === 'member' && controlBody(batch)[0] === 3
    super.deliver(evicts ? { ...entry, bytes: encodeControlBatch('tick', new Uint8Array(0)) } : entry, decoded)
  }
}

class Forgetful extends Engine {
  override captureState(last?: number): StateCapture | undefined {
    const capture = super.captureState(last)
    if (capture === undefined) return undefined
    const changes = (): ReturnType<StateCapture['changes']> =>
      Array.from(capture.changes()).filter(({ key }) => !key.startsWith('m'))
    return { ...capture, changes }
  }

  override takeEffects(): Effects {
    const effects = super.takeEffects()
    return { ...effects, messages: effects.messages.filter(({ kind }) => kind !== 'unheld') }
  }
}

// Believes clients everything.
class Trusting extends Engine {
  override deliver(entry: LogEntry, decoded?: readonly Transaction[]): void {
    const { restrictedTo: _, ...trusted } = entry
    super.deliver(trusted, decoded)
  }
}

class Mute extends Engine {
  override askAgain(): void {
    super.askAgain()
    super.takeEffects()
  }
}

const changed =
  (change: (effects: Effects) => Effects): EngineMaker =>
  (options) =>
    new Changed(options, change)

const faults: readonly (readonly [fault: string, make: EngineMaker])[] = [
  ['answers for partitions that are not its own', (options) => new Engine(nobodys(options))],
  ['ignores that something is not held', changed((effects) => ({ ...effects, unheld: [] }))],
  [
    'does not say what it does not hold',
    changed((effects) => ({ ...effects, messages: effects.messages.filter(({ kind }) => kind !== 'unheld') })),
  ],
  ['forgets what it keeps for peers at a restart, and says nothing', (options) => new Forgetful(options)],
  ['leaves extra partitions with the first view', (options) => new Engine({ ...options, catchUpTo: 0 })],
  ['captures beyond a checkpoint', (options) => new Overshooting(options)],
  ['knows no outcomes', (options) => new Secretive(options)],
  ['does not read evictions', (options) => new Stubborn(options)],
  ['never submits again what a partition was left with', (options) => new Mute(options)],
  ['takes what clients write for what workers write', (options) => new Trusting(options)],
]

// Faults of parts, for all engines of a test. Each is put in before its campaign and taken out after it.
const change = original('change')
const passed = original('passed')
const isLive = original('isLive')
const brokenParts: readonly (readonly [fault: string, breakIt: () => void])[] = [
  [
    'becomes live a batch early',
    () => {
      vi.spyOn(Ownership.prototype, 'isLive').mockImplementation(function (this: Ownership, partition, position) {
        return isLive.call(this, partition, position) || isLive.call(this, partition, position + 2 * 4096)
      })
    },
  ],
  [
    'leaves a batch late',
    () => {
      const views = new WeakMap<Ownership, View>()
      const late = new WeakMap<Ownership, View>()
      const changedAt = new WeakMap<Ownership, Sequence>()
      vi.spyOn(Ownership.prototype, 'change').mockImplementation(function (this: Ownership, view, sequence) {
        const before = views.get(this)
        views.set(this, view)
        if (!this.live.some((partition) => before?.owners[partition] !== view.owners[partition]))
          return change.call(this, view, sequence)
        late.set(this, view)
        changedAt.set(this, sequence)
        return []
      })
      vi.spyOn(Ownership.prototype, 'passed').mockImplementation(function (this: Ownership, sequence) {
        const view = late.get(this)
        if (view === undefined || changedAt.get(this) === sequence) return passed.call(this, sequence)
        late.delete(this)
        return [...change.call(this, view, sequence), ...passed.call(this, sequence)]
      })
    },
  ],
  [
    'runs timers of partitions that it left',
    () => void vi.spyOn(TransactionsInFlight.prototype, 'executesAt').mockReturnValue(true),
  ],
  [
    'keeps to itself what it sends to partitions that it does not serve',
    () => {
      vi.spyOn(TransactionsInFlight.prototype, 'serves').mockImplementation(function (this: TransactionsInFlight, to) {
        return this.isLocal(to)
      })
    },
  ],
]

afterEach(() => void vi.restoreAllMocks())

test.each(faults)('a worker whose engine %s is found out', { timeout: 120_000 }, async (_, make) => {
  expect(await found(make)).toBeDefined()
})

test.each(brokenParts)('an engine that %s is found out', { timeout: 120_000 }, async (_, breakIt) => {
  breakIt()
  expect(await found(makeEngine)).toBeDefined()
})

test('the same case runs the same way twice', async () => {
  for (const given of fc.sample(workloadOf(toyVocabulary), { seed, numRuns: 8 })) {
    const [one, two] = [start(given, toyVocabulary, makeEngine), start(given, toyVocabulary, makeEngine)]
    await one.run()
    await two.run()
    expect(one.trace).toEqual(two.trace)
  }
})

test('the cases reach every kind of move', { timeout: 60_000 }, async () => {
  const reached = new Map<string, number>()
  for (const given of fc.sample(workloadOf(toyVocabulary), { seed, numRuns: 120 })) {
    const simulation = start(given, toyVocabulary, makeEngine)
    await simulation.run()
    for (const [kind, times] of [...simulation.moves, ...simulation.tally])
      reached.set(kind, (reached.get(kind) ?? 0) + times)
  }
  const kinds = ['join', 'ready', 'leave', 'evict', 'crash', 'blackout', 'unheld', 'attempt 4', 'tell']
  expect(kinds.filter((kind) => (reached.get(kind) ?? 0) < 3)).toEqual([])
})

async function found(make: EngineMaker): Promise<string | undefined> {
  return await runCampaign({
    vocabulary: toyVocabulary,
    make,
    start,
    file: 'moving-harness.test.ts',
    seed,
    runs,
    shrinks: false,
  })
}

function start(...given: ConstructorParameters<typeof MovingSimulation<ToySaying>>): MovingSimulation<ToySaying> {
  return new MovingSimulation(...given)
}

function makeEngine(options: EngineOptions): Engine {
  return new Engine(options)
}

// Without a worker there are no views, and all that is executed is live.
function nobodys(options: EngineOptions): EngineOptions {
  const { worker, ...rest } = options
  return worker === undefined ? options : rest
}

function original<Name extends 'change' | 'passed' | 'isLive'>(name: Name): Ownership[Name] {
  return Object.getOwnPropertyDescriptor(Ownership.prototype, name)!.value as Ownership[Name]
}
