// What the workloads suite found, as it goes into the file of results: the report and `docs/performance.md` are made of this.

import type { CpuFloors } from '../cpu-floors.ts'
import type { OpenMeasurement } from '../open-loop.ts'
import type { SpecName } from '../spec-names.ts'
import type { SystemName } from '../systems/system-names.ts'
import { spreadOf, type Spread } from '../spread.ts'
import type { CheckResult } from '../workloads/workload.ts'

/** Everything. */
export interface WorkloadsResult {
  readonly systems: readonly SystemResult[]
  /** Systems that could not be started. */
  readonly unavailable: readonly Reason[]
  readonly workloads: readonly WorkloadResult[]
  /** Workloads for which no time was left. */
  readonly leftOut: readonly SpecName[]
}

/** A system that took part. */
export interface SystemResult {
  readonly name: SystemName
  readonly title: string
  readonly durability: string
}

/** Why a system has no figure, or what its figure does not say. */
export interface Reason {
  readonly name: SystemName
  readonly reason: string
}

/** One workload on all systems. */
export interface WorkloadResult {
  readonly name: string
  readonly title: string
  readonly parameters: string
  readonly levels: readonly WorkloadLevel[]
  readonly latencies: readonly LatencyResult[]
  /** Where Streamy's clients spend their time; the engine is in the embedded one. Empty unless that was wanted. */
  readonly profiles: readonly ProfileResult[]
  readonly checks: Readonly<Partial<Record<SystemName, CheckResult>>>
  /** What the same calls cost at the very least; undefined where some of them only read. */
  readonly cpuFloors: CpuFloors | undefined
  /** Systems that promise less than a serializable transaction. */
  readonly caveats: readonly Reason[]
  /** Systems that cannot do it. */
  readonly unsupported: readonly Reason[]
}

/** All rounds at one number of callers. */
export interface WorkloadLevel {
  readonly callers: number
  readonly rounds: readonly Readonly<Partial<Record<SystemName, Figures>>>[]
}

/** One system in one round. */
export interface Figures {
  readonly calls: number
  readonly callsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly gaveUp: number
  /** Of all its processes and the client's. */
  readonly cpuUsPerCall: number
  readonly bytesPerCall: number | undefined
}

/** The open loop at a share of a system's own capacity. */
export interface LatencyResult extends OpenMeasurement {
  readonly name: SystemName
  readonly share: number
}

/** Where a client spends its time at so many callers. */
export interface ProfileResult {
  readonly name: SystemName
  readonly callers: number
  /** A summary, as it is printed. */
  readonly lines: readonly string[]
}

/** A figure of a system over the rounds of a level; undefined where it has none. */
export function figureOf(
  { rounds }: WorkloadLevel,
  name: SystemName,
  of: (figures: Figures) => number | undefined,
): Spread | undefined {
  const values = rounds.flatMap(({ [name]: figures }) => {
    const value = figures === undefined ? undefined : of(figures)
    return value === undefined ? [] : [value]
  })
  return values.length === 0 ? undefined : spreadOf(values)
}

/** `of(mine) / of(theirs)`, round by round; undefined where no round has both. */
export function ratioOf(
  { rounds }: WorkloadLevel,
  mine: SystemName,
  theirs: SystemName,
  of: (figures: Figures) => number,
): Spread | undefined {
  const ratios = rounds.flatMap(({ [mine]: own, [theirs]: other }) =>
    own === undefined || other === undefined ? [] : [of(own) / of(other)],
  )
  return ratios.length === 0 ? undefined : spreadOf(ratios)
}
