// Plan: what one seed makes of a run: how large the cluster is, how it is set up, what its clients do, which faults there
// are and how bad they are. Everything is drawn here, at the start, so that a plan can be printed and read.

import { CELL_BYTES } from '@streamy-db/core'
import { Dice } from '../differential/dice.ts'
import { faultNames, type FaultName } from './faults/fault-names.ts'
import { layerNames, workloadNames, type WorkloadName } from './load/workloads.ts'
import type { LinkConditions } from './world/link.ts'
import type { DiskConditions } from './world/simulated-disk.ts'

/** How one run is made. */
export interface Plan {
  readonly seed: string
  readonly partitions: number
  readonly workers: number
  readonly clients: number
  /** Lanes of each client by workload. */
  readonly lanes: Readonly<Record<WorkloadName, number>>
  /** How long a lane thinks between two calls, on average. */
  readonly thinkUs: number
  readonly deadlineMs: number
  readonly worker: {
    readonly heartbeatMs: number
    readonly evictAfterMs: number
    readonly checkpointBytes: number
    readonly cacheBytesMax: number
    readonly logBytesMax: number
  }
  /** Items of one node of an ordered index, and documents of one step of a build. */
  readonly indexNodeItems: number
  readonly links: LinkConditions
  readonly disk: DiskConditions
  /** How long one append is tried. */
  readonly publishWithinUs: number
  /** How long there are faults. */
  readonly faultyUs: number
  /** Between two faults, on average. */
  readonly faultEveryUs: number
  /** How often each kind comes, among the faults; those that are 0 never. */
  readonly faults: Readonly<Record<FaultName, number>>
  /** The log loses its end in the end: then nothing may go on. */
  readonly rollsBack: boolean
}

/**
 * The plan of a seed. Each part is drawn by itself: what is added to plans later leaves the parts that are there, so that
 * old seeds go on to mean what they meant.
 */
export function drawPlan(seed: string): Plan {
  const draw = (part: string): Dice => new Dice(`plan ${seed}: ${part}`)
  const heartbeatMs = 100 + draw('heartbeat').below(300)
  return {
    seed,
    partitions: draw('partitions').pick([1, 2, 3, 4, 4, 6, 8, 12]),
    workers: draw('workers').pick([1, 2, 2, 3, 3, 3, 4]),
    clients: draw('clients').pick([1, 2, 2, 2, 3]),
    lanes: drawLanes(draw),
    thinkUs: draw('think').pick([500_000, 1_000_000, 2_000_000]),
    deadlineMs: draw('deadline').pick([3000, 10_000, 30_000, 60_000]),
    worker: {
      heartbeatMs,
      evictAfterMs: Math.round(heartbeatMs * (2.5 + 5 * draw('eviction').below(100) * 0.01)),
      checkpointBytes: draw('checkpoints').pick([4, 8, 16, 64, 1024]) * 1024,
      cacheBytesMax: draw('cache').pick([4, 16, 64, 100_000]) * CELL_BYTES,
      logBytesMax: draw('flushes').pick([1, 4, 16, 1024]) * 1024,
    },
    indexNodeItems: draw('index nodes').pick([4, 4, 6, 16]),
    links: drawLinks(draw('links')),
    disk: drawDisk(draw('disk')),
    publishWithinUs: draw('publish').pick([5_000_000, 60_000_000]),
    faultyUs: (20 + draw('duration').below(80)) * 1_000_000,
    faultEveryUs: draw('fault rate').pick([1, 2, 4, 8, 30]) * 1_000_000,
    faults: drawFaults(draw),
    rollsBack: draw('fall back').happens(0.08),
  }
}

type Draw = (part: string) => Dice

function drawLanes(draw: Draw): Plan['lanes'] {
  // Each workload is missing in some runs, so that the others are alone in some.
  const counts = workloadNames.map((name) => {
    const dice = draw(`lanes of ${name}`)
    const often = layerNames.some((layer) => layer === name) ? 0.35 : 0.6
    return [name, dice.happens(often) ? dice.pick([1, 1, 1, 2]) : 0] as const
  })
  // Made of all names.
  const lanes = Object.fromEntries(counts) as Record<WorkloadName, number>
  return counts.some(([, count]) => count > 0) ? lanes : { ...lanes, lists: 2, bank: 2 }
}

function drawLinks(dice: Dice): LinkConditions {
  return {
    loss: dice.pick([0, 0, 0.01, 0.05, 0.15]),
    repeat: dice.pick([0, 0, 0.01, 0.1]),
    delayUs: dice.pick([100, 300, 1000, 5000]),
    jitterUs: dice.pick([0, 500, 5000, 50_000]),
    slow: dice.pick([0, 0, 0.01, 0.03]),
    slowUs: dice.pick([100_000, 1_000_000, 5_000_000]),
  }
}

function drawDisk(dice: Dice): DiskConditions {
  return {
    flushUs: dice.pick([500, 5000, 50_000, 500_000]),
    keepsUnflushed: dice.pick([0, 0.5]),
    damaged: dice.pick([0, 0.3]),
    losesFlushed: dice.pick([0, 0, 0.3]),
  }
}

// Each kind is missing in half of the runs: what is always there may hide what it has to do with another.
function drawFaults(draw: Draw): Plan['faults'] {
  const weights = faultNames.map((name) => {
    const dice = draw(`fault ${name}`)
    return [name, dice.happens(0.5) ? 1 + dice.below(4) : 0] as const
  })
  // Made of all names.
  return Object.fromEntries(weights) as Record<FaultName, number>
}
