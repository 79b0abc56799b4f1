// Contestants: the systems of one run as the workloads suite sees them; `floor-contestants.ts` has the floors beside them. What cannot be started, or
// cannot do a workload, is kept with its reason, so that a report leaves nothing out.

import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { StartSystem } from './systems/all-systems.ts'
import type { SystemName } from './systems/system-names.ts'
import type { System } from './systems/system.ts'
import type { OpenWorkload, WorkloadSpec } from './workload-specs.ts'

/** One that was started. */
export interface Contestant {
  readonly name: SystemName
  readonly title: string
  readonly durability: string
  readonly processes: readonly number[]
  open(spec: WorkloadSpec): Promise<OpenWorkload>
  close(): Promise<void>
}

/** Starts a system below `directory`. */
export async function startContestant(name: SystemName, start: StartSystem, directory: string): Promise<Contestant> {
  const own = join(directory, name)
  // Servers that refuse to be root's must be able to reach what is theirs.
  await chmod(directory, 0o711)
  await mkdir(own)
  const system: System = await start(own)
  const { title, durability, processes } = system
  return { name, title, durability, processes, open: (spec) => spec.open(system), close: () => system.close() }
}
