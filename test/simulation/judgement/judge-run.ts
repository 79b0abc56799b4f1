// Judges a run that has come to rest: what clients recorded, by the checkers; what workers replied and saved, by the
// reference, which executes the whole log anew; and what is in the database in the end.

import type { Database } from '@streamy-db/runtime'
import type { Recorder } from '../load/recorder.ts'
import type { Plan } from '../plan.ts'
import type { SimulatedCluster, Violation } from '../simulated-cluster.ts'
import type { SimulatedWorker } from '../simulated-worker.ts'
import { judgeDeliveries, judgeTotals, readEnd, type End } from './judge-end.ts'
import { judgeHistories } from './judge-histories.ts'
import { judgeLayers, readLayers, type LayerEnd } from './judge-layers.ts'
import { ReferenceRun } from './reference-run.ts'
import type { ReplyWitness } from './reply-witness.ts'

/** What is judged. */
export interface Run {
  readonly cluster: SimulatedCluster
  readonly plan: Plan
  readonly recorder: Recorder
  readonly witness: ReplyWitness
  readonly workers: readonly SimulatedWorker[]
  readonly db: Database
  /** Lets time pass until a condition holds; false when something is wrong by then. */
  readonly until: (condition: () => boolean, withinUs: number, what: string | (() => string)) => Promise<boolean>
}

/** What was found. */
export interface JudgedRun {
  readonly violations: readonly Violation[]
  readonly undecided: readonly string[]
}

const SECOND = 1_000_000
const restWithinUs = 180 * SECOND
const nothing: JudgedRun = { violations: [], undecided: [] }

/** Judges a run; see the header. */
export async function judgeRun(run: Run): Promise<JudgedRun> {
  const { cluster, recorder, witness, until, db } = run
  const reference = new ReferenceRun(cluster)
  const atRest = (): boolean => reference.catchUp().isAtRest
  const left = (): string => `tells, timers and retries to be done: ${reference.left.join('; ')}`
  if (!(await until(atRest, restWithinUs, left))) return nothing
  let end: [End, LayerEnd] | undefined
  const { tail } = cluster.server
  Promise.all([readEnd(db), readLayers(db, run.plan, tail)]).then(
    (read) => (end = read),
    (error: Error) => cluster.violated('error', `the last reads end with ${error.stack}`),
  )
  if (!(await until(() => end !== undefined, restWithinUs, 'the last reads'))) return nothing
  if (!(await saveLastCheckpoint(run))) return nothing
  reference.catchUp()
  const histories = judgeHistories(recorder)
  const violations = [
    ...histories.violations,
    ...judgeTotals(end![0]),
    ...judgeDeliveries(recorder.operations('deliveries'), end![0]),
    ...judgeLayers(recorder, reference.records, end![1]),
    ...reference.judgeReplies(witness),
    ...(await reference.judgeCheckpoints()),
  ]
  return { violations, undecided: histories.undecided }
}

// The state of all partitions as of the end of everything. One of a batch whose owners change is abandoned for the next.
async function saveLastCheckpoint({ cluster, workers, until }: Run): Promise<boolean> {
  const { tail } = cluster.server
  const isSaved = (): boolean => [...cluster.checkpointObjects.keys()].some((name) => isManifestBehind(name, tail))
  let asked = 0
  const askAndLook = (): boolean => {
    if (isSaved()) return true
    if (cluster.schedule.now - asked > 4 * SECOND) {
      asked = cluster.schedule.now
      workers.find(({ isUp }) => isUp)?.checkpoint()
    }
    return false
  }
  return await until(askAndLook, restWithinUs, 'a checkpoint of the end')
}

function isManifestBehind(name: string, sequence: number): boolean {
  return name.endsWith('/manifest') && Number(name.slice(0, name.indexOf('/'))) > sequence
}
