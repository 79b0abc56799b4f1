// Faults: what a simulated cluster is put through. Each strikes once, at a machine, a link or the servers that chance picks,
// and what it does ends by itself after a while, or at once when everything is healed.

import { actorRef, BatchBuilder, indexedPartitions } from '@streamy-db/core'
import type { Dice } from '../../differential/dice.ts'
import type { Plan } from '../plan.ts'
import type { SimulatedClient } from '../simulated-client.ts'
import type { SimulatedCluster } from '../simulated-cluster.ts'
import type { SimulatedWorker } from '../simulated-worker.ts'
import { accountsOf } from '../load/workloads.ts'
import { servers } from '../world/link.ts'
import type { StoredAppend } from '../world/log-server.ts'
import type { CrashPoint } from '../world/simulated-process.ts'
import type { FaultName } from './fault-names.ts'

/** What faults strike at. */
export interface Scene {
  readonly plan: Plan
  readonly dice: Dice
  readonly cluster: SimulatedCluster
  readonly workers: SimulatedWorker[]
  readonly clients: readonly SimulatedClient[]
  /** Makes another worker, not started. */
  readonly newWorker: () => SimulatedWorker
  /** Does something after a time, or when everything is healed, if that is earlier. */
  readonly later: (delayUs: number, end: () => void) => void
  /** Nobody sends earlier requests again: what is remembered of them may be over with a jump of log time. */
  readonly forgetRequests: () => void
  /** Counts what happened beside the fault itself. */
  readonly count: (what: string) => void
}

const SECOND = 1_000_000
const workersMax = 5
const crashPoints: readonly CrashPoint[] = [
  'before an append',
  'after an append',
  'before a flush',
  'after a flush',
  'before a checkpoint part',
  'after a checkpoint part',
  'before a manifest',
  'after a manifest',
  'before a trim',
  'after a message',
  'after a reply',
]

/** What each kind does; nothing where there is nobody to do it to. */
export const faults: Readonly<Record<FaultName, (scene: Scene) => void>> = {
  'worker crash': (scene) => crash(scene, scene.dice.pick(scene.workers), false),
  'worker crash at a point': ({ dice, workers, later, count }) => {
    const worker = dice.pick(workers)
    const point = dice.pick(crashPoints)
    worker.crashAt(point, () => {
      count(`crash ${point}`)
      later(dice.below(5 * SECOND), () => worker.wanted && worker.start())
    })
  },
  'worker crash, disk lost': (scene) => crash(scene, scene.dice.pick(scene.workers), true),
  'power failure': (scene) => {
    for (const worker of scene.workers) crash(scene, worker, false)
  },
  'worker pause': ({ plan, dice, workers, later }) => {
    const { process } = dice.pick(workers)
    process?.pause()
    later(dice.below(6 * plan.worker.evictAfterMs * 1000), () => process?.goOn())
  },
  'worker cut off one way': ({ dice, workers, cluster, later }) => {
    const { name } = dice.pick(workers)
    const end = dice.happens(0.5) ? cluster.links.cut(name, undefined) : cluster.links.cut(undefined, name)
    later(dice.below(8 * SECOND), end)
  },
  'one-way cut between two': ({ dice, workers, clients, cluster, later }) => {
    const names = [...workers, ...clients].map(({ name }) => name)
    later(dice.below(10 * SECOND), cluster.links.cut(dice.pick(names), dice.pick(names)))
  },
  'cut from the servers': ({ dice, workers, clients, cluster, later }) => {
    const { name } = dice.pick([...workers, ...clients])
    const end = dice.happens(0.5) ? cluster.links.cut(name, servers) : cluster.links.cut(servers, name)
    later(dice.below(8 * SECOND), end)
  },
  'bad links': ({ dice, cluster, later, plan }) => {
    const { links } = cluster
    links.conditions = { loss: 0.4, repeat: 0.2, delayUs: 5000, jitterUs: 300_000, slow: 0.1, slowUs: 3_000_000 }
    later(dice.below(5 * SECOND), () => (links.conditions = plan.links))
  },
  'leader change': ({ dice, cluster, later }) => {
    const { server } = cluster
    if (!server.available) return
    server.stop()
    later(dice.below(5 * SECOND), () => {
      server.start(dice.happens(0.5))
      server.clockOffsetUs += dice.below(2 * SECOND) - SECOND
    })
  },
  'log full': ({ dice, cluster, later }) => {
    const { server } = cluster
    server.full = true
    later(dice.below(4 * SECOND), () => (server.full = false))
  },
  'slow disk': ({ dice, workers, later, plan }) => {
    const { disk } = dice.pick(workers)
    disk.conditions = { ...plan.disk, flushUs: 3 * SECOND }
    later(dice.below(20 * SECOND), () => (disk.conditions = plan.disk))
  },
  'worker leaves': ({ dice, workers, later }) => {
    const worker = dice.pick(workers)
    worker.leave()
    later(dice.below(20 * SECOND), () => worker.start())
  },
  'worker joins': ({ workers, newWorker }) => {
    if (workers.length < workersMax) newWorker().start()
  },
  'checkpoint asked for': ({ dice, workers }) => dice.pick(workers).checkpoint(),
  'clock jump': ({ dice, workers, clients }) => {
    const { machine } = dice.pick([...workers, ...clients])
    machine.clockOffsetUs += jump(dice)
  },
  'log clock jump': ({ cluster, dice, forgetRequests }) => {
    cluster.server.clockOffsetUs += dice.happens(0.2) ? jump(dice) : dice.below(20 * SECOND) - 10 * SECOND
    forgetRequests()
  },
  'client crash': ({ dice, clients }) => dice.pick(clients).crash(),
  'client pause': ({ dice, clients, later }) => {
    const { process } = dice.pick(clients)
    process?.pause()
    later(dice.below(20 * SECOND), () => process?.goOn())
  },
  // What the servers let a client write, and nobody must believe: a transaction in another client's name.
  'forged entry': ({ cluster, dice }) => {
    const { server, partitions, schedule } = cluster
    if (server.available) server.store(forgedAppend(partitions, schedule.now, dice))
  },
}

function forgedAppend(partitions: number, seenTime: number, dice: Dice): StoredAppend {
  const ref = actorRef('Account', dice.pick(accountsOf('bank')))
  const call = { ref, message: 'deposit', args: [1000] }
  const request = {
    session: 'other.client',
    sequence: 1 + dice.below(1_000_000),
    suffix: '',
    answeredBelow: 0,
    seenTime,
  }
  const transaction = { request, attempt: 1, source: undefined, asserts: [], calls: [call], touches: [] }
  const builder = new BatchBuilder()
  builder.add(transaction, indexedPartitions(transaction, partitions))
  return { id: `forged ${request.sequence}`, bytes: builder.take(), restrictedTo: 'client' }
}

function crash({ cluster, dice, later, count }: Scene, worker: SimulatedWorker, losesDisk: boolean): void {
  if (!worker.isUp) return
  for (const lost of worker.crash({ losesDisk })) count(lost)
  cluster.ground.trace.note(`${worker.name} is to come back`)
  later(dice.below(10 * SECOND), () => worker.wanted && worker.start())
}

// Mostly some seconds, sometimes hours; in either direction.
function jump(dice: Dice): number {
  const size = dice.happens(0.8) ? dice.below(30 * SECOND) : dice.below(2 * 3600 * SECOND)
  return dice.happens(0.5) ? size : -size
}
