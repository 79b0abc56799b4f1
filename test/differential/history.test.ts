// What an engine says of the past: records and queries as of the end of any batch that it says it can read, whatever
// overlaps behind it, wherever the values lie, and however far a flush has come. The reference says what is right.

import {
  CELL_BYTES,
  Engine,
  freeze,
  indexedPartitions,
  partitionOf,
  type ActorRecord,
  type EngineOptions,
  type LogEntry,
  type PeerMessage,
  type SnapshotAnswer,
  type Transaction,
} from '@streamy-db/core'
import {
  keyIn,
  keyPrefixes,
  lookCall,
  partitionPrefix,
  scriptCall,
  ToyProgram,
  toyRef,
  toyTransaction,
} from '@streamy-db/core/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReferenceExecutor } from '../reference/reference-executor.ts'
import { inOneLine } from './in-one-line.ts'
import { Node } from './node.ts'
import { entryOf } from './world.ts'

const partitions = 2
const here = [0, 1, 2].map((which) => keyIn(0, partitions, which))
const there = keyIn(1, partitions)
const keys = [...here, there]

/** Two engines, of which the second one answers when it is told to: until then what needs it stays in flight. */
class Past {
  readonly log: LogEntry[] = []
  readonly nodes: readonly Node[]
  readonly #messages: PeerMessage[] = []

  constructor(actorsCachedMax: number) {
    const cacheBytesMax = actorsCachedMax * CELL_BYTES
    this.nodes = [0, 1].map((own) => {
      const owned = (partition: number): boolean => partition === own
      const options = { program: new ToyProgram(), partitions, seed: 'past', owned, cacheBytesMax }
      const make = (engine: EngineOptions): Engine => new Engine(engine)
      return new Node(`${own}`, options, make, ({ messages }) => void this.#messages.push(...messages))
    })
  }

  get engine(): Engine {
    return this.nodes[0]!.engine
  }

  append(transaction: Transaction): void {
    const sequence = this.log.length + 1
    const bytes = entryOf([{ transaction, partitions: indexedPartitions(transaction, partitions) }])
    this.log.push({ sequence, appendTime: sequence * 1000, bytes })
    this.nodes[0]!.deliver(this.log.at(-1)!, undefined)
  }

  /** Lets the other engine read on, and everything arrive. */
  exchange(): void {
    const other = this.nodes[1]!
    while (other.engine.next <= this.log.length) other.deliver(this.log[other.engine.next - 1]!, undefined)
    for (let message = this.#messages.shift(); message !== undefined; message = this.#messages.shift())
      this.nodes[message.kind === 'ask' ? message.from : message.to]!.receive(message)
  }

  /** Every batch, with what the reference holds then. */
  *states(): Iterable<{ readonly sequence: number; readonly reference: ReferenceExecutor }> {
    const reference = new ReferenceExecutor({ program: new ToyProgram(), partitions, seed: 'past' })
    for (const entry of this.log) {
      reference.execute(entry)
      yield { sequence: entry.sequence, reference }
    }
  }
}

// What it answers wrong, in words: for every batch within its range what the reference holds, beyond it nothing.
function wrongIn(past: Past): string[] {
  const { engine } = past
  const wrong: string[] = []
  const compare = (what: string, answer: unknown, expected: unknown): void => {
    if (inOneLine(answer) !== inOneLine(expected))
      wrong.push(`${what}: ${inOneLine(answer)}, not ${inOneLine(expected)}`)
  }
  for (const { sequence, reference } of past.states()) {
    const readable = sequence >= engine.captured.sequence && sequence <= engine.resolvedBatch
    compare(`can read ${sequence}`, engine.canReadAt(sequence), readable)
    const held = keys.map((key) => stored(reference, key))
    for (const [index, key] of here.entries())
      compare(
        `${key} at ${sequence}`,
        engine.recordAt(toyRef(key), sequence),
        readable ? { bytes: held[index] } : 'gone',
      )
    const ask = (fetched: ReadonlyMap<string, ActorRecord | undefined>): SnapshotAnswer =>
      engine.queryAt(lookCall(here[0]!, keys), sequence, fetched)
    compare(`a bare query at ${sequence}`, inShort(ask(new Map())), readable ? `missing ${there}` : 'gone')
    const foreign = held.at(-1) && engine.decodeRecord(toyRef(there), held.at(-1)!)
    const answer = inShort(ask(new Map([[toyRef(there).id, foreign]])))
    compare(`a query at ${sequence}`, answer, readable ? reference.query(lookCall(here[0]!, keys)) : 'gone')
  }
  return wrong
}

function inShort(answer: SnapshotAnswer): unknown {
  if (answer.kind === 'answer') return answer.value
  return answer.kind === 'missing' ? `missing ${answer.ref.key}` : 'gone'
}

test('any batch from the last captured to the last resolved one can be read as the reference holds it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('write', 'write', 'wait', 'exchange', 'persist'), { maxLength: 30 }),
      fc.array(fc.nat(2), { minLength: 30, maxLength: 30 }),
      fc.constantFrom(1, 2, 100),
      async (steps, which, cached) => {
        const past = new Past(cached)
        for (const [index, step] of steps.entries()) {
          const key = here[which[index]!]!
          const number = past.log.length + 1
          if (step === 'write') past.append(toyTransaction(number, [scriptCall(key, [['add', number]])]))
          else if (step === 'wait') past.append(waiting(number, key))
          else if (step === 'exchange') past.exchange()
          else await past.nodes[0]!.persist()
          expect(wrongIn(past)).toEqual([])
        }
      },
    ),
    { numRuns: 60 },
  )
  expect.hasAssertions()
})

test('what is left of an actor that was destroyed can be read as of before', () => {
  const past = new Past(100)
  past.append(toyTransaction(1, [scriptCall(here[0]!, [['add', 1]])]))
  past.append(toyTransaction(2, [scriptCall(here[0]!, [['destroy']])]))
  const [before, after] = [1, 2].map((sequence) => past.engine.recordAt(toyRef(here[0]!), sequence))
  expect(before).toEqual({ bytes: expect.any(Uint8Array) })
  expect(after).toEqual({ bytes: undefined })
})

test('where P = 1 and nothing overlaps only the newest batch can be read', () => {
  const options = { program: new ToyProgram(), partitions: 1, seed: 'past', owned: () => true }
  const node = new Node(
    'one',
    options,
    (engine) => new Engine(engine),
    () => {},
  )
  for (const sequence of [1, 2]) {
    const transaction = toyTransaction(sequence, [scriptCall('a', [['add', 1]])])
    const bytes = entryOf([{ transaction, partitions: [] }])
    node.deliver({ sequence, appendTime: sequence, bytes }, undefined)
  }
  expect([0, 1, 2, 3].map((sequence) => node.engine.canReadAt(sequence))).toEqual([false, false, true, false])
  expect(node.engine.queryAt(lookCall('a'), 1, new Map())).toEqual({ kind: 'gone' })
})

test('a capture stops where it is told to, and the rest is captured later', async () => {
  const past = new Past(100)
  for (const number of [1, 2, 3]) past.append(toyTransaction(number, [scriptCall(here[0]!, [['add', number]])]))
  const { engine } = past
  expect(engine.captureState(0)).toBeUndefined()
  expect(engine.captureState(2)?.progress.sequence).toBe(2)
  expect([engine.captured.sequence, engine.canReadAt(1), engine.canReadAt(2)]).toEqual([2, false, true])
  engine.stateFlushed()
  expect(engine.captureState(2)).toBeUndefined()
  expect(engine.captureState()?.progress.sequence).toBe(3)
})

test('the outcome of a request is known at its home until its session has it', () => {
  const past = new Past(100)
  const add = toyTransaction(1, [scriptCall(here[0]!, [['add', 1]])])
  const request = add.request!
  const outcome = (): unknown => past.engine.outcome(0, request)?.outcome
  expect(outcome()).toBeUndefined()
  past.append(add)
  expect(outcome()).toEqual({ kind: 'committed', results: [freeze(1, 'result')] })
  expect(past.engine.outcome(0, { ...request, sequence: 2 })).toBeUndefined()
  const next = toyTransaction({ ...request, sequence: 2, answeredBelow: 2 }, [scriptCall(here[1]!, [])])
  past.append(next)
  expect(outcome()).toBeUndefined()
})

test('messages that a checkpoint covers are let go, and whoever asks is told', () => {
  const past = new Past(100)
  past.append(waiting(1, here[0]!))
  past.exchange()
  const other = past.nodes[1]!.engine
  const ask = { kind: 'ask', position: 4097, from: 1, to: 0 } as const
  other.receive(ask)
  expect(other.takeEffects().messages.map(({ kind }) => kind)).toEqual(['values'])
  other.trimMessages(0)
  other.receive(ask)
  expect(other.takeEffects().messages.map(({ kind }) => kind)).toEqual(['values'])
  other.trimMessages(1)
  other.receive(ask)
  expect(other.takeEffects().messages).toEqual([{ kind: 'unheld', position: 4097, from: 1, to: 0 }])
})

// A transaction that stays in flight until the other engine has sent what it holds.
function waiting(number: number, key: string): Transaction {
  return toyTransaction(number, [scriptCall(key, [['look', there]])], {
    touches: [{ ref: toyRef(there), mode: 'read' }],
  })
}

function stored(reference: ReferenceExecutor, key: string): Uint8Array | undefined {
  const partition = partitionOf(toyRef(key), partitions)
  return reference.entriesOf(partition).get(partitionPrefix(keyPrefixes.actor, partition) + toyRef(key).id)
}
