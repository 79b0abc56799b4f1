// Queries that reach actors of another worker: their records come from there, as of the same position.

import { actorRef, encodeActorRecord, endOfBatch, partitionOf } from '@streamy-db/core'
import type { ActorRecord } from '@streamy-db/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { addresses } from '../protocol/addresses.ts'
import { decodeQuestion, encodeQuestion, type Question } from '../protocol/question.ts'
import { home, partitions, program, ref, ScriptedDesk } from '../../testing/scripted-desk.ts'
import { frontDeskLimits } from './front-desk-limits.ts'

const elsewhere = actorRef('Account', keyOutside())

let scripted: ScriptedDesk

beforeEach(() => {
  scripted = new ScriptedDesk()
})

describe('a query that reaches actors of another worker', () => {
  const record = madeRecord()
  let questions: Extract<Question, { kind: 'record' }>[]

  beforeEach(() => {
    questions = []
    const theirs = partitionOf(elsewhere, partitions)
    scripted.host.owned = new Set([0, 1, 2, 3].filter((partition) => partition !== theirs))
    scripted.desk.own([...scripted.host.owned])
    scripted.bus.listen(addresses.record('db', theirs), (bytes) => {
      const question = decodeQuestion(bytes)
      if (question.kind === 'record') questions.push(question)
    })
    scripted.host.answer = (at, fetched) =>
      fetched.has(elsewhere.id)
        ? { kind: 'answer', value: fetched.get(elsewhere.id)?.version, reads: [] }
        : { kind: 'missing', ref: elsewhere }
  })

  test('gets their records as of its position, and runs again', async () => {
    scripted.ask(1)
    await scripted.turns()
    scripted.host.barriers[0]!.resolve(endOfBatch(7))
    await scripted.turns()
    expect(questions).toMatchObject([{ session: 'worker.1', ref: { id: elsewhere.id }, at: endOfBatch(7) }])
    await scripted.answerRecord({
      kind: 'record',
      id: questions[0]!.id,
      bytes: encodeActorRecord(program, elsewhere, record),
    })
    expect(scripted.received).toMatchObject([{ kind: 'answer', id: 1, value: record.version, position: endOfBatch(7) }])
    expect(scripted.host.queries.map(({ at }) => at)).toEqual([endOfBatch(7), endOfBatch(7)])
  })

  test('learns that they are absent', async () => {
    scripted.ask(1, { kind: 'at', position: endOfBatch(3) })
    await scripted.turns()
    await scripted.answerRecord({ kind: 'record', id: questions[0]!.id, bytes: undefined })
    expect(scripted.received).toMatchObject([{ kind: 'answer', value: undefined }])
  })

  test('asks for a record again when it does not come, and gives up in the end', async () => {
    scripted.ask(1, { kind: 'at', position: endOfBatch(3) })
    await scripted.turns()
    for (let slice = 0; slice < 40; slice++) await scripted.advance(251)
    expect(questions.length).toBeGreaterThan(4)
    expect(scripted.received).toEqual([])
    expect(scripted.desk.statistics.dropped).toBe(1)
    const { length } = questions
    await scripted.advance(10_000)
    expect(questions).toHaveLength(length)
  })

  test('loses its snapshot with theirs', async () => {
    scripted.ask(1, { kind: 'at', position: endOfBatch(3) })
    await scripted.turns()
    await scripted.answerRecord({ kind: 'snapshotGone', id: questions[0]!.id })
    expect(scripted.received).toEqual([{ kind: 'snapshotGone', id: 1 }])
  })

  test('drops a record that is damaged', async () => {
    scripted.ask(1, { kind: 'at', position: endOfBatch(3) })
    await scripted.turns()
    await scripted.answerRecord({ kind: 'record', id: questions[0]!.id, bytes: Uint8Array.of(255, 255) })
    expect(scripted.received).toEqual([])
    expect(scripted.desk.statistics.dropped).toBe(1)
  })

  test('fails when it reaches more than the limit', async () => {
    let reached = 0
    scripted.host.answer = () => ({ kind: 'missing', ref: actorRef('Account', `b${reached++}`) })
    scripted.host.owned = new Set([0, 1, 2, 3])
    scripted.ask(1, { kind: 'at', position: endOfBatch(3) })
    await scripted.turns()
    expect(scripted.received).toMatchObject([{ kind: 'failed', error: { code: 'TRANSACTION_INVALID' } }])
    expect(reached).toBe(frontDeskLimits.recordsPerQueryMax + 1)
  })

  test('no record is had where clients ask, and nothing but records where workers do', async () => {
    scripted.host.record = { bytes: Uint8Array.of(1, 2) }
    const own = { kind: 'record' as const, session: 'client.1', id: 1, ref, at: endOfBatch(3) }
    scripted.bus.send(addresses.question('db', home), encodeQuestion(own))
    const outcomes = { kind: 'outcomes' as const, session: 'client.1', sequences: [1] }
    scripted.bus.send(addresses.record('db', home), encodeQuestion(outcomes))
    await scripted.turns()
    expect(scripted.received).toEqual([])
    expect(scripted.desk.statistics.dropped).toBe(1)
  })

  test('is answered with records by the other worker’s desk', async () => {
    scripted.host.record = { bytes: Uint8Array.of(1, 2) }
    const own = { kind: 'record' as const, session: 'client.1', ref, at: endOfBatch(3) }
    scripted.send(home, { ...own, id: 1 })
    await scripted.turns()
    scripted.host.record = 'gone'
    scripted.send(home, { ...own, id: 2 })
    await scripted.turns()
    expect(scripted.received).toEqual([
      { kind: 'record', id: 1, bytes: Uint8Array.of(1, 2) },
      { kind: 'snapshotGone', id: 2 },
    ])
  })
})

function keyOutside(): string {
  for (let number = 0; ; number++)
    if (partitionOf(actorRef('Account', `k${number}`), partitions) !== home) return `k${number}`
}

/** The record of an account as an engine keeps it; its value has no fields. */
function madeRecord(): ActorRecord {
  return { version: 4097, value: program.decodeValue(elsewhere, Uint8Array.of(1, 1, 0)), timers: [] }
}
