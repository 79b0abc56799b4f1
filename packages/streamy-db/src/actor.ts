// Actor as users extend it: the actors package's own, with what the layers add to `this`.

import { Actor as CoreActor } from '@streamy-db/actors'
import {
  type AnyDocument,
  type CollectionDefinition,
  collectionInHandler,
  type CollectionInHandler,
  defineCollection,
} from '@streamy-db/documents'
import { kvInHandler, type KvInHandler, type KvKey } from '@streamy-db/kv'

/**
 * Base class of actors: subclass it, give fields initial values, and mark methods with `@message()` and `@query()`.
 *
 * Every own field is durable state, unless marked `@transient()`. A handler that throws leaves no trace. Inside a
 * handler fields are accessors: reading and assigning them works as usual, but `{ ...this }` and `Object.keys(this)`
 * do not see them.
 *
 * ```ts
 * class Sequence extends Actor {
 *   next = 1
 *   @message() getNextId(): number { return this.next++ }
 * }
 * ```
 */
export abstract class Actor extends CoreActor {
  /**
   * A key-value space, within this handler's transaction: `this.kv('settings').get(['limit'])`. Synchronous. Declare
   * the keys in `touches` with `kvRef`, or the transaction is tried again with them.
   */
  kv<Value = unknown, Key extends KvKey = KvKey>(space: string): KvInHandler<Value, Key> {
    return kvInHandler<Value, Key>(this, space)
  }

  /**
   * A collection of documents, within this handler's transaction: `this.collection(users).get('u1')`. Synchronous; it
   * sees what the handler has written. A name will do, and then nothing is known of its documents.
   */
  collection<Document extends AnyDocument>(definition: CollectionDefinition<Document>): CollectionInHandler<Document>
  collection<Document extends AnyDocument = AnyDocument & Record<string, unknown>>(
    name: string,
  ): CollectionInHandler<Document>
  collection<Document extends AnyDocument>(
    named: CollectionDefinition<Document> | string,
  ): CollectionInHandler<Document> {
    return collectionInHandler(this, typeof named === 'string' ? defineCollection<Document>(named) : named)
  }
}
