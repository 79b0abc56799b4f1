// Judge: runs the reference over the same log and holds every engine to it: state hashes whenever an engine has
// resolved all it has seen, replies at every position, and at the end that nothing is missing, stuck or done twice.

import {
  homeOf,
  type LogEntry,
  type LogTime,
  type Outcome,
  type PartitionId,
  type Position,
  type Reply,
  type Sequence,
  type Transaction,
} from '@streamy-db/core'
import { StateHash, keyPrefixes, partitionPrefix, requestKey } from '@streamy-db/core/testing'
import { ReferenceExecutor, type BatchResult, type ReferenceOptions } from '../reference/reference-executor.ts'
import { inOneLine } from './in-one-line.ts'
import { differingEntries } from './state-difference.ts'
import { forgetfulSession } from './world.ts'

/** The engine did something else than the reference. */
export class Mismatch extends Error {
  constructor(what: string, details?: { readonly engine: unknown; readonly reference: unknown }) {
    super(
      details === undefined
        ? what
        : `${what}\n  engine:    ${inOneLine(details.engine)}\n  reference: ${inOneLine(details.reference)}`,
    )
    this.name = 'Mismatch'
  }
}

/** The reference's word on one log as it grows. */
export class Judge {
  readonly reference: ReferenceExecutor
  /** How often what happened in the log, by kind; shows what workloads reach. */
  readonly tally = new Map<string, number>()
  readonly #options: ReferenceOptions
  readonly #log: LogEntry[] = []
  readonly #results: BatchResult[] = []
  readonly #replies = new Map<Position, Reply>()
  readonly #unanswered = new Set<Position>()
  // By request: how often it came to an outcome. Tells start at 0 when they are sent.
  readonly #finished = new Map<string, number>()

  constructor(options: ReferenceOptions) {
    this.#options = options
    this.reference = new ReferenceExecutor(options)
  }

  /** The log has grown by an entry; answers the log time it brought. */
  appended(entry: LogEntry): LogTime {
    const result = this.reference.execute(entry)
    this.#log.push(entry)
    this.#results.push(result)
    for (const reply of result.replies) {
      this.#replies.set(reply.position, reply)
      this.#unanswered.add(reply.position)
      this.#count(reply.outcome.kind === 'committed' ? 'committed' : (reply.outcome.error.code ?? 'thrown'))
    }
    for (const next of this.reference.pending()) {
      if (next.source !== undefined) this.#noteFinished(this.#keyOf(next), 0)
      this.#count(next.source === undefined ? `attempt ${next.attempt}` : 'tell')
    }
    for (const key of result.finished) this.#noteFinished(key, 1)
    return result.logTime
  }

  /** The pending transaction that a submission stands for, with no more touches than it must have. */
  pendingAs(submission: Transaction): Transaction | undefined {
    if (submission.source !== undefined) return undefined
    const key = this.#keyOf(submission)
    return this.reference
      .pending()
      .find((next) => next.attempt === submission.attempt && next.source === undefined && this.#keyOf(next) === key)
  }

  /** An engine replied; whoever waits for it may not get it. */
  replied(reply: Reply, arrives = true): void {
    const expected = this.#replies.get(reply.position)
    if (inOneLine(reply) !== inOneLine(expected))
      throw new Mismatch(`another reply at position ${reply.position}`, { engine: reply, reference: expected })
    if (arrives) this.#unanswered.delete(reply.position)
  }

  /** An engine has resolved everything up to the end of batch `sequence`; `show` tells what it then holds. */
  resolved(
    sequence: Sequence,
    hashes: ReadonlyMap<PartitionId, string>,
    show: () => ReadonlyMap<string, Uint8Array>,
  ): void {
    const expected = this.#results[sequence - 1]!.hashes
    for (const [partition, hash] of hashes) {
      if (hash === expected[partition]) continue
      const engine = `${hash}\n${this.#differences(sequence, partition, show()).join('\n')}`
      throw new Mismatch(`another state of partition ${partition} after batch ${sequence}: ${engine}`)
    }
  }

  /** A store that stands at a batch was asked for the entries of one partition. */
  captured(sequence: Sequence, partition: PartitionId, entries: ReadonlyMap<string, Uint8Array>): void {
    const hash = new StateHash()
    for (const [key, value] of entries)
      if (keyPrefixes.hashed.some((kind) => key.startsWith(partitionPrefix(kind, partition)))) hash.add(key, value)
    const digest = hash.digest(this.#results[sequence - 1]!.logTime)
    this.resolved(sequence, new Map([[partition, digest]]), () => entries)
  }

  /** The reference as of the end of a batch. */
  referenceAt(sequence: Sequence): ReferenceExecutor {
    const reference = new ReferenceExecutor(this.#options)
    for (const entry of this.#log.slice(0, sequence)) reference.execute(entry)
    return reference
  }

  /** A client whose reply may be lost asked for the outcome: it is what home remembers, as long as it does. */
  asked({ position, request }: Reply, home: PartitionId, outcome: Outcome | undefined): void {
    const known = request && this.reference.outcomeOf(home, request)
    if (inOneLine(outcome) !== inOneLine(known))
      throw new Mismatch(`another outcome of the request at position ${position}`, {
        engine: outcome,
        reference: known,
      })
    this.#unanswered.delete(position)
  }

  /** What the reference replied, in the order of positions. */
  get replies(): readonly Reply[] {
    return [...this.#replies.values()]
  }

  /** An engine that has resolved the whole log says when its next timer may be due: never too late. */
  scheduled(nextTimerDue: LogTime | undefined, owned: readonly PartitionId[]): void {
    const dues = owned.map((partition) => this.reference.nextDueOf(partition) ?? Infinity)
    const reference = Math.min(...dues)
    const engine = nextTimerDue ?? Infinity
    if (engine > reference) throw new Mismatch('a timer would run too late', { engine, reference })
  }

  /** Everything has been delivered and nothing moves any more. */
  ended(): void {
    if (this.#unanswered.size > 0) throw new Mismatch(`nobody replied at ${[...this.#unanswered].join(', ')}`)
    const pending = this.reference.pending()
    if (pending.length > 0) throw new Mismatch(`never appended: ${pending.map((next) => this.#keyOf(next)).join(', ')}`)
    for (const [key, times] of this.#finished)
      if (key.includes(':~') && times !== 1) throw new Mismatch(`the tell ${key} ran ${times} times`)
  }

  #differences(sequence: Sequence, partition: PartitionId, held: ReadonlyMap<string, Uint8Array>): string[] {
    return differingEntries(held, this.referenceAt(sequence).entriesOf(partition), partition, this.#options.program)
  }

  #count(kind: string): void {
    this.tally.set(kind, (this.tally.get(kind) ?? 0) + 1)
  }

  #noteFinished(key: string, times: number): void {
    const total = (this.#finished.get(key) ?? 0) + times
    if (total > 1 && !key.includes(forgetfulSession)) throw new Mismatch(`the request ${key} ran twice`)
    this.#finished.set(key, total)
  }

  #keyOf(transaction: Transaction): string {
    return `${homeOf(transaction, this.#options.partitions)}:${requestKey(transaction.request!)}`
  }
}
