// ClusterDatabase: the Database interface over a cluster. It turns method calls into transactions and queries, and
// outcomes back into results; `cluster-client.ts` sends them.

import { decodeError, type Actor, type ActorClass, type Reference } from '@streamy-db/actors'
import { limits, thaw, type Outcome, type Position } from '@streamy-db/core'
import { BufferedResult } from '../../buffered-result.ts'
import type { Clock } from '../../clock.ts'
import type { ActorOf, ActorType, Change, ChangesOptions } from '../../history/change.ts'
import { DatabaseHistory } from '../../history/database-history.ts'
import type { HistoryPort } from '../../history/history-port.ts'
import type { DatabaseView, PastView } from '../../history/past-view.ts'
import { ProjectionActor } from '../../history/projection-actor.ts'
import type { Projection, ProjectOptions } from '../../history/projection.ts'
import type { Database, DatabaseTransaction } from '../../database.ts'
import { layerPort, type LayerPort } from '../../layer-port.ts'
import { conflictsInEveryAttempt, SnapshotChanged } from '../../transaction-draft.ts'
import type { QueryMessage } from '../protocol/client-message.ts'
import type { Freshness } from '../protocol/question.ts'
import type { Intake } from '../protocol/intake.ts'
import type { ClusterClient } from './cluster-client.ts'
import { ClusterLayerPort } from './cluster-layer-port.ts'
import { ClusterTransaction } from './cluster-transaction.ts'
import { clientClosed } from './client-errors.ts'
import { checkReferenceOptions, type ClusterReferenceOptions } from './client-options.ts'
import type { Draft } from './draft.ts'
import type { KnownActors, PreparedCall } from './known-actors.ts'
import type { RequestWaiter } from './pending-request.ts'

/** What the database is put together from. */
export interface ClusterDatabaseParts {
  readonly client: ClusterClient
  readonly actors: KnownActors
  readonly clock: Clock
  readonly intake: Intake
  readonly past: HistoryPort
  readonly deadlineMs: number
  /** Ends what the client stood on, once it has let go of it. */
  readonly shutDown: () => Promise<void>
}

const noOptions: ClusterReferenceOptions = {}
const noAsserts: Draft['asserts'] = []

/** A database on a cluster. */
export class ClusterDatabase implements Database {
  readonly [layerPort]: LayerPort
  readonly #parts: ClusterDatabaseParts
  readonly #history: DatabaseHistory
  readonly #reference: (type: ActorClass | string, key: string, context: ClusterReferenceOptions) => object
  readonly #transactionReference: (type: ActorClass | string, key: string, context: ClusterTransaction) => object
  #closing: Promise<void> | undefined

  constructor(parts: ClusterDatabaseParts) {
    this.#parts = parts
    const { client, actors } = parts
    const viewReferences = actors.references<PastView>(async (view, prepare) => {
      const { kind, call, label } = prepare()
      return await view.call(kind, call, label)
    })
    const history = new DatabaseHistory({
      port: parts.past,
      clock: parts.clock,
      references: (type, key, view) => viewReferences(type, key, view),
      nameOf: (type) => actors.nameOf(type),
      cursor: (name) => cursors(ProjectionActor, name, noOptions) as Reference<ProjectionActor>,
      assertOpen: () => this.#assertOpen(),
    })
    this.#history = history
    const now = (): number => parts.clock.now()
    this[layerPort] = new ClusterLayerPort({ client, actors, history, now, deadline: () => this.#deadline(noOptions) })
    this.#reference = parts.actors.references((options, prepare) => this.#call(options, prepare))
    // Projections write down how far they are also while the client is being closed.
    const cursors = parts.actors.references<ClusterReferenceOptions>((options, prepare) => this.#send(options, prepare))
    this.#transactionReference = parts.actors.references((attempt, prepare) => this.#callIn(attempt, prepare))
  }

  get position(): Position {
    return this.#parts.client.position
  }

  /** The name under which this client's requests are in the log: their ids are `session/sequence`. */
  get session(): string {
    return this.#parts.client.session
  }

  /** How many messages arrived that could not be read. They were dropped; whoever meant them asks again. */
  get malformedMessages(): number {
    return this.#parts.intake.malformed
  }

  actor<T extends Actor>(
    type: ActorClass<T> | string,
    key: string,
    options: ClusterReferenceOptions = noOptions,
  ): Reference<T> {
    checkReferenceOptions(options)
    // It has a method for each handler of T, or for any name where T is known by name only.
    return this.#reference(type, key, options) as Reference<T>
  }

  async transaction<Result>(body: (tx: DatabaseTransaction) => Promise<Result> | Result): Promise<Result> {
    for (let attempt = 0; attempt < limits.transactionAttemptsMax; attempt++) {
      const done = await this.#attempt(body)
      if (done !== undefined) return done.result
    }
    throw conflictsInEveryAttempt()
  }

  at(moment: Position | Date): Promise<DatabaseView> {
    return this.#history.at(moment)
  }

  changes<const Type extends ActorType = ActorType>(
    options?: ChangesOptions<Type>,
  ): AsyncIterableIterator<Change<ActorOf<Type>>> {
    return this.#history.changes(options)
  }

  project<const Type extends ActorType = ActorType>(name: string, options: ProjectOptions<Type>): Promise<Projection> {
    return this.#history.project(name, options)
  }

  close(): Promise<void> {
    this.#closing ??= this.#history
      .close()
      .then(() => this.#parts.client.close())
      .then(() => this.#parts.shutDown())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #call(options: ClusterReferenceOptions, prepare: () => PreparedCall): Promise<unknown> {
    return this.#closing === undefined ? this.#send(options, prepare) : Promise.reject(clientClosed())
  }

  // One promise a call, whatever it passes through.
  #send(options: ClusterReferenceOptions, prepare: () => PreparedCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { kind, call, touches, asksFootprint } = prepare()
      const { client, clock } = this.#parts
      const now = clock.now()
      const deadline = this.#deadline(options, now)
      if (kind === 'query') return resolve(client.query(call, this.#freshness(options), deadline).then(valueOf))
      const draft: Draft = { asserts: noAsserts, calls: [call], touches }
      const { idempotencyKey } = options
      return client.submit(draft, { now, deadline, asksFootprint, idempotencyKey }, new CallWaiter(resolve, reject))
    })
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw clientClosed()
    this.#parts.client.assertOpen()
  }

  #callIn(attempt: ClusterTransaction, prepare: () => PreparedCall): PromiseLike<unknown> {
    const prepared = prepare()
    if (prepared.kind === 'query') return attempt.query(prepared.call).then(valueOf)
    attempt.buffer(prepared)
    return new BufferedResult(prepared.label)
  }

  // Undefined when the attempt met a conflict.
  async #attempt<Result>(
    body: (tx: DatabaseTransaction) => Promise<Result> | Result,
  ): Promise<{ readonly result: Result } | undefined> {
    this.#assertOpen()
    const { client } = this.#parts
    const attempt = new ClusterTransaction((call, freshness) =>
      client.query(call, freshness, this.#deadline(noOptions)),
    )
    let result: Result
    try {
      result = await body({
        actor: <T extends Actor>(type: ActorClass<T> | string, key: string): Reference<T> =>
          this.#transactionReference(type, key, attempt) as Reference<T>,
      })
    } catch (error) {
      attempt.end()
      if (attempt.changed) return undefined
      throw error
    }
    const draft = attempt.end()
    if (attempt.changed) return undefined
    return draft === undefined || (await this.#commit(draft, attempt.asksFootprint)) ? { result } : undefined
  }

  // False when an assert failed.
  async #commit(draft: Draft, asksFootprint: boolean): Promise<boolean> {
    const { client, clock } = this.#parts
    const now = clock.now()
    const { outcome } = await client.submitted(draft, {
      now,
      deadline: this.#deadline(noOptions, now),
      asksFootprint,
      idempotencyKey: undefined,
    })
    if (outcome.kind === 'committed') return true
    // A handler of its own may throw this code too: only what comes before the calls is an assert.
    if (outcome.operation < draft.asserts.length && outcome.error.code === 'ASSERT_FAILED') return false
    throw decodeError(outcome.error)
  }

  #freshness({ consistency }: ClusterReferenceOptions): Freshness {
    return consistency === 'session' ? { kind: 'since', position: this.position } : { kind: 'strong' }
  }

  #deadline({ deadlineMs }: ClusterReferenceOptions, now = this.#parts.clock.now()): number {
    return now + (deadlineMs ?? this.#parts.deadlineMs) * 1000
  }
}

// Makes a call's outcome what its caller sees.
class CallWaiter implements RequestWaiter {
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void

  constructor(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  answered(outcome: Outcome): void {
    try {
      if (outcome.kind === 'aborted') this.#reject(decodeError(outcome.error))
      else this.#resolve(thaw(outcome.results[0]))
    } catch (error) {
      // Bytes that cannot be read are this caller's alone to hear of.
      this.#reject(error)
    }
  }

  failed(error: Error): void {
    this.#reject(error)
  }
}

function valueOf(answer: QueryMessage): unknown {
  if (answer.kind === 'answer') return thaw(answer.value)
  throw answer.kind === 'failed' ? decodeError(answer.error) : new SnapshotChanged()
}
