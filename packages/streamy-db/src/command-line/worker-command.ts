// `streamy worker`: a worker of a cluster until it is told to stop.

import { clusterOf, clusterOptions } from './command.ts'
import type { Command } from './command.ts'
import { loadActors } from './load-actors.ts'
import { workerOptionsOf, workerSettings } from './worker-settings.ts'

export const workerCommand: Command = {
  name: 'worker',
  usage: 'worker --nats URL --name NAME --actors FILE',
  summary: 'Runs a worker. The first one makes the database; Ctrl-C hands over what it owns and stops it.',
  details: '',
  options: {
    actors: { type: 'string', multiple: true, help: 'module that exports actor classes; may be given several times' },
    ...workerSettings,
    ...clusterOptions,
  },
  run: async (input) => {
    const { servers, name } = await clusterOf(input)
    const { startWorker } = await import('../start-worker.ts')
    const actors = await loadActors(input.values['actors'])
    const worker = await startWorker(servers, { ...workerOptionsOf(input), name, actors })
    const stop = (): void => void worker.close()
    process.once('SIGINT', stop).once('SIGTERM', stop)
    return (await worker.stopped) === undefined ? 0 : 1
  },
}
