// Holds the history of a layer against a model of it: operations that carry marks are applied to the model one by one, at
// the positions at which the log has them, and must have been answered with what the model comes to there. What only
// reads carries no mark: there must be a moment, while it went on, at which the model answers the same.

import { endOfBatch, sequenceOf, type Position } from '@streamy-db/core'
import { inOneLine } from '../../differential/in-one-line.ts'
import type { Operation } from '../../checkers/history.ts'
import type { Violation } from '../simulated-cluster.ts'
import type { OperationRecord, OperationRecords } from './operation-records.ts'

/** What a model says of an operation. */
export interface ModelWord {
  readonly reply: unknown
  /** Whether it takes effect; what does not leaves everything as it was. */
  readonly happens: boolean
}

/** A layer as plain data. */
export interface LayerModel<Call extends MarkedCall = MarkedCall> {
  /** Executes an operation at a position and at a log time in milliseconds. */
  execute(call: Call, position: Position, now: number): ModelWord
  /** Answers one that only reads. */
  read(call: Call, now: number): unknown
}

/** A call as a layer's workload records it. */
export interface MarkedCall {
  /** Undefined for what only reads. */
  readonly mark: string | undefined
}

/** What is judged. */
export interface LayerHistory<Call extends MarkedCall = MarkedCall> {
  readonly name: string
  readonly operations: readonly Operation[]
  readonly records: Pick<OperationRecords, 'of' | 'starts'>
  readonly model: LayerModel<Call>
  /** What was read when everything was over, and the newest entry of the log before that. */
  readonly end: { readonly reads: readonly (readonly [call: Call, reply: unknown])[]; readonly sequence: number }
}

interface Placed<Call> {
  readonly operation: Operation
  readonly call: Call
  readonly record: OperationRecord
}

interface OpenRead<Call> {
  readonly what: string
  readonly call: Call
  readonly reply: string
  readonly from: Position
  readonly before: Position
  /** What the model said, the last time that it said something else. */
  lastSaid: string
}

const explainedMax = 3

/** Judges a history; see the header. */
export function judgeModel<Call extends MarkedCall>(history: LayerHistory<Call>): readonly Violation[] {
  return new ModelJudge(history).judge()
}

class ModelJudge<Call extends MarkedCall> {
  readonly #history: LayerHistory<Call>
  readonly #found: Violation[] = []

  constructor(history: LayerHistory<Call>) {
    this.#history = history
  }

  judge(): readonly Violation[] {
    const placed = this.#place()
    this.#judgeOrder(placed)
    this.#goThrough(placed, this.#openReads(placed))
    return this.#found.slice(0, explainedMax)
  }

  // Where the log has each operation. What was refused has not happened, and what was answered has.
  #place(): readonly Placed<Call>[] {
    const placed: Placed<Call>[] = []
    for (const operation of this.#history.operations) {
      const call = operation.call as Call
      if (call.mark === undefined) continue
      const record = this.#history.records.of(call.mark)
      if (operation.outcome === 'failed' && (record?.commits ?? 0) > 0)
        this.#violated(operation, `was refused, and has happened at ${record!.position}`)
      if (record !== undefined && record.commits > 1) this.#violated(operation, `has happened ${record.commits} times`)
      if (operation.outcome === 'ok' && record === undefined)
        this.#violated(operation, 'was answered, and the log does not have it')
      if (record !== undefined && operation.outcome !== 'failed') placed.push({ operation, call, record })
    }
    return placed.toSorted((a, b) => a.record.position - b.record.position)
  }

  // What was answered before another was asked for comes before it.
  #judgeOrder(placed: readonly Placed<Call>[]): void {
    for (const { operation, record } of placed) {
      const before = this.#latestBefore(placed, operation.invokedUs)
      if (operation.outcome === 'ok' && before >= record.position)
        this.#violated(
          operation,
          `is at ${record.position}, behind ${before}, which was answered before it was asked for`,
        )
    }
  }

  #openReads(placed: readonly Placed<Call>[]): readonly OpenRead<Call>[] {
    const { operations, end } = this.#history
    const during = operations.flatMap((operation): OpenRead<Call>[] => {
      const call = operation.call as Call
      if (call.mark !== undefined || operation.outcome !== 'ok') return []
      const from = this.#latestBefore(placed, operation.invokedUs)
      const behind = placed.filter(({ operation: { invokedUs } }) => invokedUs > operation.completedUs)
      const before = Math.min(...behind.map(({ record }) => record.position))
      return [{ what: describe(operation), call, reply: inOneLine(operation.reply), from, before, lastSaid: 'nothing' }]
    })
    const last = end.reads.map(([call, reply]) => ({
      what: `the last read ${inOneLine(call)} was answered ${inOneLine(reply)}`,
      call,
      reply: inOneLine(reply),
      from: endOfBatch(end.sequence),
      before: Infinity,
      lastSaid: 'nothing',
    }))
    return [...during, ...last]
  }

  #latestBefore(placed: readonly Placed<Call>[], timeUs: number): Position {
    const before = placed.filter(({ operation: { outcome, completedUs } }) => outcome === 'ok' && completedUs < timeUs)
    return Math.max(0, ...before.map(({ record }) => record.position))
  }

  // Time goes on with each entry, and then its operations are executed.
  #goThrough(placed: readonly Placed<Call>[], reads: readonly OpenRead<Call>[]): void {
    let open = reads
    let next = 0
    let time = 0
    for (const { position: start, now } of this.#history.records.starts) {
      time = now
      open = this.#answer(open, start, now)
      while (next < placed.length && sequenceOf(placed[next]!.record.position) <= sequenceOf(start)) {
        this.#execute(placed[next]!)
        open = this.#answer(open, placed[next]!.record.position, now)
        next += 1
      }
      // With one thing wrong, all that follows would be.
      if (this.#found.length > 0) return
    }
    for (const { what, lastSaid } of this.#answer(open, Number.MAX_SAFE_INTEGER, time))
      this.#say(`${what}; at no moment of it is that so, but in the end ${lastSaid}`)
  }

  #answer(reads: readonly OpenRead<Call>[], at: Position, now: number): readonly OpenRead<Call>[] {
    return reads.filter((read) => {
      if (at < read.from || at >= read.before) return true
      read.lastSaid = inOneLine(this.#history.model.read(read.call, now))
      return read.lastSaid !== read.reply
    })
  }

  #execute({ operation, call, record }: Placed<Call>): void {
    const { reply, happens } = this.#history.model.execute(call, record.position, record.now)
    if (happens !== record.commits > 0)
      this.#violated(operation, `should ${happens ? '' : 'not '}have taken effect at ${record.position}`)
    else if (operation.outcome === 'ok' && inOneLine(operation.reply) !== inOneLine(reply))
      this.#violated(operation, `should have been answered ${inOneLine(reply)} at ${record.position}`)
  }

  #violated(operation: Operation, problem: string): void {
    this.#say(`${describe(operation)}: it ${problem}`)
  }

  #say(explanation: string): void {
    this.#found.push({ kind: `history of ${this.#history.name}`, explanation })
  }
}

function describe({ index, call, outcome, reply }: Operation): string {
  return `operation ${index}, ${inOneLine(call)}, was ${outcome === 'ok' ? `answered ${inOneLine(reply)}` : outcome}`
}
