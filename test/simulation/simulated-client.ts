// SimulatedClient: one client's machine: a process with a connection to the database and lanes that call it one call after
// the other. When it crashes, nobody learns what its calls came to, and another process takes its place.

import { Random, StreamyError } from '@streamy-db/core'
import { connectCluster, type ClusterDatabase } from '@streamy-db/runtime'
import { actors, errors } from './actors.ts'
import { InsufficientFunds } from '../cluster/actors.ts'
import { Dice } from '../differential/dice.ts'
import { inOneLine } from '../differential/in-one-line.ts'
import type { Plan } from './plan.ts'
import { callsOf, type SharedNames } from './load/operations.ts'
import type { Recorder } from './load/recorder.ts'
import { workloadNames, type WorkloadName } from './load/workloads.ts'
import type { SimulatedCluster } from './simulated-cluster.ts'
import { simulatedClock } from './world/simulated-clock.ts'
import { SimulatedLog } from './world/simulated-log.ts'
import { SimulatedProcess, type Machine } from './world/simulated-process.ts'

/** What a client does. */
export interface ClientLoad {
  readonly plan: Plan
  readonly recorder: Recorder
  readonly shared: SharedNames
}

const connectAgainUs = 500_000
// What these say is that nothing has happened; of all others nobody knows.
const refusals: ReadonlySet<string> = new Set(['TRANSACTION_CONFLICT', 'OVERLOADED', 'WORKERS_UNREACHABLE'])
// What may reach a caller where servers and workers cannot be reached, log time was set forward, or what a snapshot reads
// was flushed over.
const expected: ReadonlySet<string> = new Set([
  'DEADLINE_EXCEEDED',
  'SERVER_UNAVAILABLE',
  'DATABASE_CLOSED',
  'REQUEST_EXPIRED',
  'STORAGE_FAILED',
  'STORAGE_FULL',
  'SNAPSHOT_EXPIRED',
])

/** One client over all its starts. */
export class SimulatedClient {
  readonly name: string
  readonly machine: Machine
  /** How many calls have been answered since the start of the run. */
  answered = 0
  /** The same, by lane, since it was last set to nothing. */
  readonly answeredByLane = new Map<string, number>()
  readonly #cluster: SimulatedCluster
  readonly #load: ClientLoad
  #process: SimulatedProcess | undefined
  #db: ClusterDatabase | undefined
  #starts = 0
  #stopping = false
  #lanesRunning = 0

  constructor(name: string, cluster: SimulatedCluster, load: ClientLoad) {
    this.name = name
    this.machine = { name, clockOffsetUs: 0 }
    this.#cluster = cluster
    this.#load = load
  }

  get process(): SimulatedProcess | undefined {
    return this.#process
  }

  /** Its database, once it is connected. */
  get db(): ClusterDatabase | undefined {
    return this.#db
  }

  /** Whether some lane still waits for its call. */
  get isBusy(): boolean {
    return this.#lanesRunning > 0
  }

  get lanes(): readonly string[] {
    return workloadNames.flatMap((workload) =>
      Array.from({ length: this.#load.plan.lanes[workload] }, (_, lane) => `${workload}-${lane}`),
    )
  }

  /** Starts its process and connects; with `works`, its lanes begin. */
  start(works: boolean): void {
    this.#starts += 1
    const process = new SimulatedProcess(this.machine, this.#cluster.ground)
    this.#process = process
    this.#db = undefined
    void this.#begin(process, works)
  }

  /** Begins to call. */
  work(): void {
    this.#stopping = false
    const [process, db] = [this.#process!, this.#db!]
    for (const workload of workloadNames)
      for (let lane = 0; lane < this.#load.plan.lanes[workload]; lane++) {
        this.#lanesRunning += 1
        void this.#runLane(process, db, workload, lane)
      }
  }

  /** Lets each lane finish its call and ends it. */
  stop(): void {
    this.#stopping = true
  }

  crash(): void {
    this.#process?.kill()
    this.#lanesRunning = 0
    this.#cluster.ground.trace.note(`${this.name} crashes`)
    this.start(true)
  }

  async #begin(process: SimulatedProcess, works: boolean): Promise<void> {
    this.#db = await this.#connect(process)
    if (works) this.work()
  }

  async #connect(process: SimulatedProcess): Promise<ClusterDatabase> {
    const { links, server, network, seed, databaseName } = this.#cluster
    const { publishWithinUs } = this.#load.plan
    const randomness = new Random(`${seed} ${this.name} ${this.#starts}`)
    for (;;) {
      const bus = network.connect(process)
      const parts = {
        bus,
        clock: simulatedClock(process),
        randomness,
        openLog: async () => new SimulatedLog({ process, links, server, publishWithinUs, restrictedTo: 'client' }),
        shutDown: () => bus.close(),
      }
      const { deadlineMs } = this.#load.plan
      try {
        return await connectCluster(parts, { name: databaseName, actors, errors, deadlineMs })
      } catch (error) {
        if (!(error instanceof StreamyError) || error.kind !== 'retry')
          this.#cluster.violated('client', `${this.name} cannot connect: ${String(error)}`)
        await bus.close()
        await process.wait(connectAgainUs)
      }
    }
  }

  async #runLane(process: SimulatedProcess, db: ClusterDatabase, workload: WorkloadName, lane: number): Promise<void> {
    const { plan, recorder, shared } = this.#load
    const name = `${this.name}.${this.#starts}-${workload}-${lane}`
    const dice = new Dice(`${this.#cluster.seed} ${name}`)
    const next = callsOf(workload, dice, shared)
    while (!this.#stopping) {
      await process.wait(dice.below(2 * plan.thinkUs))
      if (this.#stopping) break
      const { call, run } = next()
      const id = recorder.invoke(workload, name, call)
      try {
        const { reply, position } = await run(db)
        recorder.complete(id, { outcome: 'ok', reply, position })
        this.#answered(`${workload}-${lane}`)
      } catch (error) {
        recorder.complete(id, { outcome: this.#outcomeOf(error, `${name} ${inOneLine(call)}`) })
        if (error instanceof InsufficientFunds) this.#answered(`${workload}-${lane}`)
      }
    }
    this.#lanesRunning -= 1
  }

  #answered(lane: string): void {
    this.answered += 1
    this.answeredByLane.set(lane, (this.answeredByLane.get(lane) ?? 0) + 1)
  }

  #outcomeOf(error: unknown, what: string): 'failed' | 'unknown' {
    if (error instanceof InsufficientFunds) return 'failed'
    const code = error instanceof StreamyError ? error.code : undefined
    if (code !== undefined && refusals.has(code)) return 'failed'
    if (code === undefined || !expected.has(code))
      this.#cluster.violated('error', `${what} ended with ${error instanceof Error ? error.stack : String(error)}`)
    return 'unknown'
  }
}
