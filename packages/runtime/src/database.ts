// The Database interface: what `open` returns, whatever is behind it. Types only.

import type { Actor, ActorClass, Reference } from '@streamy-db/actors'
import type { Position } from '@streamy-db/core'
import type { ActorOf, ActorType, Change, ChangesOptions } from './history/change.ts'
import type { DatabaseView } from './history/past-view.ts'
import type { Projection, ProjectOptions } from './history/projection.ts'
import type { LayerPort, layerPort } from './layer-port.ts'

/** How fresh an answer of a query must be. */
export interface ReferenceOptions {
  /**
   * `strong`, the default: the answer reflects every call that was acknowledged, to anyone, before the query was made.
   * `session`: it reflects at least what this client has seen. In an embedded database both are the same.
   */
  readonly consistency?: 'strong' | 'session'
}

/** Makes references to actors. */
export interface ActorReferences {
  /** A reference to the actor `key` of `type`. Throws ACTOR_UNKNOWN and KEY_INVALID. */
  actor<T extends Actor>(type: ActorClass<T>, key: string, options?: ReferenceOptions): Reference<T>
  actor<T extends Actor>(type: string, key: string, options?: ReferenceOptions): Reference<T>
}

/**
 * What a transaction's function uses. Queries answer from one snapshot and do not see the calls that the transaction
 * has buffered. Messages are buffered: they run when the function has returned, all of them or none, so their results
 * cannot be awaited inside it; doing so rejects with TRANSACTION_INVALID.
 */
export interface DatabaseTransaction extends ActorReferences {}

/** State that must be right. */
export interface Database extends ActorReferences, AsyncDisposable {
  /** A position that covers all this client has seen: each answer moves it on. */
  readonly position: Position

  /** @internal What layers such as the key-value layer use; see `layer-port.ts`. */
  readonly [layerPort]: LayerPort

  /**
   * Runs `body` and commits the messages it buffered as one transaction, if nothing that its queries read has changed
   * meanwhile; else runs it again. So `body` must have no effects but through its argument. Returns what `body`
   * returned. Rejects with what `body` or a buffered message threw, or with TRANSACTION_CONFLICT when
   * `limits.transactionAttemptsMax` attempts met a conflict.
   *
   * ```ts
   * await db.transaction(async (tx) => {
   *   if ((await tx.actor(Account, 'alice').statement()).includes('5')) tx.actor(Account, 'bob').deposit(1)
   * })
   * ```
   */
  transaction<Result>(body: (tx: DatabaseTransaction) => Promise<Result> | Result): Promise<Result>

  /**
   * A read-only view of the database as it was at a position, or at a moment of log time. Rejects with HISTORY_TRIMMED when
   * that lies further back than the history reaches, with POSITION_UNKNOWN when it has not happened yet.
   *
   * ```ts
   * const before = db.position
   * await db.actor(Account, 'alice').withdraw(5)
   * const view = await db.at(before)
   * await view.actor(Account, 'alice').statement() // as if nothing had been withdrawn
   * ```
   */
  at(moment: Position | Date): Promise<DatabaseView>

  /**
   * Every committed write behind a position, in order, as it happens: an iteration that goes on until it is left, its
   * signal aborts, or the database is closed. Changes of one transaction have one position. Throws HISTORY_TRIMMED when
   * `from` lies further back than the history reaches.
   *
   * ```ts
   * for await (const { position, ref, before, after } of db.changes({ actors: [Account], from: 0 }))
   *   console.log(position, ref.key, before?.balance, after?.balance)
   * ```
   */
  changes<const Type extends ActorType = ActorType>(
    options?: ChangesOptions<Type>,
  ): AsyncIterableIterator<Change<ActorOf<Type>>>

  /**
   * Keeps something of your own up to date with the changes: `apply` is given them in order, whole transactions at once,
   * and again when it fails or the process dies before its end was noted. How far it has come is kept in the database under
   * `name`; started again, it goes on from there. A new one is given all actors as they are first.
   *
   * ```ts
   * const totals = new Map<string, number>()
   * const projection = await db.project('totals', {
   *   actors: [Account],
   *   apply: (changes) => changes.forEach(({ ref, after }) => totals.set(ref.key, after?.balance ?? 0)),
   * })
   * await db.actor(Account, 'alice').deposit(5)
   * await projection.caughtUpTo(db.position) // what you wrote can be read from `totals` now
   * ```
   */
  project<const Type extends ActorType = ActorType>(name: string, options: ProjectOptions<Type>): Promise<Projection>

  /**
   * Waits for what was submitted, brings the state up to date on disk, and lets go of it. Calls made afterwards are
   * refused with DATABASE_CLOSED. Closing twice is closing once.
   */
  close(): Promise<void>
}
