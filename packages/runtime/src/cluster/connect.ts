// Connects a client to a cluster on NATS.

import { randomFillSync } from 'node:crypto'
import { StreamyError } from '@streamy-db/core'
import { NatsMessageBus, connectNats, openLogStream } from '@streamy-db/jetstream'
import { systemClock } from '../clock.ts'
import type { ClusterDatabase } from './client/cluster-database.ts'
import type { ConnectOptions } from './client/client-options.ts'
import { connectCluster } from './client/connect-cluster.ts'
import { natsOptions, type Servers } from './create-database.ts'

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
 * await client.close()
 * ```
 */
export async function connect(servers: Servers, options: ConnectOptions): Promise<ClusterDatabase> {
  const connection = await connectNats(natsOptions(servers, `streamy client of ${options?.name}`))
  const bus = new NatsMessageBus(connection)
  const shutDown = async (): Promise<void> => {
    await bus.close()
    await connection.close()
  }
  const openLog = async (databaseId: string): Promise<Awaited<ReturnType<typeof openLogStream>>['log']> => {
    const opened = await openLogStream(connection, {
      name: options.name,
      sessionPrefix: options.sessionPrefix ?? 'client',
    })
    if (opened.databaseId === databaseId) return opened.log
    await opened.log.close()
    throw new StreamyError(
      'DATABASE_MISMATCH',
      `Workers answer for database ${databaseId}, and the servers hold ${opened.databaseId} under the name ${options.name}.`,
    )
  }
  const randomness = { fill: (bytes: Uint8Array): void => void randomFillSync(bytes) }
  try {
    return await connectCluster({ bus, clock: systemClock, randomness, openLog, shutDown }, options)
  } catch (error) {
    await shutDown()
    throw error
  }
}
