// A consumer against a scripted server: what it asks for, what it makes of what arrives, and when it calls for another.

import type { LogEntry } from '@streamy-db/core'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { JetStreamApi } from './jetstream-api.ts'
import { jetstreamLimits } from './jetstream-limits.ts'
import { PullConsumer } from './pull-consumer.ts'
import { ScriptedConnection, type Published } from './testing/scripted-connection.ts'

const plenty = jetstreamLimits.readerBytesMax
let connection: ScriptedConnection
let consumer: PullConsumer
let entries: LogEntry[]
let troubles: number
let drained: number
let creation: string
/** Where the last pull wants its messages. */
let inbox: string

beforeEach(async () => {
  vi.useFakeTimers()
  connection = new ScriptedConnection()
  ;[entries, troubles, drained] = [[], 0, 0]
  const creating = PullConsumer.create({
    connection,
    api: new JetStreamApi(connection),
    stream: 'S',
    clientPrefix: 'S.client.',
    from: 5,
    onEntry: (entry) => entries.push(entry),
    onTrouble: () => (troubles += 1),
    onDrained: () => (drained += 1),
  })
  const [request] = connection.take()
  creation = new TextDecoder().decode(request!.bytes)
  connection.arrive(request!.reply!, {})
  consumer = await creating
  const publish = connection.publish.bind(connection)
  connection.publish = (subject, bytes, options) => {
    if (subject.includes('.MSG.NEXT.')) inbox = options?.reply ?? ''
    publish(subject, bytes, options)
  }
})

afterEach(() => {
  consumer.stop()
  vi.useRealTimers()
})

it('is made to begin where it is told, to live in memory and to be forgotten by itself', () => {
  expect(JSON.parse(creation)).toMatchObject({
    stream_name: 'S',
    config: { opt_start_seq: 5, ack_policy: 'none', num_replicas: 1, mem_storage: true, inactive_threshold: 30e9 },
  })
})

it('keeps two pulls outstanding, as far as there is room', () => {
  consumer.pull(jetstreamLimits.pullBytes - 1)
  expect(pulls()).toHaveLength(0)
  consumer.pull(jetstreamLimits.pullBytes)
  expect(pulls()).toHaveLength(1)
  consumer.pull(plenty)
  expect(pulls()).toHaveLength(1)
  consumer.pull(plenty)
  expect(pulls()).toHaveLength(0)
})

it('reads sequence and time from the subject to acknowledge to, with a domain or without', () => {
  consumer.pull(plenty)
  deliver('$JS.ACK.S.reader.1.5.1.1767323045123456789.0')
  deliver('$JS.ACK.hub.AbCd.S.reader.1.6.2.1767323045123457000.0.random')
  expect(entries.map(({ sequence, appendTime }) => [sequence, appendTime])).toEqual([
    [5, 1_767_323_045_123_456],
    [6, 1_767_323_045_123_457],
  ])
})

it('passes over what is no delivery', () => {
  consumer.pull(plenty)
  for (const reply of [
    '',
    'x',
    '$JS.ACK',
    '$JS.ACK.S.reader.1.x.1.17.0',
    '$JS.ACK.S.reader.1.5.1.time.0',
    '$JS.ACK.S.reader.1.0.1.17.0',
  ])
    deliver(reply)
  expect([entries, troubles, drained]).toEqual([[], 0, 0])
})

it('does not have the headers of what is delivered decoded', () => {
  consumer.pull(plenty)
  const before = connection.statusesRead
  deliver('$JS.ACK.S.reader.1.5.1.1767323045123456789.0')
  expect(entries).toHaveLength(1)
  expect(connection.statusesRead).toBe(before)
})

it('asks for more when a pull has ended by its count, its bytes or its time', () => {
  consumer.pull(plenty)
  const [first, second] = pulls()
  for (let index = 0; index < jetstreamLimits.pullMessages; index++)
    deliver(`$JS.ACK.S.reader.1.${5 + index}.1.1767323045123456789.0`)
  expect(drained).toBe(1)
  consumer.pull(plenty)
  expect(pulls()).toHaveLength(1)
  status(second, 409, 'Message Size Exceeds MaxBytes')
  status(first, 408, 'Request Timeout')
  expect(drained).toBe(3)
  expect(troubles).toBe(0)
})

it('calls for another consumer when the server says that this one is of no more use', () => {
  consumer.pull(plenty)
  const [pull] = pulls()
  for (const [code, text] of [
    [409, 'Consumer Deleted'],
    [409, 'Server Shutdown'],
    [409, 'Leadership Change'],
    [404, 'No Messages'],
    [503, ''],
  ] as const)
    status(pull, code, text)
  expect(troubles).toBe(5)
})

it('calls for another consumer after silence, but not while heartbeats come or nothing is asked for', async () => {
  await vi.advanceTimersByTimeAsync(20 * jetstreamLimits.heartbeatMs)
  expect(troubles).toBe(0)
  consumer.pull(plenty)
  const [pull] = pulls()
  for (let beat = 0; beat < 20; beat++) {
    await vi.advanceTimersByTimeAsync(jetstreamLimits.heartbeatMs)
    status(pull, 100, 'Idle Heartbeat')
  }
  expect(troubles).toBe(0)
  await vi.advanceTimersByTimeAsync((jetstreamLimits.heartbeatsMissedMax + 2) * jetstreamLimits.heartbeatMs)
  expect(troubles).toBeGreaterThan(0)
})

it('hands out nothing after it was stopped, and has the server forget it', () => {
  consumer.pull(plenty)
  consumer.stop()
  deliver('$JS.ACK.S.reader.1.5.1.1767323045123456789.0')
  expect(entries).toEqual([])
  expect(connection.take().at(-1)?.subject).toMatch(/^\$JS\.API\.CONSUMER\.DELETE\.S\.reader-/)
})

function pulls(): readonly Published[] {
  return connection.take().filter(({ subject }) => subject.includes('.MSG.NEXT.'))
}

// The server keeps a message's own subject; the subscription is known by number. Here the inbox of a pull stands for both.
function deliver(reply: string): void {
  connection.arrive(inbox, new Uint8Array(1), { reply })
}

function status(pull: Published | undefined, code: number, text: string): void {
  connection.arrive(pull!.reply!, '', { status: code, statusText: text })
}
