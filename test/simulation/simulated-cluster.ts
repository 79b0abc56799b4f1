// SimulatedCluster: the world of one run: machines, links, servers, and who runs on them. It knows nothing of what clients
// do and of what is done to it.

import { ActorRegistry, createProgram } from '@streamy-db/actors'
import { MemoryCheckpointStore, type Program } from '@streamy-db/core'
import { Dice } from '../differential/dice.ts'
import { actors } from './actors.ts'
import { Links } from './world/link.ts'
import { LogServer } from './world/log-server.ts'
import { Schedule } from './world/schedule.ts'
import { SimulatedNetwork } from './world/simulated-network.ts'
import type { Ground } from './world/simulated-process.ts'
import { Trace } from './world/trace.ts'

const startUs = 1_700_000_000_000_000

/** Something that must never happen, found while a run goes on. */
export interface Violation {
  readonly kind: string
  readonly explanation: string
}

/** One complete checkpoint, or what there is of it, as it was put. */
export type CheckpointObjects = Map<string, readonly Uint8Array[]>

/** What all parts of a run share. */
export class SimulatedCluster {
  readonly seed: string
  readonly databaseName = 'sim'
  readonly databaseId = 'db'
  readonly databaseSeed: string
  readonly partitions: number
  readonly ground: Ground
  readonly links: Links
  readonly network: SimulatedNetwork
  readonly server: LogServer
  readonly checkpoints = new MemoryCheckpointStore()
  /** Every object that was ever put, also those that are deleted. */
  readonly checkpointObjects: CheckpointObjects = new Map()
  readonly registry = new ActorRegistry(actors)
  readonly program: Program
  readonly violations: Violation[] = []
  /** Whether the checkpoints' servers answer. */
  storeAvailable = true

  constructor(seed: string, partitions: number, keepsLines = false) {
    this.seed = seed
    this.partitions = partitions
    this.databaseSeed = `seed ${seed}`
    const schedule = new Schedule(startUs)
    const trace = new Trace(() => schedule.now - startUs, keepsLines)
    this.ground = { schedule, trace, dice: new Dice(`world ${seed}`) }
    this.links = new Links(new Dice(`links ${seed}`))
    this.network = new SimulatedNetwork(this.links)
    this.server = new LogServer(this.ground)
    this.program = createProgram(this.registry)
  }

  get schedule(): Schedule {
    return this.ground.schedule
  }

  /** Virtual time since the start. */
  get elapsedUs(): number {
    return this.schedule.now - startUs
  }

  violated(kind: string, explanation: string): void {
    this.ground.trace.note(`violation: ${kind}: ${explanation}`)
    this.violations.push({ kind, explanation })
  }
}
