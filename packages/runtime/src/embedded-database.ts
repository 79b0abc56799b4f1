// EmbeddedDatabase: the Database interface over an engine in this process. It turns method calls into transactions and
// queries, and outcomes back into results.

import { actorRefOf, decodeError, handlerOf, packArguments } from '@streamy-db/actors'
import type { Actor, ActorClass, ActorRegistry, HandlerDefinition, Reference } from '@streamy-db/actors'
import { StreamyError, limits, thaw } from '@streamy-db/core'
import type { ActorRef, Call, Datum, Engine, Outcome, Position, Program, Request, Transaction } from '@streamy-db/core'
import type { BatchSubmitter, Waiter } from './batch-submitter.ts'
import { BufferedResult } from './buffered-result.ts'
import { ClientTransaction } from './client-transaction.ts'
import type { Clock } from './clock.ts'
import type { Database, DatabaseTransaction, ReferenceOptions } from './database.ts'
import { keyedSequence, keyedSession } from './keyed-session.ts'
import { layerPort } from './layer-port.ts'
import type { Executed, ExecuteOptions, LayerPort, LayerSnapshot, NamedCall } from './layer-port.ts'
import { PendingCall } from './pending-call.ts'
import type { Caller } from './pending-call.ts'
import type { ActorOf, ActorType, Change, ChangesOptions } from './history/change.ts'
import { DatabaseHistory } from './history/database-history.ts'
import type { HistoryPort } from './history/history-port.ts'
import type { DatabaseView, PastView } from './history/past-view.ts'
import { ProjectionActor } from './history/projection-actor.ts'
import type { Projection, ProjectOptions } from './history/projection.ts'
import { QueryDesk } from './query-desk.ts'
import { ReferenceClasses } from './reference-classes.ts'
import { SnapshotChanged, conflictsInEveryAttempt } from './transaction-draft.ts'

/** What the database is put together from. */
export interface EmbeddedParts {
  readonly registry: ActorRegistry
  readonly program: Program
  readonly engine: Engine
  readonly submitter: BatchSubmitter
  readonly past: HistoryPort
  readonly clock: Clock
  /** Ends everything behind the database, once what was submitted is settled. */
  readonly shutDown: () => Promise<void>
}

/** A database in this process. */
export class EmbeddedDatabase implements Database, Caller {
  readonly #parts: EmbeddedParts
  readonly #references: ReferenceClasses<EmbeddedDatabase>
  readonly #transactionReferences: ReferenceClasses<ClientTransaction>
  readonly #desk: QueryDesk
  readonly #history: DatabaseHistory
  readonly [layerPort]: LayerPort = {
    partitions: 1,
    now: () => this.#parts.clock.now(),
    execute: (calls, options) => this.#execute(calls, options),
    query: (calls) => this.#ask(() => calls.map((call) => this.#query(call))),
    nameCall: (type, key, message, args) => this.#nameCall(type, key, message, args),
    snapshot: async () => this.#snapshot(),
    snapshotAt: (moment) => this.#history.layerSnapshot(moment),
    changes: (options) => this.#history.layerChanges(options),
  }
  #closing: Promise<void> | undefined
  #failure: Error | undefined
  #position: Position

  constructor(parts: EmbeddedParts) {
    this.#parts = parts
    this.#desk = new QueryDesk(parts.program)
    this.#position = parts.engine.resolved
    const { registry } = parts
    this.#references = new ReferenceClasses(registry, (_, ref, handler, args) => this.#send(ref, handler, args))
    this.#transactionReferences = new ReferenceClasses(registry, (attempt, ref, handler, args) =>
      this.#sendIn(attempt, ref, handler, args),
    )
    const viewReferences = new ReferenceClasses<PastView>(registry, (view, ref, handler, args) =>
      this.#askPast(view, ref, handler, args),
    )
    // Projections write down how far they are also while the database is being closed.
    const cursors = new ReferenceClasses<this>(registry, (_, ref, handler, args) =>
      this.#submit(ref, handler.name, packArguments(handler, args)),
    )
    this.#history = new DatabaseHistory({
      port: parts.past,
      clock: parts.clock,
      references: (type, key, view) => viewReferences.reference(view, type, key),
      nameOf: (type) => registry.find(type).name,
      cursor: (name) => cursors.reference(this, ProjectionActor, name) as Reference<ProjectionActor>,
      assertOpen: () => this.#assertOpen(),
    })
  }

  get position(): Position {
    return this.#position
  }

  actor<T extends Actor>(type: ActorClass<T> | string, key: string, _options?: ReferenceOptions): Reference<T> {
    // Its class was built from the definition of T.
    return this.#references.reference(this, type, key) as Reference<T>
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
    this.#closing ??= this.#history.close().then(() => this.#parts.shutDown())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Refuses everything from now on: something behind the database has failed. */
  fail(error: Error): void {
    this.#failure ??= new StreamyError(
      'DATABASE_FAILED',
      'The database has stopped. What was acknowledged is safe; calls that failed with it may or may not have ' +
        `happened. Mend the cause and open it again: ${error.message}`,
      { cause: error },
    )
    this.#parts.submitter.fail(this.#failure)
  }

  #send(ref: ActorRef, handler: HandlerDefinition, args: unknown[]): Promise<unknown> {
    try {
      this.#assertOpen()
      const packed = packArguments(handler, args)
      if (handler.kind === 'query')
        return this.#desk.ask(() => this.#query({ ref, message: handler.name, args: packed }))
      return this.#submit(ref, handler.name, packed)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #submit(ref: ActorRef, message: string, args: readonly Datum[]): Promise<unknown> {
    const pending = new PendingCall(this, ref, message, args)
    this.#parts.submitter.submit(pending, pending)
    return pending.result
  }

  #askPast(view: PastView, ref: ActorRef, handler: HandlerDefinition, args: unknown[]): Promise<unknown> {
    try {
      this.#assertOpen()
      const call = { ref, message: handler.name, args: packArguments(handler, args) }
      return view.call(handler.kind, call, handler.label)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #execute(calls: readonly Call[], options?: ExecuteOptions): Promise<Executed> {
    return new Promise((resolve, reject) => {
      this.#assertOpen()
      const transaction = transactionOf(calls, this.#request(options?.idempotencyKey))
      this.#parts.submitter.submit(transaction, new ExecutionWaiter(this, resolve, reject))
    })
  }

  // A caller lives and dies with its process, so nothing is kept for it; what it has named is kept for whoever repeats it.
  #request(idempotencyKey: string | undefined): Request | undefined {
    if (idempotencyKey === undefined) return undefined
    const session = keyedSession('client', idempotencyKey)
    return { session, sequence: keyedSequence, suffix: '', answeredBelow: 0, seenTime: this.#parts.clock.now() }
  }

  #nameCall(type: string, key: string, message: string, args: readonly unknown[]): NamedCall {
    const definition = this.#parts.registry.find(type)
    const handler = definition.handlers.get(message) ?? handlerOf(definition, message, 'message')
    const call = { ref: actorRefOf(type, key), message, args: packArguments(handler, [...args]) }
    return { kind: handler.kind, call }
  }

  #ask<Result>(answer: () => Result): Promise<Result> {
    try {
      this.#assertOpen()
      return this.#desk.ask(answer)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #snapshot(): LayerSnapshot {
    this.#assertOpen()
    const snapshot = this.#parts.engine.snapshot()
    const query = (call: Call): Promise<unknown> =>
      this.#ask(() => thaw(this.#carryError(() => snapshot.query(call)).value))
    return { position: snapshot.position, query, close: () => snapshot.close() }
  }

  #query(call: Call): unknown {
    const { engine } = this.#parts
    let value: Datum
    try {
      ;({ value } = engine.query(call))
    } catch (error) {
      throw this.#carried(error)
    }
    this.#position = engine.resolved
    return thaw(value)
  }

  /** Takes note of an answer and of the position it was given at. */
  answered(position: Position): void {
    this.#position = position
  }

  // Undefined when the attempt met a conflict.
  async #attempt<Result>(
    body: (tx: DatabaseTransaction) => Promise<Result> | Result,
  ): Promise<{ readonly result: Result } | undefined> {
    this.#assertOpen()
    const attempt = new ClientTransaction(this.#parts.engine)
    let result: Result
    try {
      result = await body(this.#transactionFace(attempt))
    } catch (error) {
      attempt.end()
      if (attempt.changed) return undefined
      throw error
    }
    const transaction = attempt.end()
    if (attempt.changed) return undefined
    if (transaction !== undefined && !(await this.#commit(transaction))) return undefined
    return { result }
  }

  // False when an assert failed.
  #commit(transaction: Transaction): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#assertOpen()
      const fail = (error: Error): void => (isAssertFailed(error) ? resolve(false) : reject(error))
      const settle = (outcome: Outcome, position: Position): void => {
        this.answered(position)
        if (outcome.kind === 'committed') resolve(true)
        else fail(decodeError(outcome.error))
      }
      this.#parts.submitter.submit(transaction, { settle, fail })
    })
  }

  #transactionFace(attempt: ClientTransaction): DatabaseTransaction {
    return {
      actor: <T extends Actor>(type: ActorClass<T> | string, key: string): Reference<T> => {
        // See `actor`.
        return this.#transactionReferences.reference(attempt, type, key) as Reference<T>
      },
    }
  }

  #sendIn(
    attempt: ClientTransaction,
    ref: ActorRef,
    handler: HandlerDefinition,
    args: unknown[],
  ): PromiseLike<unknown> {
    const call: Call = { ref, message: handler.name, args: packArguments(handler, args) }
    if (handler.kind === 'query')
      return new Promise((resolve) => resolve(thaw(this.#carryError(() => attempt.query(call)).value)))
    attempt.buffer(call)
    return new BufferedResult(handler.label)
  }

  #carryError<Result>(run: () => Result): Result {
    try {
      return run()
    } catch (error) {
      throw this.#carried(error)
    }
  }

  // What a query throws reaches the caller as what a message throws: a fresh error, sharing nothing with the actor.
  #carried(error: unknown): Error {
    return error instanceof SnapshotChanged ? error : decodeError(this.#parts.program.encodeError(error))
  }

  #assertOpen(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#closing === undefined) return
    throw new StreamyError('DATABASE_CLOSED', 'The database was closed. Open it again to go on; nothing was sent.')
  }
}

// Who waits for a layer's transaction: it gets all results.
class ExecutionWaiter implements Waiter {
  readonly #database: EmbeddedDatabase
  readonly #resolve: (executed: Executed) => void
  readonly #reject: (error: Error) => void

  constructor(database: EmbeddedDatabase, resolve: (executed: Executed) => void, reject: (error: Error) => void) {
    this.#database = database
    this.#resolve = resolve
    this.#reject = reject
  }

  settle(outcome: Outcome, position: Position): void {
    this.#database.answered(position)
    if (outcome.kind === 'committed') this.#resolve({ results: outcome.results.map(thaw), position })
    else this.#reject(decodeError(outcome.error))
  }

  fail(error: Error): void {
    this.#reject(error)
  }
}

function transactionOf(calls: readonly Call[], request: Request | undefined): Transaction {
  return { request, attempt: 1, source: undefined, asserts: noAsserts, calls, touches: noTouches }
}

const noAsserts: readonly never[] = []
const noTouches: readonly never[] = []

function isAssertFailed(error: Error): boolean {
  return error instanceof StreamyError && error.code === 'ASSERT_FAILED'
}
