// Opens the log of a cluster for reading, for operators' tools.

import type { Log } from '@streamy-db/core'
import { connectNats, openLogStream } from '@streamy-db/jetstream'
import { natsOptions } from './create-database.ts'
import type { Servers } from './create-database.ts'

/** A log that was opened for reading. */
export interface OpenedClusterLog {
  readonly log: Log
  close(): Promise<void>
}

/** Opens the log of the database `name`. Rejects with SERVER_UNAVAILABLE and DATABASE_MISSING. */
export async function clusterLog(servers: Servers, { name }: { readonly name: string }): Promise<OpenedClusterLog> {
  const connection = await connectNats(natsOptions(servers, `streamy log of ${name}`))
  try {
    const { log } = await openLogStream(connection, { name })
    const close = async (): Promise<void> => {
      await log.close()
      await connection.close()
    }
    return { log, close }
  } catch (error) {
    await connection.close()
    throw error
  }
}
