// Contestants: the systems of one run as the workloads suite sees them, and the floor beside them. What cannot be started, or
// cannot do a workload, is kept with its reason, so that a report leaves nothing out.

import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LmdbLog } from './lmdb-log.ts'
import type { BareLog } from './floor.ts'
import type { StartSystem } from './systems/all-systems.ts'
import type { SystemName } from './systems/system-names.ts'
import { Unsupported, type System } from './systems/system.ts'
import type { OpenWorkload, WorkloadSpec } from './workload-specs.ts'
import { FloorCalls } from './workloads/floor-calls.ts'

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

/** The floor: the same calls packed and made durable by LMDB, executed by nobody. */
export function openFloor(directory: string): Contestant {
  const logs: BareLog[] = []
  return {
    name: 'floor',
    title: 'floor: LMDB',
    durability: 'each group of calls is one full commit of LMDB, then answered; nothing is executed',
    processes: [],
    open: async ({ name, title, plan }) => {
      if (plan === undefined) throw new Unsupported('reads are not in any log')
      const log = new LmdbLog(join(directory, `floor-${name}.mdb`))
      logs.push(log)
      return { workload: new FloorCalls(log, `${title}, floor`, plan) }
    },
    close: async () => {
      for (const log of logs) await log.close()
    },
  }
}
