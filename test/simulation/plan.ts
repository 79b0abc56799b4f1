// Plan: what one seed makes of a run: how large the cluster is, how it is set up, what its clients do, which faults there
// are and how bad they are. Everything is drawn here, at the start, so that a plan can be printed and read.

import { Dice } from '../differential/dice.ts'
import { faultNames, type FaultName } from './faults/fault-names.ts'
import { workloadNames, type WorkloadName } from './load/workloads.ts'
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
    readonly actorsCachedMax: number
    readonly logBytesMax: number
  }
  readonly links: LinkConditions
  readonly disk: DiskConditions
  /** How long there are faults. */
  readonly faultyUs: number
  /** Between two faults, on average. */
  readonly faultEveryUs: number
  /** How often each kind comes, among the faults; those that are 0 never. */
  readonly faults: Readonly<Record<FaultName, number>>
  /** The log loses its end in the end: then nothing may go on. */
  readonly rollsBack: boolean
}

/** The plan of a seed. */
export function drawPlan(seed: string): Plan {
  const dice = new Dice(`plan ${seed}`)
  const heartbeatMs = 100 + dice.below(300)
  return {
    seed,
    partitions: dice.pick([1, 2, 3, 4, 4, 6, 8, 12]),
    workers: dice.pick([1, 2, 2, 3, 3, 3, 4]),
    clients: dice.pick([1, 2, 2, 2, 3]),
    lanes: drawLanes(dice),
    thinkUs: dice.pick([500_000, 1_000_000, 2_000_000]),
    deadlineMs: dice.pick([3000, 10_000, 30_000, 60_000]),
    worker: {
      heartbeatMs,
      evictAfterMs: Math.round(heartbeatMs * (2.5 + 5 * dice.below(100) * 0.01)),
      checkpointBytes: dice.pick([4, 8, 16, 64, 1024]) * 1024,
      actorsCachedMax: dice.pick([4, 16, 64, 100_000]),
      logBytesMax: dice.pick([1, 4, 16, 1024]) * 1024,
    },
    links: drawLinks(dice),
    disk: {
      flushUs: dice.pick([500, 5000, 50_000, 500_000]),
      keepsUnflushed: dice.pick([0, 0.5]),
      damaged: dice.pick([0, 0.3]),
      losesFlushed: dice.pick([0, 0, 0.3]),
    },
    faultyUs: (20 + dice.below(80)) * 1_000_000,
    faultEveryUs: dice.pick([1, 2, 4, 8, 30]) * 1_000_000,
    faults: drawFaults(dice),
    rollsBack: dice.happens(0.08),
  }
}

function drawLanes(dice: Dice): Plan['lanes'] {
  // Each workload is missing in some runs, so that the others are alone in some.
  const counts = workloadNames.map((name) => [name, dice.happens(0.6) ? dice.pick([1, 1, 1, 2]) : 0] as const)
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

// Each kind is missing in half of the runs: what is always there may hide what it has to do with another.
function drawFaults(dice: Dice): Plan['faults'] {
  const weights = faultNames.map((name) => [name, dice.happens(0.5) ? 1 + dice.below(4) : 0] as const)
  return Object.fromEntries(weights) as Record<FaultName, number>
}
