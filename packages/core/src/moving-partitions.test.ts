// Engines whose partitions belong to different workers than those that execute them, driven by hand: what they send each
// other, what they keep of it, and what they say when they do not hold it.

import { describe, expect, it } from 'vitest'
import { BatchBuilder } from './batch-builder.ts'
import { encodeControlBatch } from './batch-codec.ts'
import { ByteWriter } from './byte-writer.ts'
import { Engine } from './engine.ts'
import type { EngineOptions } from './engine.ts'
import { indexedPartitions } from './footprint.ts'
import type { LogEntry } from './log.ts'
import { encodeChange, targetsOf } from './membership.ts'
import type { MembershipChange, View } from './membership.ts'
import { MemoryStateStore } from './memory-state-store.ts'
import type { Reply } from './outcome.ts'
import { destinationOf } from './peer-message.ts'
import type { PeerMessage } from './peer-message.ts'
import { indexOf, positionOf } from './position.ts'
import type { PartitionId } from './position.ts'
import { ToyProgram } from './testing/toy-program.ts'
import { scriptCall, toyRef } from './testing/toy-script.ts'
import { keyIn, request, toyTransaction } from './testing/toy-transactions.ts'
import type { Transaction } from './transaction.ts'

const partitions = 3
const [x, y, z] = [0, 1, 2].map((partition) => keyIn(partition, partitions)) as [string, string, string]

/** Workers `a`, `b` and `c`; each owns the partition of its place in the alphabet. */
const view: View = {
  number: 1,
  fingerprint: 'code',
  members: ['a', 'b', 'c'].map((name) => ({ name, incarnation: '1', phase: 'ready' }) as const),
  owners: ['a', 'b', 'c'],
}

/** One log and the engines that read it. */
class Scene {
  readonly #partitions: number
  #clock = 0

  constructor(count = partitions) {
    this.#partitions = count
  }

  readonly log: LogEntry[] = []
  readonly engines: Engine[] = []
  readonly replies: Reply[] = []

  engine(name: string, executed: readonly PartitionId[], changes: Partial<EngineOptions> = {}): Engine {
    const engine = new Engine({
      program: new ToyProgram(),
      store: new MemoryStateStore(),
      partitions: this.#partitions,
      seed: 'scene',
      owned: (partition) => executed.includes(partition),
      worker: { name, incarnation: '1' },
      firstView: view,
      ...changes,
    })
    this.engines.push(engine)
    return engine
  }

  append(...transactions: readonly Transaction[]): void {
    const builder = new BatchBuilder()
    for (const transaction of transactions) builder.add(transaction, indexedPartitions(transaction, this.#partitions))
    this.#grow(builder.take())
  }

  change(change: MembershipChange): void {
    const out = new ByteWriter()
    encodeChange(out, change)
    this.#grow(encodeControlBatch('member', out.take()))
  }

  /** Lets time pass before the next entry. */
  wait(us: number): void {
    this.#clock += us
  }

  /** Takes the last entry for one that a client wrote. */
  restrict(): void {
    this.log.push({ ...this.log.pop()!, restrictedTo: 'client' })
  }

  /** Delivers and exchanges until nothing moves; answers what is said not to be held, by engine. */
  settle(): PartitionId[][] {
    const unheld = this.engines.map(() => new Set<PartitionId>())
    for (let round = 0; round < 8; round++) {
      let moved = true
      while (moved) {
        moved = false
        for (const [index, engine] of this.engines.entries()) {
          while (engine.wantsMore && engine.next <= this.log.length) engine.deliver(this.log[engine.next - 1]!)
          const effects = engine.takeEffects()
          this.replies.push(...effects.replies)
          for (const partition of effects.unheld) unheld[index]!.add(partition)
          if (effects.messages.length > 0) moved = this.#carry(effects.messages)
        }
      }
      for (const engine of this.engines) engine.askAgain()
    }
    return unheld.map((each) => Array.from(each))
  }

  isSettled(): boolean {
    return this.engines.every(({ resolvedBatch }) => resolvedBatch === this.log.length)
  }

  #carry(messages: readonly PeerMessage[]): boolean {
    for (const message of messages)
      for (const engine of this.engines)
        if (engine.ownership.executesAt(destinationOf(message), engine.resolvedBatch + 1)) engine.receive(message)
    return true
  }

  #grow(bytes: Uint8Array): void {
    const sequence = this.log.length + 1
    this.#clock += 1000
    this.log.push({ sequence, appendTime: this.#clock, bytes })
  }
}

const votes = toyTransaction(1, [scriptCall(x, [['add', 1]]), scriptCall(y, [['add', 1]]), scriptCall(z, [['add', 1]])])
const atHome = toyTransaction(2, [scriptCall(y, [['call', x, [['add', 1]]]])], {
  touches: [
    { ref: toyRef(x), mode: 'write' },
    { ref: toyRef(z), mode: 'read' },
  ],
})
const exclusiveScript = [['call', x, [['add', 1]]] as const, ['call', z, [['add', 1]]] as const]
const exclusive = toyTransaction(3, [scriptCall(y, exclusiveScript)], { attempt: 4 })
// The fourth attempt counts only where three were recorded; elsewhere home releases everyone all the same.
const workload = [votes, atHome, exclusive]

describe('a partition that is executed on several engines', () => {
  it('gets what its owner waits for also from an engine that executes it silently beside the sender', () => {
    const scene = new Scene()
    scene.engine('a', [0, 1])
    scene.engine('b', [1])
    scene.engine('c', [2])
    for (const transaction of workload) scene.append(transaction)
    expect(scene.settle()).toEqual([[], [], []])
    expect(scene.isSettled()).toBe(true)
  })

  it('is no deadlock for two engines that each execute it beside somebody whom the other waits for', () => {
    const scene = new Scene()
    const nobody: View = { ...view, owners: [undefined, undefined, undefined] }
    scene.engine('a', [0, 1], { firstView: nobody })
    scene.engine('b', [1, 2], { firstView: nobody })
    for (const transaction of workload) scene.append(transaction)
    scene.settle()
    expect(scene.isSettled()).toBe(true)
    expect(scene.replies).toEqual([])
    const [one, two] = scene.engines.map((engine) => engine.stateHashes().get(1))
    expect(one).toBe(two)
  })

  it('keeps nothing for one that is served by the same engine, and whoever asks is told so', () => {
    const scene = new Scene()
    const together: View = { ...view, owners: ['a', 'a', 'c'] }
    scene.engine('a', [0, 1], { firstView: together })
    scene.engine('c', [2], { firstView: together })
    scene.append(votes)
    scene.settle()
    scene.engine('b', [1], { firstView: together })
    expect(scene.settle()).toEqual([[], [], [0]])
    expect(scene.engines[2]!.waitsFor()).toEqual(new Set([0]))
  })
})

describe('an engine made again with an extra partition', () => {
  it('comes to the place where it lacked something, although the view changes before it', () => {
    const scene = new Scene()
    const together: View = { ...view, owners: ['a', 'a', 'c'] }
    scene.engine('a', [0, 1], { firstView: together })
    scene.engine('c', [2], { firstView: together })
    scene.change({ kind: 'leave', name: 'b', incarnation: '1' })
    scene.append(votes)
    scene.settle()
    const again = scene.engine('c', [2, 1], { firstView: together, extra: new Set([1]), catchUpTo: 2 })
    while (again.next <= 2) {
      again.deliver(scene.log[again.next - 1]!)
      expect(again.ownership.executesAt(1, again.next - 1)).toBe(true)
    }
    expect(again.ownership.executed).toEqual([2])
  })
})

// Found by seed 33 of the simulation: a message waited for its second attempt for ever.
describe('a partition that was gained', () => {
  it('appends the next attempt also of what misses only then, at a position of before', () => {
    const scene = new Scene()
    const gained = targetsOf({ ...view, members: view.members.slice(1) })[0]!
    const other = gained === 'b' ? 'c' : 'b'
    const owners = ['a', other, gained]
    const engine = scene.engine(gained, [0, 2], { firstView: { ...view, owners } })
    const waiting = toyTransaction(1, [scriptCall(x, [['call', y, [['add', 1]]]])], {
      touches: [{ ref: toyRef(y), mode: 'write' }],
    })
    scene.append(waiting, toyTransaction(2, [scriptCall(x, [['call', z, [['add', 1]]]])]))
    scene.change({ kind: 'evict', name: 'a', incarnation: '1', view: view.number })
    scene.change({ kind: 'ready', name: gained, incarnation: '1', partitions: [0] })
    for (const entry of scene.log) engine.deliver(entry)
    expect([engine.ownership.live, engine.takeEffects().submissions]).toEqual([[0, 2], []])
    const sender = scene.engine(other, [1], { firstView: { ...view, owners } })
    sender.deliver(scene.log[0]!)
    for (const message of sender.takeEffects().messages) engine.receive(message)
    expect(engine.takeEffects().submissions.map(({ attempt }) => attempt)).toEqual([2])
  })
})

describe('a partition that was left', () => {
  it.each([1, 3])('runs no timers any more where it was, with %i partitions', (count) => {
    const scene = new Scene(count)
    const owners = Array.from({ length: count }, () => 'a')
    const members = view.members.slice(0, 1)
    const engine = scene.engine('a', [0], { firstView: { ...view, members, owners } })
    const key = keyIn(0, count)
    scene.append(
      toyTransaction(1, [
        scriptCall(key, [
          [
            'timer',
            10_000,
            [
              ['add', 1],
              ['throw', 'late'],
            ],
            [],
          ],
        ]),
      ]),
    )
    scene.change({ kind: 'evict', name: 'a', incarnation: '1', view: view.number })
    scene.wait(60_000)
    scene.change({ kind: 'join', name: 'b', incarnation: '1', fingerprint: 'code' })
    scene.settle()
    expect(engine.version(toyRef(key))).toBe(positionOf(1, 1))
  })

  it('no longer sends its tells, and does not keep others from sending theirs', () => {
    const scene = new Scene()
    const engine = scene.engine('a', [0], { firstView: { ...view, owners: ['a', undefined, undefined] } })
    scene.append(toyTransaction(1, [scriptCall(x, [['tell', y, [['add', 1]], []]])]))
    while (engine.next <= 1) engine.deliver(scene.log[engine.next - 1]!)
    expect(engine.takeEffects().submissions).toHaveLength(1)
    scene.change({ kind: 'evict', name: 'a', incarnation: '1', view: view.number })
    engine.deliver(scene.log[1]!)
    engine.askAgain()
    expect(engine.takeEffects().submissions).toEqual([])
  })
})

describe('what a client may not write', () => {
  const tell = toyTransaction(request(4096, { session: '~0', suffix: 'made up' }), [scriptCall(x, [['add', 1]])], {
    source: 0,
  })
  const retry = { ...votes, attempt: 2 }
  const own = toyTransaction(request(9, { session: 'client.9' }), [scriptCall(x, [['add', 5]])])

  it('is void on every engine alike: tells and retries, but not what stands beside them', () => {
    const scene = new Scene()
    for (const [index, name] of ['a', 'b', 'c'].entries()) scene.engine(name, [index])
    scene.append(tell, retry, own)
    scene.restrict()
    const incidents = scene.engines.map((engine) => {
      engine.deliver(scene.log[0]!)
      return engine.takeEffects().incidents.map(({ kind, position }) => [kind, indexOf(position)])
    })
    expect(incidents).toEqual([
      [
        ['void-transaction', 1],
        ['void-transaction', 2],
      ],
      [['void-transaction', 2]],
      [['void-transaction', 2]],
    ])
    expect(scene.engines[0]!.version(toyRef(x))).toBe(positionOf(1, 3))
  })

  it.each(['member', 'checkpoint', 'create', 'tick'] as const)('is void: an entry of the kind %s', (kind) => {
    const scene = new Scene()
    const engine = scene.engine('a', [0])
    const out = new ByteWriter()
    if (kind === 'member') encodeChange(out, { kind: 'evict', name: 'a', incarnation: '1', view: view.number })
    engine.deliver({ sequence: 1, appendTime: 5, bytes: encodeControlBatch(kind, out.take()), restrictedTo: 'client' })
    const { incidents, checkpoints } = engine.takeEffects()
    expect([incidents.map((incident) => incident.kind), checkpoints]).toEqual([['void-batch'], []])
    expect([engine.view, engine.ownership.live, engine.scanned.sequence]).toEqual([view, [0], 1])
  })

  it('counts when a worker writes it', () => {
    const scene = new Scene()
    scene.engine('a', [0])
    scene.append(tell)
    scene.settle()
    expect(scene.replies).toHaveLength(1)
  })
})

it('answers what was fetched before it came with what the transaction finds, also where it runs all of it', () => {
  const { all, home, last } = exclusiveOver([x, z, keyIn(0, partitions, 1)])
  const fetches = home.takeEffects().messages.filter(({ kind }) => kind === 'fetch')
  expect(fetches).toHaveLength(1)
  for (const fetch of fetches) all.receive(fetch)
  all.deliver(last)
  const values = all.takeEffects().messages.filter((message) => message.kind === 'values')
  expect(values.flatMap(({ records }) => records)).toEqual([{ ref: toyRef(x), bytes: undefined }])
})

it('says that it holds no more than what it was asked for in time, also where it holds some of it', () => {
  const { all, home, last } = exclusiveOver([x, keyIn(0, partitions, 1), z])
  for (const fetch of home.takeEffects().messages) all.receive(fetch)
  all.deliver(last)
  for (const values of all.takeEffects().messages) home.receive(values)
  for (const fetch of home.takeEffects().messages) all.receive(fetch)
  const late = all.takeEffects().messages
  expect(late.map(({ kind, from }) => [kind, from])).toEqual([
    ['values', 0],
    ['unheld', 0],
  ])
  for (const message of late) home.receive(message)
  expect(home.takeEffects().unheld).toEqual([0])
})

// The fourth attempt of a transaction that calls these actors: one engine has all partitions and has not read it, and one
// has only home, and begins it.
function exclusiveOver(called: readonly string[]): { all: Engine; home: Engine; last: LogEntry } {
  const scene = new Scene()
  const all = scene.engine('a', [0, 1, 2])
  const home = scene.engine('b', [1])
  const script = called.map((key) => ['call', key, [['add', 1]]] as const)
  for (let attempt = 1; attempt < 4; attempt++) {
    const touches = called.slice(0, attempt - 1).map((key) => ({ ref: toyRef(key), mode: 'write' as const }))
    scene.append(toyTransaction(request(7), [scriptCall(y, script)], { attempt, touches }))
  }
  scene.settle()
  scene.append(toyTransaction(request(7), [scriptCall(y, script)], { attempt: 4 }))
  const last = scene.log.at(-1)!
  home.deliver(last)
  return { all, home, last }
}
