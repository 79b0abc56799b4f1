// What commands that run a worker can be told of it.

import type { WorkerOptions } from '@streamy-db/runtime'
import { count, durabilityOf, durabilityOptions, text } from './command.ts'
import type { CommandInput, CommandOption } from './command.ts'

/** Options of a worker. */
export const workerSettings: Readonly<Record<string, CommandOption>> = {
  worker: { type: 'string', help: 'name of the worker, stable over restarts' },
  directory: { type: 'string', help: 'where its state is kept between restarts' },
  partitions: { type: 'string', help: 'partitions of a new database, 64 by default' },
  replicas: { type: 'string', help: 'copies of the log of a new database: 1, 3 or 5' },
  ...durabilityOptions,
  durable: { type: 'boolean', help: 'refuse to start where a power failure could lose acknowledged writes' },
}

/** What a worker was told. */
export function workerOptionsOf({ values }: CommandInput): Omit<WorkerOptions, 'name' | 'actors'> {
  const [worker, directory] = [text(values, 'worker'), text(values, 'directory')]
  const [partitions, replicas] = [count(values, 'partitions'), count(values, 'replicas')]
  return {
    ...(worker !== undefined && { worker }),
    ...(directory !== undefined && { directory }),
    ...(partitions !== undefined && { partitions }),
    // The servers say what other numbers they can do nothing with.
    ...(replicas !== undefined && { replicas: replicas as 1 | 3 | 5 }),
    ...(values['durable'] === true && { durable: true }),
    ...durabilityOf({ values, positionals: [] }),
  }
}
