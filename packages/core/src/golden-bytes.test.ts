// Golden bytes: what the formats of today make of one of everything that is written to a disk or sent to another worker.
// The fixture stays in the repository for as long as anyone may hold such bytes: a test that fails here has found a
// change of the format, which needs another version and a way to read this one, never another fixture.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ActorRecord, ActorValue } from './actor-record.ts'
import { BatchBuilder } from './batch-builder.ts'
import { controlBody, encodeControlBatch, openBatch, transactionIn, transactionsOf, type Batch } from './batch-codec.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { freeze, thaw, type Datum } from './datum.ts'
import type { Outcome } from './outcome.ts'
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from './peer-message.ts'
import { positionOf } from './position.ts'
import {
  decodeActorRecord,
  decodeOutboxRecord,
  decodeProgress,
  decodeRequestRecord,
  decodeSession,
  encodeActorRecord,
  encodeOutboxRecord,
  encodeProgress,
  encodeRequestRecord,
  encodeSession,
} from './state-format.ts'
import { ToyProgram } from './testing/toy-program.ts'
import { actorRef, type Transaction } from './transaction.ts'

interface Sample {
  readonly name: string
  readonly value: unknown
  readonly encode: () => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

// What version 3 changed stands over what it left.
const golden = { ...fixture(2), ...fixture(3) }

const program = new ToyProgram()
const [alice, bob] = [actorRef('Account', 'alice'), actorRef('Account', 'bøb/\u{1F600}')]
const value = {
  text: 'ä\u{1F600}',
  minus: -0,
  nan: NaN,
  big: -(2n ** 70n),
  none: undefined,
  nothing: null,
  yes: true,
  list: [1, -5, 0.1, { id: 1 }, { id: 2 }],
  map: new Map([['k', new Set([1])]]),
  date: new Date(1_700_000_000_000),
  bytes: Uint8Array.of(0, 255),
}
const data: readonly Datum[] = [
  freeze(value, 'it'),
  1,
  -7,
  2 ** 40,
  0.5,
  -0,
  NaN,
  'x',
  12n,
  null,
  undefined,
  true,
  false,
]
const transaction: Transaction = {
  request: { session: 'client-1', sequence: 42, suffix: '', answeredBelow: 40, seenTime: 1_700_000_000_000_000 },
  attempt: 2,
  source: 3,
  asserts: [
    { ref: alice, version: positionOf(7, 1) },
    { ref: bob, version: undefined },
  ],
  calls: [{ ref: alice, message: 'transfer', args: data }],
  touches: [
    { ref: bob, mode: 'write' },
    { ref: actorRef('Bank', 'main'), mode: 'read' },
  ],
}
const embedded: Transaction = {
  ...transaction,
  request: undefined,
  attempt: 1,
  source: undefined,
  asserts: [],
  touches: [],
}
const committed: Outcome = { kind: 'committed', results: data }
const aborted: Outcome = {
  kind: 'aborted',
  operation: 1,
  error: { name: 'InsufficientFunds', message: 'no', data: data[0]! },
}
const refused: Outcome = {
  kind: 'aborted',
  operation: 0,
  error: { name: 'StreamyError', code: 'ASSERT_FAILED', message: 'no', data: undefined },
}
const timer = { position: positionOf(8, 2), ordinal: 65_536, due: 1_700_000_000_000_001, message: 'remind', args: data }
const record: ActorRecord = {
  version: positionOf(9, 3),
  timers: [timer],
  value: { count: 5, items: data } as unknown as ActorValue,
}
const address = { position: positionOf(10, 4), from: 1, to: 200 }

const samples: readonly Sample[] = [
  {
    name: 'value',
    value,
    encode: () => written((out) => out.datum(data[0]!)),
    decode: (bytes) => thaw(new ByteReader(bytes).datum()),
  },
  {
    name: 'batch',
    value: [transaction, embedded],
    encode: () => batchOf(transaction, embedded),
    decode: transactionsIn,
  },
  { name: 'tick', value: ['tick', []], encode: () => encodeControlBatch('tick', new Uint8Array(0)), decode: controlIn },
  {
    name: 'create',
    value: ['create', [1, 2]],
    encode: () => encodeControlBatch('create', Uint8Array.of(1, 2)),
    decode: controlIn,
  },
  {
    name: 'actor',
    value: record,
    encode: () => encodeActorRecord(program, alice, record),
    decode: (bytes) => decodeActorRecord(program, alice, bytes),
  },
  sample(
    'session',
    { generation: positionOf(1, 1), lastSeen: 1_700_000_000_000_000, answeredBelow: 40 },
    encodeSession,
    decodeSession,
  ),
  sample(
    'request done',
    { kind: 'done', generation: 4097, position: 8195, outcome: committed },
    encodeRequestRecord,
    decodeRequestRecord,
  ),
  sample(
    'request aborted',
    { kind: 'done', generation: 4097, position: 8195, outcome: aborted },
    encodeRequestRecord,
    decodeRequestRecord,
  ),
  sample(
    'request refused',
    { kind: 'done', generation: 4097, position: 8195, outcome: refused },
    encodeRequestRecord,
    decodeRequestRecord,
  ),
  sample(
    'request retry',
    { kind: 'retry', generation: 4097, next: transaction },
    encodeRequestRecord,
    decodeRequestRecord,
  ),
  sample('tell', { next: transaction }, encodeOutboxRecord, decodeOutboxRecord),
  sample(
    'progress',
    { sequence: 77, logTime: 1_700_000_000_000_000, logHash: 0xdeadbeef },
    encodeProgress,
    decodeProgress,
  ),
  message('vote to commit', { ...address, kind: 'vote', vote: { kind: 'commit', results: data } }),
  message('vote to abort', { ...address, kind: 'vote', vote: { kind: 'fail', failure: refused } }),
  message('vote of a miss', {
    ...address,
    kind: 'vote',
    vote: { kind: 'fail', failure: { kind: 'missed', operation: 2, ref: bob, mode: 'write' } },
  }),
  message('void vote', { ...address, kind: 'vote', vote: { kind: 'void' } }),
  message('values', {
    ...address,
    kind: 'values',
    records: [
      { ref: alice, bytes: Uint8Array.of(1) },
      { ref: bob, bytes: undefined },
    ],
  }),
  message('result', { ...address, kind: 'result', records: [{ ref: bob, bytes: Uint8Array.of(2) }], fetched: [alice] }),
  message('fetch', { ...address, kind: 'fetch', ref: bob }),
  message('ask', { ...address, kind: 'ask' }),
]

describe('format version 3', () => {
  it.each(samples)('writes what it always wrote: $name', ({ name, encode }) => {
    expect(Buffer.from(encode()).toString('hex')).toBe(golden[name])
  })

  it.each(samples)('reads what it always wrote: $name', ({ name, value: expected, decode }) => {
    expect(decode(Buffer.from(golden[name]!, 'hex'))).toEqual(expected)
  })

  it('holds nothing that is no longer tried', () => {
    expect(Object.keys(golden)).toEqual(samples.map(({ name }) => name))
  })
})

describe('format version 2', () => {
  it.each([
    ['request done', { kind: 'done', generation: 4097, position: undefined, outcome: committed }],
    ['request aborted', { kind: 'done', generation: 4097, position: undefined, outcome: aborted }],
    ['request refused', { kind: 'done', generation: 4097, position: undefined, outcome: refused }],
  ])('of records of requests is read, without their position: %s', (name, expected) => {
    expect(decodeRequestRecord(Buffer.from(fixture(2)[name]!, 'hex'))).toEqual(expected)
  })

  it('of a state is read', () => {
    expect(decodeProgress(Buffer.from(fixture(2)['progress']!, 'hex'))).toMatchObject({ sequence: 77 })
  })
})

describe('format version 1', () => {
  it.each(['batch', 'tick', 'create'])('of entries stops its reader: %s', (name) => {
    const bytes = Buffer.from(fixture(1)[name]!, 'hex')
    expect(() => openBatch(bytes)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }))
  })

  it('of everything else is what it is in version 2', () => {
    const { batch, tick, create, ...rest } = fixture(1)
    expect(fixture(2)).toMatchObject(rest)
    expect([batch, tick, create]).not.toContain(undefined)
  })
})

function fixture(version: number): Readonly<Record<string, string>> {
  const file = new URL(`../fixtures/format-${version}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>
}

function sample<Value>(
  name: string,
  given: Value,
  encode: (value: Value) => Uint8Array,
  decode: Sample['decode'],
): Sample {
  return { name, value: given, encode: () => encode(given), decode }
}

function message(name: string, given: PeerMessage): Sample {
  return sample(name, given, encodePeerMessage, decodePeerMessage)
}

function written(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter()
  write(out)
  return out.take()
}

function batchOf(...transactions: readonly Transaction[]): Uint8Array {
  const builder = new BatchBuilder()
  transactions.forEach((each, index) => builder.add(each, index === 0 ? [1, 3, 200] : []))
  return builder.take()
}

function transactionsIn(bytes: Uint8Array): Transaction[] {
  const batch = openBatch(bytes) as Batch
  const found = transactionsOf(batch)
  expect(found.map(({ partitions }) => partitions)).toEqual([[1, 3, 200], []])
  return found.map((each) => transactionIn(batch, each))
}

function controlIn(bytes: Uint8Array): unknown {
  const batch = openBatch(bytes) as Batch
  return [batch.kind, [...controlBody(batch)]]
}
