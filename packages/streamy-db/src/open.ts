// Opens an embedded database with all layers.

import { open as openEmbedded } from '@streamy-db/runtime'
import type { OpenOptions } from '@streamy-db/runtime'
import { type Database, LayeredDatabase } from './layered-database.ts'
import { declareCollections } from './declare-collections.ts'
import { collectionsOf, type LayerOptions, withLayers } from './with-layers.ts'

/**
 * Opens the database in `directory`, creating it when it is not there; `:memory:` keeps nothing and is for tests.
 * Everything that was acknowledged is there again, also after a crash.
 *
 * Throws OPTIONS_INVALID, REGISTRATION_INVALID for actors that cannot work, DATABASE_LOCKED when it is open already,
 * LOG_CORRUPT, STATE_CORRUPT or LOG_DIVERGED when what is on disk is damaged or does not belong together, CODE_MISMATCH
 * when other code must finish a recovery first, HANDLER_FATAL when a handler stops the recovery.
 *
 * ```ts
 * const db = await open('./data', { actors: [Account] })
 * await db.actor(Account, 'alice').deposit(5)
 * await db.kv('settings').set(['limit'], 100)
 * await db.close()
 * ```
 */
export async function open(directory: string, options: OpenOptions & LayerOptions): Promise<Database> {
  const db = new LayeredDatabase(await openEmbedded(directory, withLayers(options)), collectionsOf(options))
  await declareCollections(db, collectionsOf(options))
  return db
}
