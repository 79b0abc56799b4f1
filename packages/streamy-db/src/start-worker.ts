// Starts a worker of a cluster with all layers.

import { startWorker as startCoreWorker } from '@streamy-db/runtime'
import type { RunningWorker, Servers, WorkerOptions } from '@streamy-db/runtime'
import { type LayerOptions, withLayers } from './with-layers.ts'

/**
 * Starts a worker of the database `name`, making the database when there is none and its user may, and resolves when it is ready to serve.
 *
 * Rejects with OPTIONS_INVALID, REGISTRATION_INVALID for actors that cannot work, SERVER_UNAVAILABLE, SERVER_UNSUITABLE or
 * STREAM_MISMATCH where the servers are not as they must be, CODE_MISMATCH when workers of other code run the database,
 * DATABASE_LOCKED when another worker uses the directory, LOG_DIVERGED when the log is not the one it was, PERMISSION_DENIED,
 * DURABILITY_UNMET where `durable` is asked for and cannot hold.
 *
 * ```ts
 * const worker = await startWorker('nats://127.0.0.1:4222', { name: 'bank', actors: [Account] })
 * await worker.close()
 * ```
 */
export async function startWorker(servers: Servers, options: WorkerOptions & LayerOptions): Promise<RunningWorker> {
  return await startCoreWorker(servers, withLayers(options))
}
