// ClusterHistory: the past of a database on a cluster, as its workers tell it. It asks page after page; each answer says up to
// where it goes, so a worker that dies, or answers twice, changes nothing but the time it takes.

import { decodeError } from '@streamy-db/actors'
import { decodeActorRecord, HistoryTrimmed, StreamyError } from '@streamy-db/core'
import type { ActorRef, Call, Commit, Datum, LogTime, Position, Program } from '@streamy-db/core'
import type { HistoryPort, PastSnapshot, PresentActors, TypeNames } from '../../history/history-port.ts'
import type { CommittedStretch } from '../../history/history-replay.ts'
import { checkMoment } from '../../history/moment.ts'
import type { AskedMoment, CommitMessage, HistoryMessage, HistoryQuestionBody } from '../protocol/history-message.ts'
import { clientClosed } from './client-errors.ts'
import type { ClusterClient } from './cluster-client.ts'

/** What it asks with. */
export interface ClusterHistoryOptions {
  readonly client: ClusterClient
  /** Decodes records; it need not know any actor. */
  readonly program: Program
  /** By the clock, for a question that is asked now. */
  readonly deadline: () => number
}

type Told<Kind extends HistoryMessage['kind']> = Extract<HistoryMessage, { kind: Kind }>

/** A cluster's past. */
export class ClusterHistory implements HistoryPort {
  readonly #options: ClusterHistoryOptions

  constructor(options: ClusterHistoryOptions) {
    this.#options = options
  }

  now(): Position {
    return this.#options.client.position
  }

  async *read(types: TypeNames, from: Position, signal: AbortSignal): AsyncIterable<CommittedStretch> {
    let next = from
    while (!signal.aborted) {
      const told = await this.#ask({ kind: 'changes', types: listOf(types), from: next }, signal)
      if (told === undefined) return
      const { upTo, merged, commits } = told
      next = upTo
      const stretch = { commits: this.#commits(commits), upTo }
      yield merged ? { ...stretch, merged } : stretch
    }
  }

  async present(types: TypeNames, signal: AbortSignal): Promise<PresentActors> {
    const question = { kind: 'present', types: listOf(types), since: this.now() } as const
    const first = await this.#ask({ ...question, listing: undefined }, signal)
    const rest = async function* (this: ClusterHistory): AsyncGenerator<readonly Commit[]> {
      for (let told = first; told !== undefined;) {
        yield this.#commits(told.commits)
        const { position, next } = told
        if (next === undefined) return
        told = await this.#ask({ ...question, listing: { position, next } }, signal)
      }
    }
    return { position: first?.position ?? 0, commits: rest.call(this) }
  }

  async snapshot(moment: Position | Date): Promise<PastSnapshot> {
    checkMoment(moment)
    const asked: AskedMoment =
      moment instanceof Date
        ? { kind: 'time', timeUs: moment.getTime() * 1000 }
        : { kind: 'position', position: moment }
    const { position, logTime } = await this.#past(asked, undefined)
    const query = async (call: Call): Promise<Datum> => (await this.#past({ kind: 'position', position }, call)).value
    return { position, logTime, query, close: () => {} }
  }

  async #past(
    moment: AskedMoment,
    call: Call | undefined,
  ): Promise<{ readonly position: Position; readonly logTime: LogTime; readonly value: Datum }> {
    const told = await this.#ask({ kind: 'past', moment, call }, undefined)
    if (told === undefined) throw clientClosed()
    return told
  }

  // Undefined once `signal` aborts, or the client is closed while somebody reads.
  async #ask<Kind extends HistoryQuestionBody['kind']>(
    question: HistoryQuestionBody & { readonly kind: Kind },
    signal: AbortSignal | undefined,
  ): Promise<Told<Kind> | undefined> {
    for (;;) {
      const told = await this.#told(question, signal)
      if (told === undefined || signal?.aborted === true) return undefined
      if (told.kind === 'trimmed') throw new HistoryTrimmed(told.oldest)
      if (told.kind === 'refused') throw decodeError(told.error)
      // Answers are of the kind of their question.
      if (told.kind !== 'wait') return told as Told<Kind>
    }
  }

  async #told(question: HistoryQuestionBody, signal: AbortSignal | undefined): Promise<HistoryMessage | undefined> {
    const { client, deadline } = this.#options
    try {
      const asked = client.askHistory(question, deadline())
      return await (signal === undefined ? asked : Promise.race([asked, abortOf(signal, asked)]))
    } catch (error) {
      if (signal !== undefined && error instanceof StreamyError && error.code === 'DATABASE_CLOSED') return undefined
      throw error
    }
  }

  #commits(messages: readonly CommitMessage[]): Commit[] {
    return messages.map(({ position, logTime, ref, before, after }) => ({
      position,
      logTime,
      ref,
      before: this.#record(ref, before),
      after: this.#record(ref, after),
    }))
  }

  #record(ref: ActorRef, bytes: Uint8Array | undefined): Commit['after'] {
    return bytes === undefined ? undefined : decodeActorRecord(this.#options.program, ref, bytes)
  }
}

// Settles when the signal aborts; what is asked meanwhile is of no interest then.
function abortOf(signal: AbortSignal, asked: Promise<unknown>): Promise<undefined> {
  return new Promise((resolve) => {
    const aborted = (): void => resolve(undefined)
    const settled = (): void => signal.removeEventListener('abort', aborted)
    signal.addEventListener('abort', aborted)
    if (signal.aborted) aborted()
    asked.then(settled, settled)
  })
}

function listOf(types: TypeNames): readonly string[] | undefined {
  return types === undefined ? undefined : [...types]
}
