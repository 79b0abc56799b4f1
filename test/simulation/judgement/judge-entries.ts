// Judges the entries of the key-value layer by a plain sorted map. Marks in the end say which transactions took effect and at
// which positions; the map applies them in that order, and each that was answered must have read what the map has then. A
// list, and a transaction that failed an assert, must be right at some moment between its call and its answer.

import { isDeepStrictEqual } from 'node:util'
import { layerPortOf, type Database } from '@streamy-db/runtime'
import { sequenceOf, type LogEntry } from '@streamy-db/core'
import { kvSpace, positionOf, type KvEntry, type KvTransactionResult, type KvVersion } from '@streamy-db/kv'
import { KvModel, treeOf, treeShape, type ModelResult } from '@streamy-db/kv/testing'
import type { OkOperation, Operation } from '../../checkers/history.ts'
import { entrySpace, markName, type EntryCall } from '../load/entry-operations.ts'
import type { Violation } from '../simulated-cluster.ts'

/** What there is in the end. */
export interface EntriesEnd {
  readonly entries: readonly KvEntry[]
  /** What is wrong with the index. */
  readonly offences: readonly string[]
}

type Transact = Extract<EntryCall, { readonly kind: 'transact' }>
type Applied = Operation<Transact> & { readonly version: KvVersion }

const explainedMax = 3

/** Reads the end. */
export async function readEntries(db: Database): Promise<EntriesEnd> {
  const entries = await kvSpace(db, entrySpace).list({}).toArray()
  const port = layerPortOf(db)
  const { offences, keys } = await treeShape(treeOf(entrySpace), async (call) => (await port.query([call]))[0])
  const count = keys.length === entries.length ? [] : [`${keys.length} keys are indexed, and ${entries.length} listed`]
  return { entries, offences: [...offences, ...count] }
}

/** Judges what clients recorded; `log` says what time it was at a position. */
export function judgeEntries(
  operations: readonly Operation[],
  { entries, offences }: EntriesEnd,
  log: readonly LogEntry[],
): readonly Violation[] {
  const run = new EntriesRun(operations, entries, log)
  const wrong = [...offences, ...run.judge()]
  return wrong.slice(0, explainedMax).map((explanation) => ({ kind: 'wrong entries', explanation }))
}

class EntriesRun {
  readonly #wrong: string[] = []
  readonly #model = new KvModel()
  readonly #times: readonly number[]
  readonly #applied: readonly Applied[]
  // What must be right at some moment.
  readonly #somewhen: Somewhen[]
  readonly #entries: readonly KvEntry[]

  constructor(operations: readonly Operation[], entries: readonly KvEntry[], log: readonly LogEntry[]) {
    const marks = new Map(entries.flatMap(({ key, version }) => (key[0] === markName ? [[key[1], version]] : [])))
    this.#entries = entries
    this.#times = logTimes(log)
    // The calls of this workload, as its operations make them.
    const calls = operations as readonly Operation<EntryCall>[]
    this.#applied = calls
      .flatMap((operation) => this.#appliedOf(operation, marks))
      .toSorted((a, b) => (a.version < b.version ? -1 : 1))
    this.#somewhen = calls.flatMap((operation) => this.#somewhenOf(operation))
  }

  judge(): readonly string[] {
    this.#look(0)
    for (const [index, applied] of this.#applied.entries()) {
      this.#apply(applied)
      this.#look(index + 1)
    }
    for (const { operation } of this.#somewhen) this.#say(operation, 'was never right between its call and its answer')
    const expected = this.#model.select({}, Infinity)
    if (!isDeepStrictEqual(this.#entries, expected))
      this.#wrong.push(`in the end there is ${inShort(this.#entries)}, and should be ${inShort(expected)}`)
    return this.#wrong
  }

  #appliedOf(operation: Operation<EntryCall>, marks: ReadonlyMap<unknown, KvVersion>): readonly Applied[] {
    const { call, outcome } = operation
    if (call.kind !== 'transact') return []
    const version = marks.get(call.mark)
    // What the layer answers.
    const reply = operation.reply as KvTransactionResult | undefined
    const answered = reply?.ok === true ? reply.version : undefined
    if (outcome !== 'unknown' && answered !== version)
      this.#say(operation, `has the version ${answered}, and its mark ${version}`)
    return version === undefined ? [] : [{ ...operation, call, version }]
  }

  #somewhenOf(operation: Operation<EntryCall>): readonly Somewhen[] {
    if (operation.outcome !== 'ok') return []
    const { call, reply } = operation
    if (call.kind === 'transact' && (reply as KvTransactionResult).ok) return []
    const from = this.#applied.findLastIndex(
      (other) => other.outcome === 'ok' && other.completedUs < operation.invokedUs,
    )
    const behind = this.#applied.findIndex((other) => other.invokedUs > operation.completedUs)
    return [{ operation, from: from + 1, to: behind < 0 ? this.#applied.length : behind }]
  }

  #apply({ version, call, ...operation }: Applied): void {
    const now = this.#times[sequenceOf(positionOf(version)) - 1]!
    const expected = this.#model.apply(call.transaction, now, version)
    if (expected === 'mismatch' || !expected.ok) this.#say(operation, `took effect, and should ${inShort(expected)}`)
    else if (operation.outcome === 'ok') {
      const gets = getsOf(operation.reply as KvTransactionResult)
      if (!isDeepStrictEqual(gets, expected.gets))
        this.#say(operation, `has read ${inShort(gets)} at ${version}, and should ${inShort(expected.gets)}`)
    }
  }

  // At the moment at which so many have been applied.
  #look(count: number): void {
    for (let at = this.#somewhen.length - 1; at >= 0; at--) {
      const { operation, from, to } = this.#somewhen[at]!
      if (count >= from && count <= to && this.#isRight(operation)) this.#somewhen.splice(at, 1)
    }
  }

  // Nothing that is asserted or listed passes by itself, so the time is that of the last that was applied.
  #isRight({ call, reply }: OkOperation<EntryCall>): boolean {
    if (call.kind === 'list') {
      const entries = this.#model.select(call.selector, 0)
      return isDeepStrictEqual(reply, call.reverse ? entries.toReversed() : entries)
    }
    const result = reply as KvTransactionResult
    const expected = this.#model.apply({ asserts: call.transaction.asserts ?? [] }, 0, '')
    if (result.ok || expected === 'mismatch' || expected.ok) return false
    const { index, entry, count } = result.failed
    return isDeepStrictEqual({ ok: false, index, entry, count }, expected)
  }

  #say({ index, process, outcome }: Pick<Operation, 'index' | 'process' | 'outcome'>, what: string): void {
    this.#wrong.push(`operation ${index} of ${process}, which was ${outcome}, ${what}`)
  }
}

interface Somewhen {
  readonly operation: OkOperation<EntryCall>
  /** How many have been applied then, at least and at most. */
  readonly from: number
  readonly to: number
}

function getsOf(result: KvTransactionResult): readonly unknown[] {
  return result.ok ? result.gets.map((get) => ('entries' in get ? get.entries : get)) : []
}

// In milliseconds, by sequence: log time as handlers see it.
function logTimes(log: readonly LogEntry[]): readonly number[] {
  let last = 0
  return log.map(({ appendTime }) => {
    last = Math.max(appendTime, last + 1)
    return Math.floor(last / 1000)
  })
}

function inShort(value: ModelResult | readonly unknown[]): string {
  return JSON.stringify(value).slice(0, 400)
}
