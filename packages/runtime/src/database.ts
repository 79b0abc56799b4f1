// The Database interface: what `open` returns, whatever is behind it. Types only.

import type { Actor, ActorClass, Reference } from '@streamy-db/actors'
import type { Position } from '@streamy-db/core'
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
   * Waits for what was submitted, brings the state up to date on disk, and lets go of it. Calls made afterwards are
   * refused with DATABASE_CLOSED. Closing twice is closing once.
   */
  close(): Promise<void>
}
