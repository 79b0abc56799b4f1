// Connects a client to a cluster, with all layers.

import { connect as connectCore } from '@streamy-db/runtime'
import type { ConnectOptions, Servers } from '@streamy-db/runtime'
import { LayeredClusterDatabase, type ClusterDatabase } from './layered-cluster-database.ts'
import { declareCollections } from './declare-collections.ts'
import { collectionsOf, type LayerOptions, withLayers } from './with-layers.ts'

/**
 * Connects to the database `name` of a cluster. The classes need not be given: `client.actor<Account>('Account', 'alice')`
 * works with types alone, since what is a message and what a query the client learns from the workers.
 *
 * Rejects with OPTIONS_INVALID, REGISTRATION_INVALID, SERVER_UNAVAILABLE, DATABASE_MISSING when there is no database of
 * that name, WORKERS_UNREACHABLE when no worker answers within `deadlineMs`.
 *
 * ```ts
 * const client = await connect('nats://127.0.0.1:4222', { name: 'bank', actors: [Account] })
 * await client.actor(Account, 'alice').deposit(5)
 * await client.kv('settings').set(['limit'], 100)
 * await client.close()
 * ```
 */
export async function connect(servers: Servers, options: ConnectOptions & LayerOptions): Promise<ClusterDatabase> {
  // The layers' clients need the layers' classes, also where the user gives none.
  const withActors = { ...options, actors: options?.actors ?? [] }
  const db = new LayeredClusterDatabase(await connectCore(servers, withLayers(withActors)), collectionsOf(options))
  await declareCollections(db, collectionsOf(options))
  return db
}
