// LayeredDatabase: a database with the layers' members: what users get, whatever is behind it. It adds, and changes
// nothing of what lies below.

import type { Actor, ActorClass, Reference } from '@streamy-db/actors'
import {
  type AnyDocument,
  Collection,
  type CollectionDefinition,
  type CollectionHandle,
  type CollectionInTransaction,
  type CollectionOptions,
  defineCollection,
  type DocumentOf,
  type DocumentSchema,
  TransactionDocuments,
} from '@streamy-db/documents'
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

  /**
   * A collection within the transaction: reads of its snapshot, buffered writes. The writes of all collections run last
   * and together, in their order, so documents may swap unique values.
   */
  collection<Document extends AnyDocument>(collection: CollectionHandle<Document>): CollectionInTransaction<Document>
}

/** State that must be right. */
export interface Database extends CoreDatabase {
  /** The key-value space of a name. It is there when it is used; there may be any number of them. */
  kv<Value = unknown, Key extends KvKey = KvKey>(space: string): Kv<Value, Key>

  /**
   * A collection of documents: one that was defined with `defineCollection`, or a name with a schema, which the types of
   * its documents are inferred from, and indexes. It is there when it is used.
   *
   * ```ts
   * const users = db.collection('users', { schema, indexes: { byEmail: { keys: { email: 1 }, unique: true } } })
   * await users.insertOne({ _id: 'u1', email: 'ada@example.org' })
   * ```
   */
  collection<Document extends AnyDocument>(definition: CollectionDefinition<Document>): Collection<Document>
  collection<Schema extends DocumentSchema<unknown, AnyDocument>>(
    name: string,
    options: { readonly schema: Schema } & Omit<CollectionOptions<unknown>, 'schema'>,
  ): Collection<DocumentOf<Schema> & AnyDocument>
  collection<Document extends AnyDocument = AnyDocument & Record<string, unknown>>(
    name: string,
    options?: CollectionOptions<Document>,
  ): Collection<Document>

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
  readonly #held: ReadonlySet<CollectionDefinition>
  readonly #collections = new WeakMap<CollectionDefinition, Collection>()

  /** `collections` are those whose schemas hold wherever their documents are written. */
  constructor(db: CoreDatabase, collections: readonly CollectionDefinition[] = []) {
    this.#db = db
    this.#held = new Set(collections)
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

  collection<Document extends AnyDocument>(
    named: CollectionDefinition<Document> | string,
    options?: CollectionOptions<Document>,
  ): Collection<Document> {
    const definition = typeof named === 'string' ? defineCollection<Document>(named, options) : named
    // The same collection, whatever is known of its documents here. It remembers that its indexes are declared.
    const key = definition as unknown as CollectionDefinition
    const known = this.#collections.get(key)
    // It was made of this very definition.
    if (known !== undefined) return known as unknown as Collection<Document>
    const collection = new Collection(this.#db, definition, this.#held.has(key))
    this.#collections.set(key, collection as unknown as Collection)
    return collection
  }

  transaction<Result>(body: (tx: DatabaseTransaction) => Promise<Result> | Result): Promise<Result> {
    return this.#db.transaction(async (tx) => {
      const documents = new TransactionDocuments(tx)
      const result = await body(withLayers(tx, documents))
      await documents.flush()
      return result
    })
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

function withLayers(tx: CoreTransaction, documents: TransactionDocuments): DatabaseTransaction {
  return {
    actor: <T extends Actor>(type: ActorClass<T> | string, key: string, options?: ReferenceOptions): Reference<T> =>
      tx.actor(type as ActorClass<T>, key, options),
    kv: (kv) => kvInTransaction(tx, kv),
    collection: (collection) => documents.collection(collection),
  }
}
