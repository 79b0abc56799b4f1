// What is held against the reference while partitions move: replicas wherever they happen to be comparable, and the
// whole cluster at the end.

import {
  endOfBatch,
  memberOf,
  partitionOf,
  sequenceOf,
  targetsOf,
  type ActorRecord,
  type PartitionId,
  type Sequence,
} from '@streamy-db/core'
import { keyPrefixes, partitionPrefix } from '@streamy-db/core/testing'
import type { Dice } from './dice.ts'
import { inOneLine } from './in-one-line.ts'
import { Mismatch, type Judge } from './judge.ts'
import type { MovingLog } from './moving-log.ts'
import type { MovingWorker } from './moving-worker.ts'
import type { Replica } from './replica.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Holds a replica's states, of now and of earlier, against the reference. */
export function checkReplica<Saying>(
  replica: Replica,
  judge: Judge,
  vocabulary: Vocabulary<Saying>,
  partitions: number,
  dice: Dice,
): void {
  const { engine } = replica
  const sequence = engine.next - 1
  if (sequence > 0 && engine.resolved >= endOfBatch(sequence))
    judge.resolved(sequence, engine.stateHashes(), () => replica.contents())
  if (dice.happens(0.15)) checkLeft(replica, judge)
  if (engine.resolvedBatch > 0 && dice.happens(0.15)) checkPast(replica, judge, vocabulary, partitions, dice)
}

/** Holds a store against the reference where partitions were left: they stay as they were, whatever comes later. */
export function checkLeft({ engine, partitions, store, isFlushing }: Replica, judge: Judge): void {
  const stored = engine.captured.sequence
  if (isFlushing || stored === 0) return
  for (const partition of partitions) {
    if (engine.ownership.executesAt(partition, stored)) continue
    let left: Sequence = stored
    while (left > 0 && !engine.ownership.executesAt(partition, left)) left -= 1
    const entries = keyPrefixes.hashed.flatMap((kind) => [...store.scan(partitionPrefix(kind, partition))])
    if (left > 0) judge.captured(left, partition, new Map(entries.map(({ key, value }) => [key, value])))
  }
}

// Records and queries of any batch that it says it can read.
function checkPast<Saying>(
  { engine }: Replica,
  judge: Judge,
  vocabulary: Vocabulary<Saying>,
  partitions: number,
  dice: Dice,
): void {
  const first = engine.captured.sequence
  const sequence = first + dice.below(engine.resolvedBatch - first + 1)
  if (sequence === 0 || !engine.canReadAt(sequence)) return
  const reference = judge.referenceAt(sequence)
  const fetched = new Map<string, ActorRecord | undefined>()
  for (const ref of vocabulary.refs) {
    const partition = partitionOf(ref, partitions)
    const expected = reference.entriesOf(partition).get(partitionPrefix(keyPrefixes.actor, partition) + ref.id)
    if (!engine.ownership.executesAt(partition, sequence))
      fetched.set(ref.id, expected && engine.decodeRecord(ref, expected))
    else compare(`${ref.id} as of batch ${sequence}`, engine.recordAt(ref, sequence), { bytes: expected })
  }
  for (const call of vocabulary.queries(vocabulary.refs)) {
    const answer = engine.queryAt(call, sequence, fetched)
    if (answer.kind !== 'answer') throw new Mismatch(`a query of batch ${sequence} comes to ${inOneLine(answer)}`)
    compare(`a query of ${call.ref.id} as of batch ${sequence}`, answer.value, reference.query(call))
  }
}

/** Whether nothing about workers is left to be done: everything belongs to whom it is meant for, and is up to date. */
export function isAtRest(workers: readonly MovingWorker[], log: MovingLog): boolean {
  const { tail } = log
  const view = log.viewBehind(tail)
  const running = workers.filter((worker) => worker.running)
  const placed = targetsOf(view).every((target, partition) => target !== undefined && view.owners[partition] === target)
  const settled = running.every(({ identity }) => memberOf(view, identity)?.phase === 'ready')
  if (!placed || !settled || view.members.length !== running.length) return false
  const served = view.owners.every((owner, partition) =>
    running.some((worker) => worker.name === owner && worker.serving(partition) !== undefined),
  )
  return served && running.every(({ replicas }) => replicas.every((replica) => isIdle(replica, tail)))
}

function isIdle({ engine, replaces }: Replica, tail: Sequence): boolean {
  return replaces === undefined && engine.next === tail + 1 && engine.resolved >= endOfBatch(tail)
}

/** Holds the cluster at rest against the reference: states, queries, timers, and what clients learn that ask again. */
export function checkEnd<Saying>(
  vocabulary: Vocabulary<Saying>,
  workers: readonly MovingWorker[],
  log: MovingLog,
  judge: Judge,
): void {
  const { owners } = log.viewBehind(log.tail)
  const servers = owners.map((owner, partition) => workers.find(({ name }) => name === owner)!.serving(partition)!)
  servers.forEach((server, partition) => {
    judge.resolved(log.tail, only(server.engine.stateHashes(), partition), () => server.contents())
    judge.scheduled(server.engine.nextTimerDue, [partition])
  })
  for (const reply of judge.replies) {
    const home = log.homeAt(reply.position)
    judge.asked(reply, home, reply.request && servers[home]!.engine.outcome(home, reply.request)?.outcome)
  }
  judge.ended()
}

function only(hashes: ReadonlyMap<PartitionId, string>, partition: PartitionId): Map<PartitionId, string> {
  return new Map([[partition, hashes.get(partition) ?? 'nothing']])
}

/** Who waits for whom, in words. */
export function stuckWorkers(workers: readonly MovingWorker[]): string {
  return workers
    .flatMap(({ name, running, view, replicas }) => [
      `${name} ${running ? 'runs' : 'is stopped'}; view ${view.number} ${inOneLine(view)}`,
      ...replicas.map(({ engine, partitions, extra }) => {
        const { next, resolved, ownership } = engine
        const at = `${sequenceOf(resolved)}:${resolved % 4096}`
        return `  replica of ${partitions.join()} (extra ${[...extra].join()}) executes ${ownership.executed.join()}, owns ${ownership.live.join()}: next ${next}, resolved ${at}, waits for ${[...engine.waitsFor()].join()}`
      }),
    ])
    .join('\n')
}

function compare(what: string, engine: unknown, reference: unknown): void {
  if (inOneLine(engine) !== inOneLine(reference))
    throw new Mismatch(`another answer for ${what}`, { engine, reference })
}
