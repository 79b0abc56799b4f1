// One worker of a cluster under test, as a process: starts, says what it sees, and leaves when it is told to.
//
// Argument, as JSON: WorkerProcessOptions.

import { startWorker, type RunningWorker, type WorkerOptions } from 'streamy-db'
import { actors } from './actors.ts'
import { codeOf, report, takeOrders } from './child-report.ts'
import { changedActors } from './changed-actors.ts'

/** What a worker's process is told. */
export interface WorkerProcessOptions {
  readonly servers: readonly string[]
  readonly worker: Omit<WorkerOptions, 'actors' | 'onEvent' | 'onIncident'>
  /** Which actors it runs: those of the others, or some that are not the same. */
  readonly code: 'current' | 'changed'
}

// Its parent has made it.
const options = JSON.parse(process.argv[2]!) as WorkerProcessOptions
let worker: RunningWorker | undefined

takeOrders((order) => {
  if (order === 'checkpoint') worker?.checkpoint()
  if (order === 'leave') void leave()
})

try {
  worker = await startWorker(options.servers, {
    ...options.worker,
    actors: options.code === 'current' ? actors : changedActors,
    onEvent: noteEvent,
    // Deliberate misses are no news.
    onIncident: ({ kind, reason }) => {
      if (kind !== 'footprint-missed') void report({ kind: 'event', line: `${kind}: ${reason}` })
    },
  })
  await report({ kind: 'ready' })
  reportView()
  const error = await worker.stopped
  if (error !== undefined) await stopped(error)
} catch (error) {
  await stopped(error)
}

async function leave(): Promise<void> {
  await worker?.close()
  await report({ kind: 'left' })
  process.exit(0)
}

async function stopped(error: unknown): Promise<never> {
  await report({
    kind: 'stopped',
    code: codeOf(error),
    message: error instanceof Error ? error.message : String(error),
  })
  process.exit(1)
}

function noteEvent(line: string): void {
  void report({ kind: 'event', line })
  reportView()
}

function reportView(): void {
  if (worker?.status.view === undefined) return
  const { incarnation, view } = worker.status
  const owners = view.owners.map((owner) => owner ?? null)
  void report({ kind: 'view', incarnation, view: { number: view.number, members: view.members, owners } })
}
