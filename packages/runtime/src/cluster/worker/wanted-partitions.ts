// What a view wants of one worker, as functions of the view.

import { memberOf, targetsOf } from '@streamy-db/core'
import type { PartitionId, View, WorkerIdentity } from '@streamy-db/core'

/** The partitions that are a worker's or meant for it; undefined while it is no member. */
export function wantedBy(view: View, worker: WorkerIdentity): Set<PartitionId> | undefined {
  if (memberOf(view, worker) === undefined) return undefined
  const targets = targetsOf(view)
  const wanted = new Set<PartitionId>()
  view.owners.forEach((owner, partition) => {
    if (owner === worker.name || targets[partition] === worker.name) wanted.add(partition)
  })
  return wanted
}

/** Those of `partitions` that are meant for the worker of this name and not yet its own, ascending. */
export function claimable(view: View, name: string, partitions: readonly PartitionId[]): PartitionId[] {
  const targets = targetsOf(view)
  return partitions
    .filter((partition) => view.owners[partition] !== name && targets[partition] === name)
    .sort((a, b) => a - b)
}
