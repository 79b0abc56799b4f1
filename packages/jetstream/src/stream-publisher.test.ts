// The publisher against a scripted server: what it sends when acknowledgements are late, lost, wrong or out of order. The
// clock is the test's.

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { jetstreamLimits } from './jetstream-limits.ts'
import { StreamPublisher } from './stream-publisher.ts'
import { ScriptedConnection, type Published } from './testing/scripted-connection.ts'

let connection: ScriptedConnection
let publisher: StreamPublisher

beforeEach(() => {
  vi.useFakeTimers()
  connection = new ScriptedConnection()
  publisher = new StreamPublisher(connection, 'S', { inFlightMax: 3 })
})

afterEach(() => {
  publisher.close()
  vi.useRealTimers()
})

it('P1: resolves with the sequence of each, in whatever order they are acknowledged', async () => {
  const publishes = publishAll('a', 'b', 'c')
  const sent = connection.take()
  expect(textsOf(sent)).toEqual(['a', 'b', 'c'])
  acknowledge(sent[2], 3)
  acknowledge(sent[0], 1)
  acknowledge(sent[1], 2)
  expect(await Promise.all(publishes)).toEqual([1, 2, 3])
})

it('keeps the rest waiting when enough is in flight, and sends it in order', async () => {
  const publishes = publishAll('a', 'b', 'c', 'd', 'e')
  const sent = connection.take()
  expect(textsOf(sent)).toEqual(['a', 'b', 'c'])
  acknowledge(sent[1], 2)
  const next = connection.take()
  expect(textsOf(next)).toEqual(['d'])
  for (const [index, each] of [sent[0], sent[2], next[0]].entries()) acknowledge(each, [1, 3, 4][index]!)
  acknowledge(connection.take()[0], 5)
  expect(await Promise.all(publishes)).toEqual([1, 2, 3, 4, 5])
})

it('P2, P3: sends everything in flight again in order, under the same ids, when nobody leads the stream', async () => {
  const publishes = publishAll('a', 'b', 'c', 'd')
  const sent = connection.take()
  acknowledge(sent[1], 1)
  connection.take()
  noResponders(sent[0])
  noResponders(sent[2])
  await vi.advanceTimersByTimeAsync(jetstreamLimits.retryDelayMinMs - 1)
  expect(connection.take()).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  const again = connection.take()
  expect(textsOf(again)).toEqual(['a', 'c', 'd'])
  expect(idsOf(again).slice(0, 2)).toEqual([idsOf(sent)[0], idsOf(sent)[2]])
  // 'c' had landed before 'a' after all, and its first acknowledgement is as good as any.
  acknowledge(sent[2], 2)
  acknowledge(again[0], 3)
  acknowledge(again[2], 4)
  expect(await Promise.all(publishes)).toEqual([3, 1, 2, 4])
})

it('P3: with one in flight sends nothing else before it is acknowledged', async () => {
  publisher = new StreamPublisher(connection, 'S', { inFlightMax: 1 })
  const publishes = publishAll('a', 'b')
  for (let round = 0; round < 5; round++) {
    const [sent, ...others] = connection.take()
    expect([textsOf([sent!]), others]).toEqual([['a'], []])
    noResponders(sent)
    await vi.advanceTimersByTimeAsync(jetstreamLimits.retryDelayMaxMs)
  }
  acknowledge(connection.take()[0], 1)
  acknowledge(connection.take()[0], 2)
  expect(await Promise.all(publishes)).toEqual([1, 2])
})

it('waits longer each time, up to a bound, and starts small again after a success', async () => {
  const publishes = publishAll('a')
  for (const pause of [50, 100, 200, 400, 800, 1000, 1000]) {
    noResponders(connection.take()[0])
    await vi.advanceTimersByTimeAsync(pause - 1)
    expect(connection.take()).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(connection.published).toHaveLength(1)
  }
  acknowledge(connection.take()[0], 1)
  publishes.push(...publishAll('b'))
  noResponders(connection.take()[0])
  await vi.advanceTimersByTimeAsync(50)
  acknowledge(connection.take()[0], 2)
  expect(await Promise.all(publishes)).toEqual([1, 2])
})

it('sends again what stays without an answer, also while others are answered', async () => {
  const [lost] = publishAll('lost')
  const sent = connection.take()
  for (let elapsed = 0; elapsed < jetstreamLimits.acknowledgeTimeoutMs; elapsed += 500) {
    const [other] = publishAll('other')
    acknowledge(connection.take()[0], 10 + elapsed)
    await other
    await vi.advanceTimersByTimeAsync(500)
  }
  await vi.advanceTimersByTimeAsync(jetstreamLimits.sweepEveryMs + jetstreamLimits.retryDelayMinMs)
  const again = connection.take()
  expect([textsOf(again), idsOf(again)]).toEqual([['lost'], idsOf(sent)])
  acknowledge(again[0], 1)
  expect(await lost).toBe(1)
})

it('sends nothing while the link is lost, and everything when it is back', async () => {
  const publishes = publishAll('a')
  const before = connection.take()
  connection.tell({ kind: 'disconnected' })
  publishes.push(...publishAll('b'))
  await vi.advanceTimersByTimeAsync(20_000)
  expect(connection.take()).toEqual([])
  connection.tell({ kind: 'reconnected' })
  await vi.advanceTimersByTimeAsync(jetstreamLimits.retryDelayMinMs)
  const again = connection.take()
  expect(textsOf(again)).toEqual(['a', 'b'])
  expect(idsOf(again)[0]).toBe(idsOf(before)[0])
  acknowledge(again[0], 1)
  acknowledge(again[1], 2)
  expect(await Promise.all(publishes)).toEqual([1, 2])
})

it('P4: gives up when nothing is acknowledged for long, sent or not', async () => {
  const outcomes = Promise.allSettled(publishAll('a', 'b', 'c', 'waits'))
  await vi.advanceTimersByTimeAsync(jetstreamLimits.publishTimeoutMs + jetstreamLimits.sweepEveryMs)
  const unknown = { status: 'rejected', reason: expect.objectContaining({ code: 'SERVER_UNAVAILABLE', kind: 'retry' }) }
  expect(await outcomes).toEqual([unknown, unknown, unknown, unknown])
})

it('P4: refuses what cannot land, with the reason, and goes on with the rest', async () => {
  const [full, failed, landed] = publishAll('full', 'failed', 'landed')
  const sent = connection.take()
  refuse(sent[0], { code: 503, err_code: 10077, description: 'maximum bytes exceeded' })
  refuse(sent[1], { code: 503, err_code: 10077, description: 'no space left on device' })
  acknowledge(sent[2], 1)
  await expect(full).rejects.toMatchObject({ code: 'STORAGE_FULL', kind: 'retry' })
  await expect(failed).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringContaining('no space left'),
  })
  expect(await landed).toBe(1)
})

it('P4: a refusal of an earlier time says nothing of the last', async () => {
  const [publish] = publishAll('a')
  const [first] = connection.take()
  noResponders(first)
  await vi.advanceTimersByTimeAsync(jetstreamLimits.retryDelayMinMs)
  refuse(first, { code: 503, err_code: 10077, description: 'maximum bytes exceeded' })
  acknowledge(connection.take()[0], 1)
  expect(await publish).toBe(1)
})

it('takes no acknowledgement that does not name the stream, and minds no nonsense', async () => {
  const [other, odd] = publishAll('other', 'odd')
  const sent = connection.take()
  connection.arrive(sent[0]!.reply!, { stream: 'OTHER', seq: 7 })
  await expect(other).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  connection.arrive(sent[1]!.reply!, '{')
  await expect(odd).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  for (const nonsense of ['', 'null', '[]', '7', '{"stream":"S","seq":1.5}', '{"stream":"S","seq":"1"}']) {
    const [publish] = publishAll('odd')
    connection.arrive(connection.take()[0]!.reply!, nonsense)
    await expect(publish).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  }
  const prefix = sent[0]!.reply!.replace(/[^.]*$/, '')
  for (const token of ['', '-', 'zz-0', '0-', '..']) connection.arrive(`${prefix}${token}`, { stream: 'S', seq: 9 })
})

it('asks again for what is on its way already', async () => {
  const [inProcess, unnumbered] = publishAll('a', 'b')
  const sent = connection.take()
  refuse(sent[0], { code: 409, err_code: 10158, description: 'duplicate message id is in process' })
  connection.arrive(sent[1]!.reply!, { stream: 'S', seq: 0, duplicate: true })
  await vi.advanceTimersByTimeAsync(jetstreamLimits.retryDelayMinMs)
  const again = connection.take()
  expect(textsOf(again)).toEqual(['a', 'b'])
  acknowledge(again[0], 1)
  acknowledge(again[1], 2)
  expect([await inProcess, await unnumbered]).toEqual([1, 2])
})

it('says at once that it may not publish', async () => {
  const [refused] = publishAll('a')
  connection.tell({ kind: 'refused', operation: 'publish', subject: 'S.x' })
  await expect(refused).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
})

it('refuses more than it may keep waiting, and everything after close', async () => {
  const many = Array.from({ length: jetstreamLimits.publishesQueuedMax + 3 }, () => publishAll('x')[0]!)
  await expect(publishAll('more')[0]).rejects.toMatchObject({ code: 'OVERLOADED', kind: 'retry' })
  const outcomes = Promise.allSettled(many)
  publisher.close()
  const codes = (await outcomes).map((outcome) =>
    outcome.status === 'rejected' ? (outcome.reason as { code: string }).code : '',
  )
  expect(new Set(codes)).toEqual(new Set(['DATABASE_CLOSED']))
  await expect(publishAll('late')[0]).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
})

function publishAll(...texts: readonly string[]): Promise<number>[] {
  return texts.map((text) => publisher.publish({ subject: 'S.x', bytes: new TextEncoder().encode(text) }))
}

function acknowledge(sent: Published | undefined, seq: number): void {
  connection.arrive(sent!.reply!, { stream: 'S', seq })
}

function refuse(sent: Published | undefined, error: object): void {
  connection.arrive(sent!.reply!, { error })
}

function noResponders(sent: Published | undefined): void {
  connection.arrive(sent!.reply!, '', { status: 503 })
}

function textsOf(published: readonly Published[]): readonly string[] {
  return published.map(({ bytes }) => textOf(bytes))
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function idsOf(published: readonly Published[]): readonly (string | undefined)[] {
  return published.map(({ headers }) => headers?.['Nats-Msg-Id'])
}
