// Histories made by hand: good ones that must pass, and each way in which one can be bad.

import { positionOf } from '@streamy-db/core'
import { versionOf } from '@streamy-db/kv'
import { describe, expect, test } from 'vitest'
import type { Operation } from '../../checkers/history.ts'
import type { DocumentCall } from '../load/document-operations.ts'
import type { EntryCall } from '../load/entry-operations.ts'
import { DocumentLayerModel } from './document-layer-model.ts'
import { EntryLayerModel } from './entry-layer-model.ts'
import { judgeModel, type LayerHistory, type LayerModel, type MarkedCall } from './judge-model.ts'
import type { OperationRecord } from './operation-records.ts'

const startMs = 1000
const second = 1_000_000

/** One operation a second, each as of an entry of its own, unless it says otherwise. */
interface Step<Call> {
  readonly call: Call
  readonly outcome?: Operation['outcome']
  readonly reply?: unknown
  /** In seconds. */
  readonly during?: readonly [number, number]
  /** The entry that has it, from 1 on; 0 when the log does not have it. */
  readonly entry?: number
  readonly commits?: number
}

interface Made<Call> {
  readonly steps: readonly Step<Call>[]
  readonly end?: LayerHistory['end']['reads']
}

function complaints<Call extends MarkedCall>(model: LayerModel<Call>, { steps, end = [] }: Made<Call>): string {
  const records = new Map<string, OperationRecord>()
  const operations = steps.map(({ call, outcome = 'ok', reply, during = [], entry, commits = 1 }, index): Operation => {
    const [from = index, to = index + 0.5] = during
    const sequence = entry ?? index + 1
    if (call.mark !== undefined && sequence > 0)
      records.set(call.mark, { position: positionOf(sequence, 1), now: startMs + sequence, commits })
    const times = { index, process: `lane-${index}`, call, invokedUs: from * second }
    if (outcome === 'ok') return { ...times, outcome, completedUs: to * second, reply, position: undefined }
    return { ...times, outcome, completedUs: to * second, reply: undefined, position: undefined }
  })
  const starts = steps.map((_, index) => ({ position: positionOf(index + 1, 0), now: startMs + index + 1 }))
  const history = {
    name: 'hands',
    operations,
    records: { of: (mark: string) => records.get(mark), starts },
    model,
    // What is read at the end is as of the end.
    end: { reads: end as readonly (readonly [Call, unknown])[], sequence: steps.length },
  }
  return judgeModel(history)
    .map(({ explanation }) => explanation)
    .join('\n')
}

describe('entries', () => {
  const judge = (...steps: Step<EntryCall>[]): string => complaints(new EntryLayerModel(), { steps })
  const set = (mark: string, value: unknown, reply: unknown = { ok: true, gets: [] }): Step<EntryCall> => ({
    call: { kind: 'transact', mark, transaction: { updates: [{ set: ['a', 1], value }] } },
    reply,
  })
  const entry = (value: unknown, sequence: number): unknown => ({
    key: ['a', 1],
    value,
    version: versionOf(positionOf(sequence, 1)),
  })
  const none = { key: ['a', 1], value: undefined, version: undefined }
  const get = (...found: unknown[]): Step<EntryCall> => ({
    call: { kind: 'get', mark: undefined, keys: [['a', 1]] },
    reply: found,
  })
  const asserted = (mark: string, version: string | undefined, reply: unknown): Step<EntryCall> => ({
    call: {
      kind: 'transact',
      mark,
      transaction: { asserts: [{ key: ['a', 1], version }], updates: [{ sum: ['a', 2], value: 1 }] },
    },
    reply,
  })

  test('a history that is as it should be', () => {
    const failed = { ok: false, index: 0, entry: entry(2, 2), count: undefined }
    expect(judge(set('x', 1), set('y', 2), get(entry(2, 2)), { ...asserted('z', undefined, failed), commits: 0 })).toBe(
      '',
    )
  })

  test('a reply that is not what the log comes to', () => {
    expect(judge({ ...set('x', 1), reply: { ok: true, gets: [none] } })).toContain('should have been answered')
    const wrong = { ok: false, index: 0, entry: entry(1, 1), count: undefined }
    expect(judge(set('x', 1), set('y', 2), { ...asserted('z', undefined, wrong), commits: 0 })).toContain(
      'should have been answered',
    )
  })

  test('an assert that did not hold, and did not hinder', () => {
    expect(judge(set('x', 1), asserted('y', undefined, { ok: true, gets: [] }))).toContain(
      'should not have taken effect',
    )
  })

  test('an assert that held, and hindered, of a transaction that nobody was answered', () => {
    const step = { ...asserted('y', undefined, undefined), outcome: 'unknown', commits: 0 } as const
    expect(judge(step)).toContain('should have taken effect')
  })

  test('a read of what was overwritten before it was asked for', () => {
    expect(judge(set('x', 1), set('y', 2), get(entry(1, 1)))).toContain('at no moment')
  })

  test('a read while something is written may be answered with either, and with nothing else', () => {
    const during = [0.1, 1.9] as const
    const writes = [set('x', 1), set('y', 2)] as const
    for (const found of [entry(1, 1), entry(2, 2)]) expect(judge(...writes, { ...get(found), during })).toBe('')
    expect(judge(...writes, { ...get(entry(3, 2)), during })).toContain('at no moment')
  })

  test('a read of what is written only later', () => {
    expect(judge(set('x', 1), { ...get(entry(2, 3)), during: [1, 1.5] }, set('y', 2))).toContain('at no moment')
  })

  test('what is not known to have happened is known from the log', () => {
    const unknown = { ...set('x', 1), outcome: 'unknown' } as const
    expect(judge(unknown, get(entry(1, 1)))).toBe('')
    expect(judge({ ...unknown, entry: 0 }, get(none))).toBe('')
    expect(judge({ ...unknown, entry: 0 }, get(entry(1, 1)))).toContain('at no moment')
  })

  test('what was answered and is not in the log, what was refused and is, and what happened twice', () => {
    expect(judge({ ...set('x', 1), entry: 0 })).toContain('the log does not have it')
    expect(judge({ ...set('x', 1), outcome: 'failed' })).toContain('was refused, and has happened')
    expect(judge({ ...set('x', 1), commits: 2 })).toContain('has happened 2 times')
  })

  test('what was answered before another was asked for, and lies behind it in the log', () => {
    expect(judge({ ...set('x', 1), entry: 2 }, { ...set('y', 2), entry: 1 })).toContain(
      'answered before it was asked for',
    )
  })

  test('an end that lacks what was written', () => {
    const steps = [set('x', 1)]
    const all: EntryCall = { kind: 'list', mark: undefined, selector: {}, reverse: false, limit: 10 }
    expect(complaints(new EntryLayerModel(), { steps, end: [[all, [entry(1, 1)]]] })).toBe('')
    expect(complaints(new EntryLayerModel(), { steps, end: [[all, []]] })).toContain('the last read')
  })
})

describe('documents', () => {
  const counts = { inserted: 1, matched: 0, modified: 0, deleted: 0 }
  const judge = (steps: readonly Step<DocumentCall>[], end?: LayerHistory['end']['reads']): string =>
    complaints(new DocumentLayerModel(), { steps, ...(end === undefined ? {} : { end }) })
  const ada = { _id: 'p1', email: 'a', age: 1, tags: [] }
  const insert = (mark: string, document: object, reply: unknown = counts): Step<DocumentCall> => ({
    call: { kind: 'write', mark, writes: [{ kind: 'insert', document: { ...document } }] },
    reply,
  })
  const move = (mark: string, reply: unknown): Step<DocumentCall> => ({
    call: { kind: 'move', mark, id: 'p1', counters: [['moves', 'p1']] },
    reply,
  })
  const all = (collection: 'people' | 'former'): DocumentCall => ({ kind: 'all', mark: undefined, collection })

  test('a history that is as it should be', () => {
    const twice = { ...insert('y', { ...ada, _id: 'p2' }, 'DuplicateKey'), commits: 0 }
    const steps = [insert('x', ada), twice, move('z', [ada, undefined])]
    const ends = [
      [all('people'), []],
      [all('former'), [ada]],
      [{ kind: 'verify', mark: undefined, collection: 'people' }, []],
    ] as const
    expect(judge(steps, ends)).toBe('')
  })

  test('two documents of one address', () => {
    expect(judge([insert('x', ada), insert('y', { ...ada, _id: 'p2' })])).toContain('should not have taken effect')
  })

  test('an address that was refused though nobody has it', () => {
    expect(judge([{ ...insert('x', ada, 'DuplicateKey'), commits: 0 }])).toContain('should have taken effect')
  })

  test('a transaction that has read something else than what it has changed', () => {
    expect(judge([insert('x', ada), move('y', [undefined, undefined])])).toContain('should have been answered')
  })

  test('a document that is in both collections after it was moved', () => {
    expect(judge([insert('x', ada), move('y', [ada, undefined])], [[all('people'), [ada]]])).toContain('the last read')
  })

  test('an index that is wrong in the end', () => {
    const verify = { kind: 'verify', mark: undefined, collection: 'people' }
    expect(judge([insert('x', ada)], [[verify, ['byTeam lacks p1']]])).toContain('the last read')
  })
})
