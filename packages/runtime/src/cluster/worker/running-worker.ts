// RunningWorker: a worker over all its incarnations. One that is evicted, because it was silent for too long, starts anew
// as another incarnation; one that cannot go on stops, and says why.

import { ownedBy } from '@streamy-db/core'
import type { Incident, PartitionId, View, WorkerIdentity } from '@streamy-db/core'
import { asError } from '../../as-error.ts'
import { ClusterWorker } from './cluster-worker.ts'
import type { ClientDesk, WorkerEvents, WorkerParts, WorkerProgress, WorkerSettings } from './cluster-worker.ts'

/** What a worker's incarnations have in common. */
export interface RunningWorkerOptions {
  readonly name: string
  /** The world of one incarnation. */
  readonly parts: () => WorkerParts
  readonly settings: WorkerSettings
  /** Unique for each call. */
  readonly incarnation: () => string
  readonly makeDesk: (worker: ClusterWorker) => ClientDesk
  readonly onIncident: (incident: Incident) => void
  /** Told what happens, in one line each. */
  readonly onEvent: (line: string) => void
  /** Ends what the parts stand on. */
  readonly shutDown: () => Promise<void>
}

/** How a worker stands. */
export interface WorkerStatus extends WorkerIdentity {
  readonly view: View | undefined
  readonly owned: readonly PartitionId[]
}

const LEAVE_WAIT_MS = 30_000
const RESTART_PAUSE_MS = 500

/** A worker that runs until it is closed or cannot go on. */
export class RunningWorker implements AsyncDisposable {
  /** Resolves when it has stopped: with the error that stopped it, or with undefined when it was closed. */
  readonly stopped: Promise<Error | undefined>
  readonly #options: RunningWorkerOptions
  #worker: ClusterWorker
  #closing: Promise<void> | undefined
  #tellStopped: (error: Error | undefined) => void = () => {}

  constructor(options: RunningWorkerOptions) {
    this.#options = options
    this.#worker = this.#incarnate()
    this.stopped = new Promise((resolve) => (this.#tellStopped = resolve))
  }

  /** Its name, incarnation, view and partitions. */
  get status(): WorkerStatus {
    const { identity, view } = this.#worker
    return {
      ...identity,
      view,
      owned: view === undefined ? [] : ownedBy(view, identity.name),
    }
  }

  /** Joins, and resolves when it is ready. */
  async start(): Promise<void> {
    try {
      await this.#worker.start()
    } catch (error) {
      await this.#end(asError(error), false)
      throw error
    }
  }

  /** How its log and its engines stand. */
  get progress(): WorkerProgress {
    return this.#worker.progress
  }

  /** Asks for a checkpoint of the whole database now. */
  checkpoint(): void {
    this.#worker.askForCheckpoint()
  }

  /** Hands over what it owns to the other workers, if there are any, and stops. Closing twice is closing once. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#worker.leave(LEAVE_WAIT_MS)
    await this.#options.shutDown()
    this.#tellStopped(undefined)
  }

  #incarnate(): ClusterWorker {
    const { name, parts, settings, incarnation, makeDesk } = this.#options
    return new ClusterWorker(parts(), settings, this.#events(), { name, incarnation: incarnation() }, makeDesk)
  }

  #events(): WorkerEvents {
    const { name, onIncident, onEvent } = this.#options
    return {
      onIncident,
      onTrouble: (error) => onEvent(`${name}: ${error instanceof Error ? error.message : String(error)}`),
      onView: (view) => onEvent(`${name}: ${describeView(view)}`),
      onEvicted: () => void this.#startAnew(),
      onFailed: (error) => void this.#end(error, true),
    }
  }

  async #startAnew(): Promise<void> {
    const { name, onEvent } = this.#options
    if (this.#closing !== undefined) return
    onEvent(`${name}: evicted, because it was silent for too long; starts anew`)
    const { clock } = this.#options.parts()
    await this.#worker.stop(true)
    // Whatever kept it silent may not be over.
    await new Promise<void>((resolve) => clock.alarm(clock.now() + RESTART_PAUSE_MS * 1000, resolve))
    if (this.#closing !== undefined) return
    this.#worker = this.#incarnate()
    await this.#worker.start().catch((error: unknown) => this.#end(asError(error), false))
  }

  async #end(error: Error, keep: boolean): Promise<void> {
    this.#closing ??= (async () => {
      this.#options.onEvent(`${this.#options.name}: stopped: ${error.message}`)
      await this.#worker.stop(keep)
      await this.#options.shutDown()
      this.#tellStopped(error)
    })()
    await this.#closing
  }
}

/** A view in one line, for people. */
export function describeView(view: View): string {
  const workers = view.members.map(({ name, phase }) => {
    const owned = ownedBy(view, name).length
    return phase === 'ready' ? `${name} owns ${owned}` : `${name} is ${phase} and owns ${owned}`
  })
  const ownerless = view.owners.filter((owner) => owner === undefined).length
  const rest = ownerless === 0 ? '' : `; ${ownerless} without an owner`
  return `view ${view.number}: ${workers.length === 0 ? 'no workers' : workers.join(', ')}${rest}`
}
