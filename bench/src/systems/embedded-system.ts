// Streamy embedded: the database is in this process.

import { join } from 'node:path'
import { open } from 'streamy-db'
import { workloadActors } from '../workload-actors.ts'
import { StreamyAccounts, StreamyCounters, StreamyRecords } from './streamy-ports.ts'
import { StreamyTpcc } from './streamy-tpcc.ts'
import type { System } from './system.ts'

/** Opens a database in `directory`. */
export async function openEmbedded(directory: string): Promise<System> {
  const database = await open(join(directory, 'database'), workloadActors)
  return {
    title: 'Streamy, embedded',
    durability: 'each group of calls is written through to the disk, then executed, then answered',
    processes: [],
    openCounters: async () => new StreamyCounters(database),
    openAccounts: (keys, openingBalance) => StreamyAccounts.open(database, keys, openingBalance),
    openRecords: (records) => StreamyRecords.open(database, records),
    openTpcc: async () => new StreamyTpcc(database),
    close: () => database.close(),
  }
}
