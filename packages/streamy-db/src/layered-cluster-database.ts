// LayeredClusterDatabase: a cluster's client with the layers' members.

import type { Actor, ActorClass, Reference } from '@streamy-db/actors'
import type { ClusterDatabase as CoreDatabase, ClusterReferenceOptions } from '@streamy-db/runtime'
import type { CollectionDefinition } from '@streamy-db/documents'
import { LayeredDatabase, type Database } from './layered-database.ts'

/** A database on a cluster. */
export interface ClusterDatabase extends Database {
  /** The name under which this client's requests are in the log: their ids are `session/sequence`. */
  readonly session: string

  /** How many messages arrived that could not be read. They were dropped; whoever meant them asks again. */
  readonly malformedMessages: number

  /** A reference to the actor `key` of `type`. Throws ACTOR_UNKNOWN, KEY_INVALID and OPTIONS_INVALID. */
  actor<T extends Actor>(type: ActorClass<T>, key: string, options?: ClusterReferenceOptions): Reference<T>
  actor<T extends Actor>(type: string, key: string, options?: ClusterReferenceOptions): Reference<T>
}

/** Adds the layers to a cluster's client. */
export class LayeredClusterDatabase extends LayeredDatabase implements ClusterDatabase {
  readonly #db: CoreDatabase

  constructor(db: CoreDatabase, collections: readonly CollectionDefinition[] = []) {
    super(db, collections)
    this.#db = db
  }

  get session(): string {
    return this.#db.session
  }

  get malformedMessages(): number {
    return this.#db.malformedMessages
  }
}
