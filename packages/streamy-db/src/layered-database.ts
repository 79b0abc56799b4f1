// LayeredDatabase: a database with the layers' members: what users get, whatever is behind it. It adds, and changes
// nothing of what lies below.

import type { Actor, ActorClass, Reference } from '@streamy-db/actors'
import { type Kv, kvInTransaction, type KvInTransaction, type KvKey, kvSpace } from '@streamy-db/kv'
import { layerPort } from '@streamy-db/runtime'
import type {
  ActorOf,
  ActorType,
  Change,
  ChangesOptions,
  DatabaseView,
  Projection,
  ProjectOptions,
  Database as CoreDatabase,
  DatabaseTransaction as CoreTransaction,
  LayerPort,
  ReferenceOptions,
} from '@streamy-db/runtime'
import type { Position } from '@streamy-db/core'

/**
 * What a transaction's function uses. Queries answer from one snapshot and do not see the calls that the transaction
 * has buffered. Messages are buffered: they run when the function has returned, all of them or none, so their results
 * cannot be awaited inside it; doing so rejects with TRANSACTION_INVALID.
 */
export interface DatabaseTransaction extends CoreTransaction {
  /** A key-value space within the transaction: reads of its snapshot, buffered writes. */
  kv<Value, Key extends KvKey>(kv: Kv<Value, Key>): KvInTransaction<Value, Key>
}

/** State that must be right. */
export interface Database extends CoreDatabase {
  /** The key-value space of a name. It is there when it is used; there may be any number of them. */
  kv<Value = unknown, Key extends KvKey = KvKey>(space: string): Kv<Value, Key>

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
}

/** Adds the layers to a database. */
export class LayeredDatabase implements Database {
  readonly #db: CoreDatabase

  constructor(db: CoreDatabase) {
    this.#db = db
  }

  get position(): Position {
    return this.#db.position
  }

  get [layerPort](): LayerPort {
    return this.#db[layerPort]
  }

  actor<T extends Actor>(type: ActorClass<T>, key: string, options?: ReferenceOptions): Reference<T>
  actor<T extends Actor>(type: string, key: string, options?: ReferenceOptions): Reference<T>
  actor<T extends Actor>(type: ActorClass<T> | string, key: string, options?: ReferenceOptions): Reference<T> {
    // The overloads take one of the two; what lies below takes either.
    return this.#db.actor(type as ActorClass<T>, key, options)
  }

  kv<Value = unknown, Key extends KvKey = KvKey>(space: string): Kv<Value, Key> {
    return kvSpace<Value, Key>(this.#db, space)
  }

  transaction<Result>(body: (tx: DatabaseTransaction) => Promise<Result> | Result): Promise<Result> {
    return this.#db.transaction((tx) => body(withLayers(tx)))
  }

  at(moment: Position | Date): Promise<DatabaseView> {
    return this.#db.at(moment)
  }

  changes<const Type extends ActorType = ActorType>(
    options?: ChangesOptions<Type>,
  ): AsyncIterableIterator<Change<ActorOf<Type>>> {
    return this.#db.changes(options)
  }

  project<const Type extends ActorType = ActorType>(name: string, options: ProjectOptions<Type>): Promise<Projection> {
    return this.#db.project(name, options)
  }

  close(): Promise<void> {
    return this.#db.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function withLayers(tx: CoreTransaction): DatabaseTransaction {
  return {
    actor: <T extends Actor>(type: ActorClass<T> | string, key: string, options?: ReferenceOptions): Reference<T> =>
      tx.actor(type as ActorClass<T>, key, options),
    kv: (kv) => kvInTransaction(tx, kv),
  }
}
