// Contestants: the systems of one run, and the floors beside them, as they are started and opened; `floor-contestants.ts` has
// the floors. Each is in a process of its own, the client with it: see `contestant-process.ts`.

import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openFloor, openSegments, startClusterFloor } from './floor-contestants.ts'
import { peerSystems, streamySystems } from './systems/all-systems.ts'
import type { ContestantName } from './systems/system-names.ts'
import type { OpenWorkload, WorkloadSpec } from './workload-specs.ts'

/** One that was started. */
export interface Contestant {
  readonly title: string
  readonly durability: string
  /** The roots of its processes beside the client's. */
  readonly processes: readonly number[]
  open(spec: WorkloadSpec): Promise<OpenWorkload>
  close(): Promise<void>
}

/** Starts a contestant whose files are below `directory`. */
export async function startContestant(name: ContestantName, directory: string): Promise<Contestant> {
  const own = join(directory, name)
  // Servers that refuse to be root's must be able to reach what is theirs.
  await chmod(directory, 0o711)
  await mkdir(own, { recursive: true })
  if (name === 'floor') return openFloor(own)
  if (name === 'segments') return openSegments(own)
  if (name === 'cluster-floor') return await startClusterFloor()
  const start = name === 'embedded' || name === 'cluster' ? streamySystems[name] : peerSystems[name]
  const system = await start(own)
  const { title, durability, processes } = system
  return { title, durability, processes, open: (spec) => spec.open(system), close: () => system.close() }
}
