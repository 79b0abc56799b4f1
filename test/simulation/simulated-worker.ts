// SimulatedWorker: one worker's machine with its disk, and the process that runs on it, one after the other. Whatever
// starts a worker of a real cluster again when it has stopped does so here.

import { Random, StreamyError, firstView } from '@streamy-db/core'
import type { RunningWorker, WorkerStatus } from '@streamy-db/runtime'
import { assembleWorker, Checkpoints, findDatabase, type Turns } from '@streamy-db/runtime/testing'
import type { SimulatedCluster } from './simulated-cluster.ts'
import type { Plan } from './plan.ts'
import { SimulatedCheckpointStore } from './world/simulated-checkpoint-store.ts'
import { simulatedClock } from './world/simulated-clock.ts'
import { SimulatedDisk } from './world/simulated-disk.ts'
import { SimulatedLog } from './world/simulated-log.ts'
import { SimulatedProcess, type CrashPoint, type Machine } from './world/simulated-process.ts'

const restartAfterUs = 1_000_000
// Virtual time does not pass while a process works, so no turn is ever over.
const endlessTurn = { enter: () => undefined, leave: () => {} }
const endlessTurns: Turns = { begin: () => endlessTurn, next: () => Promise.resolve() }

/** How a worker's log behaves; see SimulatedLog. */
export interface WorkerWorld {
  readonly settings: Plan['worker']
  readonly logGuards: boolean
  readonly publishWithinUs: number
}

/** One worker over all its starts. */
export class SimulatedWorker {
  readonly name: string
  readonly machine: Machine
  readonly disk = new SimulatedDisk()
  /** Whether it is to run: if not, nobody starts it again. */
  wanted = false
  /** What it stopped with, the last time it stopped by itself. */
  stoppedWith: Error | undefined
  readonly #cluster: SimulatedCluster
  readonly #world: WorkerWorld
  #process: SimulatedProcess | undefined
  #running: RunningWorker | undefined
  #log: SimulatedLog | undefined
  #starts = 0

  constructor(name: string, cluster: SimulatedCluster, world: WorkerWorld) {
    this.name = name
    this.machine = { name, clockOffsetUs: 0 }
    this.#cluster = cluster
    this.#world = world
  }

  get process(): SimulatedProcess | undefined {
    return this.#process
  }

  /** The newest entry of the log of which it has heard; 0 while it is down. */
  get heard(): number {
    return this.isUp ? (this.#log?.heard ?? 0) : 0
  }

  get isUp(): boolean {
    return this.#process !== undefined && !this.#process.isDead
  }

  /** Undefined while it is down or looks for its database. */
  get status(): WorkerStatus | undefined {
    return this.isUp ? this.#running?.status : undefined
  }

  /** Starts it, if it is down. */
  start(): void {
    this.wanted = true
    if (this.isUp) return
    this.#starts += 1
    const process = new SimulatedProcess(this.machine, this.#cluster.ground)
    this.#process = process
    this.#running = undefined
    this.#note('starts')
    this.#boot(process).catch((error: Error) => this.#stopped(process, error))
  }

  /** Kills its process; what it was writing fares as the disk decides. */
  crash({ losesDisk = false }: { readonly losesDisk?: boolean } = {}): readonly string[] {
    if (!this.isUp) return []
    this.#process!.kill()
    this.#running = undefined
    this.#note('crashes')
    const lost = this.disk.crash(this.#cluster.ground.dice)
    if (losesDisk) this.disk.wipe()
    return lost
  }

  /** Crashes it as soon as it comes to a point. */
  crashAt(point: CrashPoint, crashed: () => void): void {
    this.#process?.crashAt(point, () => {
      this.crash()
      crashed()
    })
  }

  /** Hands over what it owns, and stops. */
  leave(): void {
    this.wanted = false
    this.#note('leaves')
    void this.#running?.close()
  }

  checkpoint(): void {
    if (this.isUp && !this.#process!.isPaused) this.#running?.checkpoint()
  }

  async #boot(process: SimulatedProcess): Promise<void> {
    const { links, server, network, databaseName, databaseId, program, partitions, registry } = this.#cluster
    const { publishWithinUs, logGuards } = this.#world
    const cluster = this.#cluster
    const log = new SimulatedLog({ process, links, server, publishWithinUs, guards: logGuards })
    this.#log = log
    const [bus, desk] = [network.connect(process), network.connect(process)]
    const checkpoints = new SimulatedCheckpointStore(
      { process, links, available: () => cluster.storeAvailable },
      cluster.checkpoints,
      (name, chunks) => {
        if (!cluster.checkpointObjects.has(name)) cluster.checkpointObjects.set(name, chunks)
      },
    )
    const endings = [log, bus, desk, checkpoints].map((part) => () => part.close())
    const shutDown = async (): Promise<void> => {
      for (const end of endings.splice(0).toReversed()) await end()
    }
    const proposed = { id: databaseId, seed: cluster.databaseSeed, partitions, fingerprint: program.fingerprint }
    const database = await findDatabase(log, new Checkpoints(checkpoints), proposed)
    const randomness = new Random(`${cluster.seed} ${this.name} ${this.#starts}`)
    const view = firstView(partitions, database.fingerprint)
    const parts = { log, bus, desk, checkpoints, clock: simulatedClock(process), program, database }
    const running = assembleWorker(
      {
        ...parts,
        shelf: this.disk.shelf(process),
        firstView: view,
        turns: endlessTurns,
        randomness,
        registry,
        endings,
        shutDown,
      },
      this.name,
      {
        name: databaseName,
        ...this.#world.settings,
        onIncident: () => {},
        onEvent: (line) => this.#cluster.ground.trace.note(`${this.name} says ${line}`),
      },
    )
    this.#running = running
    void running.stopped.then((error) => this.#stopped(process, error))
    await running.start()
  }

  #stopped(process: SimulatedProcess, error: Error | undefined): void {
    if (process.isDead || process !== this.#process) return
    process.kill()
    this.#running = undefined
    this.#note(`has stopped: ${error === undefined ? 'it was closed' : String(error)}`)
    if (error !== undefined) this.#judge(error)
    this.#cluster.schedule.after(restartAfterUs, () => {
      if (this.wanted) this.start()
    })
  }

  // Servers that cannot be reached are no fault of the worker's, and it is started again. Nothing else may stop one.
  #judge(error: Error): void {
    this.stoppedWith = error
    if (error instanceof StreamyError && error.kind === 'retry') return
    if (
      error instanceof StreamyError &&
      error.code === 'LOG_DIVERGED' &&
      this.#cluster.server.rolledBackTo !== undefined
    ) {
      this.wanted = false
      return
    }
    this.#cluster.violated('worker stopped', `${this.name}: ${error.stack ?? String(error)}`)
  }

  #note(what: string): void {
    this.#cluster.ground.trace.note(`${this.name} ${what}`)
  }
}
