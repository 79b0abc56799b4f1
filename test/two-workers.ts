// Two workers in this process that share a database of eight partitions, on a server of their own: the smallest cluster on
// which something lies elsewhere.

import { startNatsServer, type NatsServer } from '@streamy-db/jetstream/testing'
import { startWorker, type RunningWorker } from 'streamy-db'

/** How long a test may take to start or to stop them. */
export const startTimeoutMs = 120_000

type Options = Omit<Parameters<typeof startWorker>[1], 'worker' | 'partitions' | 'onEvent'>

/** Workers called `one` and `two`, each of which owns half. */
export class TwoWorkers {
  readonly server: NatsServer
  readonly one: RunningWorker
  readonly two: RunningWorker

  private constructor(server: NatsServer, one: RunningWorker, two: RunningWorker) {
    this.server = server
    this.one = one
    this.two = two
  }

  /** Starts them; resolves when they share the partitions. */
  static async start(options: Options): Promise<TwoWorkers> {
    const server = await startNatsServer()
    const started: RunningWorker[] = []
    try {
      let tellShared = (): void => {}
      const shared = new Promise<void>((resolve) => (tellShared = resolve))
      const onEvent = (line: string): void => {
        if (/one owns 4, two owns 4/.test(line)) tellShared()
      }
      for (const worker of ['one', 'two'])
        started.push(await startWorker(server.url, { ...options, partitions: 8, onEvent, worker }))
      await shared
      return new TwoWorkers(server, started[0]!, started[1]!)
    } catch (error) {
      for (const worker of started) await worker.close()
      await server.stop()
      throw error
    }
  }

  /** Stops what still runs. */
  async stop(): Promise<void> {
    await this.two.close()
    await this.one.close()
    await this.server.stop()
  }
}
