// `streamy worker`: a worker of a cluster until it is told to stop.

import type { WorkerOptions } from '@streamy-db/runtime'
import { clusterOf, clusterOptions, count, durabilityOf, durabilityOptions, text } from './command.ts'
import type { Command, CommandInput } from './command.ts'
import { loadActors } from './load-actors.ts'

export const workerCommand: Command = {
  name: 'worker',
  usage: 'worker --nats URL --name NAME --actors FILE',
  summary: 'Runs a worker. The first one makes the database; Ctrl-C hands over what it owns and stops it.',
  details: '',
  options: {
    actors: { type: 'string', multiple: true, help: 'module that exports actor classes; may be given several times' },
    worker: { type: 'string', help: 'name of the worker, stable over restarts' },
    directory: { type: 'string', help: 'where its state is kept between restarts' },
    partitions: { type: 'string', help: 'partitions of a new database, 64 by default' },
    replicas: { type: 'string', help: 'copies of the log of a new database: 1, 3 or 5' },
    ...durabilityOptions,
    durable: { type: 'boolean', help: 'refuse to start where a power failure could lose acknowledged writes' },
    ...clusterOptions,
  },
  run: async (input) => {
    const { servers, name } = await clusterOf(input)
    const { startWorker } = await import('../start-worker.ts')
    const worker = await startWorker(servers, await workerOptions(name, input))
    const stop = (): void => void worker.close()
    process.once('SIGINT', stop).once('SIGTERM', stop)
    return (await worker.stopped) === undefined ? 0 : 1
  },
}

async function workerOptions(name: string, { values }: CommandInput): Promise<WorkerOptions> {
  const [worker, directory] = [text(values, 'worker'), text(values, 'directory')]
  const [partitions, replicas] = [count(values, 'partitions'), count(values, 'replicas')]
  return {
    name,
    actors: await loadActors(values['actors']),
    ...(worker !== undefined && { worker }),
    ...(directory !== undefined && { directory }),
    ...(partitions !== undefined && { partitions }),
    // The servers say what other numbers they can do nothing with.
    ...(replicas !== undefined && { replicas: replicas as 1 | 3 | 5 }),
    ...(values['durable'] === true && { durable: true }),
    ...durabilityOf({ values, positionals: [] }),
  }
}
