// The front desk alone: which questions it answers, from what, and what it drops. Its host does what the test says.

import { endOfBatch, positionOf } from '@streamy-db/core'
import type { Outcome, Reply, Transaction } from '@streamy-db/core'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { addresses } from '../protocol/addresses.ts'
import { decodeNotice } from '../protocol/notice.ts'
import { protocolLimits } from '../protocol/protocol-limits.ts'
import { encodeQuestion } from '../protocol/question.ts'
import { call, home, partitions, program, ref, ScriptedDesk } from '../../testing/scripted-desk.ts'
import { frontDeskLimits } from './front-desk-limits.ts'
import { ReplyDesk } from './reply-desk.ts'

let scripted: ScriptedDesk

beforeEach(() => {
  scripted = new ScriptedDesk()
})

describe('strong queries', () => {
  test('that come before an append starts share its barrier, and those that come later the next', async () => {
    scripted.ask(1)
    scripted.ask(2)
    await scripted.turns()
    scripted.ask(3)
    scripted.ask(4)
    await scripted.turns()
    expect(scripted.host.barriers).toHaveLength(1)
    scripted.host.barriers[0]!.resolve(endOfBatch(7))
    await scripted.turns()
    expect(scripted.received.map(({ kind }) => kind)).toEqual(['answer', 'answer'])
    expect(scripted.received).toMatchObject([{ id: 1, value: endOfBatch(7), position: endOfBatch(7) }, { id: 2 }])
    expect(scripted.host.barriers).toHaveLength(2)
    scripted.host.barriers[1]!.resolve(endOfBatch(8))
    await scripted.turns()
    expect(scripted.received.slice(2)).toMatchObject([
      { id: 3, value: endOfBatch(8) },
      { id: 4, value: endOfBatch(8) },
    ])
  })

  test('are dropped when the barrier fails, and asked again they get another', async () => {
    scripted.ask(1)
    await scripted.turns()
    scripted.host.barriers[0]!.reject(new Error('no log'))
    await scripted.turns()
    expect(scripted.received).toEqual([])
    expect(scripted.desk.statistics).toEqual({ malformed: 0, dropped: 1 })
    scripted.ask(1)
    await scripted.turns()
    scripted.host.barriers[1]!.resolve(endOfBatch(9))
    await scripted.turns()
    expect(scripted.received).toMatchObject([{ id: 1, value: endOfBatch(9) }])
  })

  test('are left to the owner as of the barrier', async () => {
    scripted.ask(1)
    await scripted.turns()
    scripted.host.owned = new Set()
    scripted.host.barriers[0]!.resolve(endOfBatch(7))
    await scripted.turns()
    expect(scripted.host.asked).toEqual([{ partition: home, position: endOfBatch(7) }])
    expect(scripted.received).toEqual([])
  })

  test('that are asked again while they are worked on are answered once', async () => {
    scripted.ask(1)
    scripted.ask(1)
    await scripted.turns()
    scripted.ask(1)
    scripted.host.barriers[0]!.resolve(endOfBatch(7))
    await scripted.turns()
    expect(scripted.received).toHaveLength(1)
  })
})

describe('other queries', () => {
  test('that come together enter the determinism guard together', async () => {
    const isolate = vi.spyOn(program, 'isolate')
    for (const id of [1, 2, 3]) scripted.ask(id, { kind: 'since', position: positionOf(5, 3) })
    await scripted.turns()
    expect(scripted.received).toMatchObject([{ id: 1 }, { id: 2 }, { id: 3 }])
    expect(isolate).toHaveBeenCalledTimes(1)
    isolate.mockRestore()
  })

  test('since a position are answered at once where that has resolved, without a barrier', async () => {
    scripted.ask(1, { kind: 'since', position: positionOf(5, 3) })
    await scripted.turns()
    expect(scripted.received).toMatchObject([{ id: 1, value: endOfBatch(5) }])
    expect([scripted.host.barriers, scripted.host.asked]).toEqual([[], []])
  })

  test('since a position yet to come wait for it', async () => {
    const { host, received } = scripted
    const reader = host.reader.bind(host)
    let resolved: (() => void) | undefined
    host.reader = async (...asked) => {
      await new Promise<void>((resolve) => (resolved = resolve))
      return await reader(...asked)
    }
    scripted.ask(1, { kind: 'since', position: positionOf(6, 3) })
    await scripted.turns()
    expect(received).toEqual([])
    host.position = endOfBatch(8)
    resolved!()
    await scripted.turns()
    expect(received).toMatchObject([{ id: 1, position: endOfBatch(8) }])
    expect(host.asked).toEqual([{ partition: home, position: positionOf(6, 3) }])
  })

  test('at a position are answered as of it, or said to be gone', async () => {
    scripted.ask(1, { kind: 'at', position: endOfBatch(3) })
    await scripted.turns()
    scripted.host.answer = () => ({ kind: 'gone' })
    scripted.ask(2, { kind: 'at', position: endOfBatch(3) })
    await scripted.turns()
    expect(scripted.received).toMatchObject([
      { kind: 'answer', id: 1, value: endOfBatch(3), position: endOfBatch(3) },
      { kind: 'snapshotGone', id: 2 },
    ])
  })

  test('at a position that is no end of a batch are not answered', async () => {
    scripted.ask(1, { kind: 'at', position: positionOf(3, 1) })
    await scripted.turns()
    expect([scripted.received, scripted.host.queries]).toEqual([[], []])
  })

  test('of an actor of another partition are not answered: the address is not its owner’s', async () => {
    const question = {
      kind: 'query' as const,
      session: 'client.1',
      id: 1,
      call,
      freshness: { kind: 'strong' as const },
    }
    scripted.bus.send(addresses.question('db', (home + 1) % partitions), encodeQuestion(question))
    await scripted.turns()
    expect(scripted.host.barriers).toEqual([])
  })
})

describe('a handler that fails', () => {
  test('is answered with its error and what it read', async () => {
    const reads = [{ ref, version: 4 }]
    scripted.host.answer = () => ({
      kind: 'failed',
      reads,
      error: { name: 'RangeError', message: 'no', data: undefined },
    })
    scripted.ask(1, { kind: 'at', position: endOfBatch(3) })
    await scripted.turns()
    expect(scripted.received).toMatchObject([
      { kind: 'failed', id: 1, reads: [{ version: 4 }], error: { name: 'RangeError' } },
    ])
  })

  test('is answered with its error also where the reader throws it', async () => {
    scripted.host.answer = () => {
      throw new TypeError('no')
    }
    scripted.ask(1, { kind: 'at', position: endOfBatch(3) })
    await scripted.turns()
    expect(scripted.received).toMatchObject([{ kind: 'failed', id: 1, error: { name: 'TypeError', message: 'no' } }])
  })
})

describe('what has no answer', () => {
  test('questions beyond the limit are dropped, and have room when others are answered', async () => {
    for (let id = 1; id <= frontDeskLimits.questionsInProgressMax + 2; id++) scripted.ask(id)
    await scripted.turns()
    expect(scripted.desk.statistics.dropped).toBe(2)
    scripted.host.barriers[0]!.resolve(endOfBatch(7))
    await scripted.turns()
    expect(scripted.received).toHaveLength(frontDeskLimits.questionsInProgressMax)
    scripted.ask(9999)
    await scripted.turns()
    expect(scripted.host.barriers).toHaveLength(2)
  })

  test('questions that never get an answer do not keep their places for ever', async () => {
    scripted.host.reader = () => new Promise(() => {})
    for (let id = 1; id <= frontDeskLimits.questionsInProgressMax; id++)
      scripted.ask(id, { kind: 'at', position: endOfBatch(9) })
    await scripted.turns()
    await scripted.advance(frontDeskLimits.questionAgeMaxUs / 1000 + 1)
    scripted.ask(9999)
    await scripted.turns()
    expect(scripted.host.barriers).toHaveLength(1)
    expect(scripted.desk.statistics.dropped).toBe(0)
  })

  test('bytes that are no question are dropped and counted', async () => {
    scripted.bus.send(addresses.question('db', 1), Uint8Array.of(1, 9, 9))
    scripted.bus.send(addresses.hello('bank'), Uint8Array.of(7))
    await scripted.turns()
    expect(scripted.desk.statistics).toEqual({ malformed: 2, dropped: 0 })
  })
})

describe('outcomes and footprints', () => {
  const outcome: Outcome = { kind: 'committed', results: [5] }

  test('what is recorded is sent again, and nothing is said of the rest', async () => {
    scripted.host.outcomes = new Map([[3, outcome]])
    scripted.send(home, { kind: 'outcomes', session: 'client.1', sequences: [2, 3, 4] })
    await scripted.turns()
    expect(scripted.received).toEqual([
      {
        kind: 'replies',
        logTime: 0,
        replies: [{ sequence: 3, position: scripted.host.position, missed: false, outcome }],
      },
    ])
  })

  test('a footprint is what the worker foresees; one that it cannot foresee is not answered', async () => {
    const transaction: Transaction = {
      request: undefined,
      attempt: 1,
      source: undefined,
      asserts: [],
      calls: [call],
      touches: [],
    }
    scripted.send(home, { kind: 'footprint', session: 'client.1', id: 1, transaction })
    await scripted.turns()
    expect(scripted.received).toEqual([{ kind: 'footprint', id: 1, touches: [] }])
    scripted.host.predict = () => {
      throw new Error('the engine has stopped')
    }
    scripted.send(home, { kind: 'footprint', session: 'client.1', id: 2, transaction })
    await scripted.turns()
    expect([scripted.received.length, scripted.desk.statistics.dropped]).toEqual([1, 1])
  })
})

describe('partitions', () => {
  test('that are gained are noticed to clients once, and those that are lost are not answered for', async () => {
    const notices: (readonly number[])[] = []
    scripted.bus.listen(addresses.notice('db'), (bytes) => notices.push(decodeNotice(bytes).partitions))
    scripted.desk.own([2])
    scripted.desk.own([2, 3])
    await scripted.turns()
    expect(notices.at(-1)).toEqual([3])
    scripted.ask(1)
    await scripted.turns()
    expect(scripted.host.barriers).toHaveLength(home >= 2 ? 1 : 0)
    scripted.desk.own([])
    scripted.send(3, { kind: 'outcomes', session: 'client.1', sequences: [1] })
    await scripted.turns()
    expect(scripted.received).toEqual([])
  })

  test('are answered for no more once the scripted.desk is closed', async () => {
    scripted.desk.close()
    scripted.ask(1)
    scripted.hello()
    await scripted.turns()
    expect([scripted.host.barriers, scripted.received]).toEqual([[], []])
    expect(scripted.clock.alarms).toBe(0)
  })
})

describe('hellos', () => {
  test('are welcomed with what a client must know', async () => {
    const welcomes = scripted.hello()
    await scripted.turns()
    expect(welcomes).toEqual([
      {
        id: 7,
        databaseId: 'db',
        partitions,
        logTime: 0,
        position: scripted.host.position,
        actors: [{ name: 'Account', handlers: [{ name: 'value', kind: 'query', touches: false }] }],
      },
    ])
  })

  test('move log time on first where it has stood still for long', async () => {
    scripted.clock.advance(61_000)
    const welcomes = scripted.hello()
    await scripted.turns()
    expect(welcomes).toEqual([])
    scripted.host.logTime = 61_000_000
    scripted.host.barriers[0]!.resolve(endOfBatch(6))
    await scripted.turns()
    expect(welcomes.map(({ logTime }) => logTime)).toEqual([61_000_000])
  })

  test('are not answered by who owns nothing', async () => {
    scripted.desk.own([])
    const welcomes = scripted.hello()
    await scripted.turns()
    expect(welcomes).toEqual([])
  })
})

describe('replies', () => {
  const request = { session: 'client.1', sequence: 3, suffix: '', answeredBelow: 1, seenTime: 0 }
  const reply: Reply = { position: 8, counted: 5, attempt: 1, request, outcome: { kind: 'committed', results: [1] } }

  test('go to their sessions, with the log time and whether they missed', async () => {
    const replies = new ReplyDesk(scripted.network.connect(), 'db')
    replies.send([reply, { ...reply, attempt: 2 }], 77)
    await scripted.turns()
    expect(scripted.received).toMatchObject([
      {
        kind: 'replies',
        logTime: 77,
        replies: [
          { sequence: 3, position: 5, missed: false },
          { sequence: 3, missed: true },
        ],
      },
    ])
  })

  test('to one session travel together, as far as a message of the bus should hold', async () => {
    const replies = new ReplyDesk(scripted.network.connect(), 'db')
    const large = 'x'.repeat(protocolLimits.repliesBytesMax / 2)
    const many = Array.from({ length: 5 }, (_, index): Reply => {
      const numbered = { ...request, sequence: index + 1 }
      return { ...reply, request: numbered, outcome: { kind: 'committed', results: [large] } }
    })
    replies.send(many, 77)
    await scripted.turns()
    const received = scripted.received.map((message) => (message.kind === 'replies' ? message.replies : []))
    expect(received.map((together) => together.map(({ sequence }) => sequence))).toEqual([[1, 2], [3, 4], [5]])
  })

  test('of tells, of entries without a session, and to sessions that are no address go nowhere', async () => {
    await scripted.turns()
    const replies = new ReplyDesk(scripted.network.connect(), 'db')
    const to = (session: string): Reply => ({ ...reply, request: { ...request, session } })
    const suffixed = { ...reply, request: { ...request, suffix: '0' } }
    replies.send([to('~3'), { ...reply, request: undefined }, to('a.>'), to('a b'), suffixed], 77)
    expect(scripted.network.pending).toBe(0)
    expect(replies.unaddressable).toBe(2)
  })
})
