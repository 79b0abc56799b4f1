// The forms of all messages: what is written is read back, and nothing else is read. Anybody may send anything to an
// address of the bus, so whatever is not exactly what a codec writes must be refused by name, not crash.

import { actorRef, MalformedBytes } from '@streamy-db/core'
import { anyDatum, anyOutcome, anyRef, anyTransaction, faultIn, faultsByDamage } from '@streamy-db/core/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addresses, isSession, isToken } from './addresses.ts'
import { decodeClientMessage, encodeClientMessage, type ClientMessage } from './client-message.ts'
import { decodeNotice, encodeNotice, type Notice } from './notice.ts'
import { protocolLimits } from './protocol-limits.ts'
import { decodeQuestion, encodeQuestion, type Question } from './question.ts'
import { decodeHello, decodeWelcome, encodeHello, encodeWelcome, type Hello, type Welcome } from './welcome.ts'

interface Codec<Message> {
  readonly any: fc.Arbitrary<Message>
  readonly encode: (message: Message) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Message
}

const integer = fc.oneof(fc.nat(200), fc.maxSafeNat())
const version = fc.option(
  integer.filter((n) => n > 0),
  { nil: undefined },
)
const name = fc.string({ unit: fc.constantFrom('a', 'Z', '7', '_', '-'), minLength: 1, maxLength: 12 })
const session = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'))
const mode = fc.constantFrom('read' as const, 'write' as const)
const reads = fc.array(fc.record({ ref: anyRef, version }), { maxLength: 3 })
const read = { id: integer, position: integer, logTime: integer, reads }

const anyCall = fc.record({ ref: anyRef, message: name, args: fc.array(anyDatum, { maxLength: 3 }) })
const types = fc.option(fc.array(name, { maxLength: 3 }), { nil: undefined })
const listing = fc.option(fc.record({ position: integer, next: integer }), { nil: undefined })
const moment = fc.oneof(
  fc.record({ kind: fc.constant('position' as const), position: integer }),
  fc.record({ kind: fc.constant('time' as const), timeUs: integer }),
)
const record = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined })
const commits = fc.array(
  fc.record({ position: integer, logTime: integer, ref: anyRef, before: record, after: record }),
  {
    maxLength: 3,
  },
)
const anyError = fc.record({ name, code: name, message: fc.string({ unit: 'grapheme' }), data: anyDatum })

const questions: Codec<Question> = {
  encode: encodeQuestion,
  decode: decodeQuestion,
  any: fc.oneof(
    fc.record({ kind: fc.constant('outcomes'), session, sequences: fc.array(integer, { maxLength: 5 }) }),
    fc.record({
      kind: fc.constant('query'),
      session,
      id: integer,
      call: fc.record({ ref: anyRef, message: name, args: fc.array(anyDatum, { maxLength: 3 }) }),
      freshness: fc.oneof(
        fc.constant({ kind: 'strong' as const }),
        fc.record({ kind: fc.constantFrom('since' as const, 'at' as const), position: integer }),
      ),
    }),
    fc.record({ kind: fc.constant('footprint'), session, id: integer, transaction: anyTransaction }),
    fc.record({ kind: fc.constant('record'), session, id: integer, ref: anyRef, at: integer }),
    fc.record({ kind: fc.constant('changes'), session, id: integer, types, from: integer }),
    fc.record({ kind: fc.constant('present'), session, id: integer, types, since: integer, listing }),
    fc.record({
      kind: fc.constant('past'),
      session,
      id: integer,
      moment,
      call: fc.option(anyCall, { nil: undefined }),
    }),
  ),
}

const clientMessages: Codec<ClientMessage> = {
  encode: encodeClientMessage,
  decode: decodeClientMessage,
  any: fc.oneof(
    fc.record({
      kind: fc.constant('replies'),
      logTime: integer,
      replies: fc.array(
        fc.record({ sequence: integer, position: integer, missed: fc.boolean(), outcome: anyOutcome }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
    fc.record({ kind: fc.constant('answer'), ...read, value: anyDatum }),
    fc.record({ kind: fc.constant('changes'), id: integer, upTo: integer, merged: fc.boolean(), commits }),
    fc.record({ kind: fc.constant('present'), id: integer, position: integer, next: version, commits }),
    fc.record({ kind: fc.constant('past'), id: integer, position: integer, logTime: integer, value: anyDatum }),
    fc.record({ kind: fc.constant('wait'), id: integer }),
    fc.record({ kind: fc.constant('trimmed'), id: integer, oldest: integer }),
    fc.record({ kind: fc.constant('refused'), id: integer, error: anyError }),
    fc.record({
      kind: fc.constant('failed'),
      ...read,
      error: fc.record({ name, code: name, message: fc.string({ unit: 'grapheme' }), data: anyDatum }),
    }),
    fc.record({ kind: fc.constant('snapshotGone'), id: integer }),
    fc.record({
      kind: fc.constant('footprint'),
      id: integer,
      touches: fc.array(fc.record({ ref: anyRef, mode }), { maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant('record'),
      id: integer,
      bytes: fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined }),
    }),
  ),
}

const hellos: Codec<Hello> = { encode: encodeHello, decode: decodeHello, any: fc.record({ session, id: integer }) }

const notices: Codec<Notice> = {
  encode: encodeNotice,
  decode: decodeNotice,
  any: fc.record({ partitions: fc.array(fc.nat(65_535), { maxLength: 6 }) }),
}

const handler = fc.record({ name, kind: fc.constantFrom('message' as const, 'query' as const), touches: fc.boolean() })
const welcomes: Codec<Welcome> = {
  encode: encodeWelcome,
  decode: decodeWelcome,
  any: fc.record({
    id: integer,
    databaseId: name,
    partitions: fc.integer({ min: 1, max: protocolLimits.partitionsMax }),
    logTime: integer,
    position: integer,
    actors: fc.array(fc.record({ name, handlers: fc.array(handler, { maxLength: 3 }) }), { maxLength: 3 }),
  }),
}

// Each codec is a type of its own; what is tested of them is the same.
const codecs: readonly [string, Codec<unknown>][] = [
  ['questions', questions as Codec<unknown>],
  ['client messages', clientMessages as Codec<unknown>],
  ['hellos', hellos as Codec<unknown>],
  ['welcomes', welcomes as Codec<unknown>],
  ['notices', notices as Codec<unknown>],
]

describe.each(codecs)('%s', (_, { any, encode, decode }) => {
  test('come back as they were sent', () => {
    fc.assert(
      fc.property(any, (message) => {
        const bytes = encode(message)
        const received = decode(bytes)
        expect(encode(received)).toEqual(bytes)
        expect(received).toEqual(message)
      }),
    )
  })

  test('that are damaged are refused, or say exactly what they are read as', () => {
    fc.assert(
      fc.property(any, (message) => {
        expect(faultsByDamage(encode(message), (bytes) => encode(decode(bytes)))).toEqual([])
      }),
      { numRuns: 20 },
    )
  })

  test('are not made of arbitrary bytes', () => {
    const head = fc.constantFrom([], [1], [1, 0], [1, 1], [1, 2], [1, 3], [1, 4], [1, 5])
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 60 }), (start, rest) => {
        expect(faultIn(Uint8Array.of(...start, ...rest), (bytes) => encode(decode(bytes)))).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  test('of another version are refused', () => {
    for (const message of fc.sample(any, 5)) {
      const bytes = encode(message)
      bytes[0] = 2
      expect(() => decode(bytes)).toThrow(MalformedBytes)
    }
  })
})

describe('what could not be answered is refused', () => {
  const refused = ['', '>', '*', 'a..b', '.a', 'a.', 'a b', 'a.>', 'ä', 'a'.repeat(129)]

  test.each(refused)('the session %j', (bad) => {
    expect(isSession(bad)).toBe(false)
    expect(() => decodeHello(encodeHello({ session: bad, id: 1 }))).toThrow(MalformedBytes)
    const question = { kind: 'record' as const, session: bad, id: 1, ref: actorRef('A', 'a'), at: 1 }
    expect(() => decodeQuestion(encodeQuestion(question))).toThrow(MalformedBytes)
  })

  test('a database id that would become two parts of an address', () => {
    const welcome = { id: 1, databaseId: 'a.b', partitions: 1, logTime: 0, position: 0, actors: [] }
    expect(() => decodeWelcome(encodeWelcome(welcome))).toThrow(MalformedBytes)
    expect([isToken('a.b'), isToken('a-b_C7')]).toEqual([false, true])
  })

  test('a question for more requests than one may name', () => {
    const ask = (count: number): Question => ({
      kind: 'outcomes',
      session: 'a.b',
      sequences: Array.from({ length: count }, () => 0),
    })
    expect(() => decodeQuestion(encodeQuestion(ask(protocolLimits.sequencesPerQuestionMax)))).not.toThrow()
    expect(() => decodeQuestion(encodeQuestion(ask(protocolLimits.sequencesPerQuestionMax + 1)))).toThrow(
      MalformedBytes,
    )
  })
})

test('no two addresses are the same, whatever names are chosen', () => {
  const made = [
    addresses.hello('db'),
    addresses.welcome('db'),
    addresses.question('db', 1),
    addresses.reply('db', '1'),
    addresses.reply('db', 'question.1'),
    addresses.notice('db'),
    addresses.heartbeat('db'),
  ]
  expect(new Set(made).size).toBe(made.length)
})
