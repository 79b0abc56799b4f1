// Real-time order: A comes before B if A was completed before B was invoked. Of its n² pairs only the transitive
// reduction becomes edges, found by a line that sweeps over the times. Process order: what one process did in turn.
//
// The line keeps the frontier: operations that are completed, and that no completed operation was invoked after. Whoever
// is invoked comes after all of the frontier, and by that after everything. Two operations on the frontier overlap, so
// there are never more than processes, and edges are at most operations times processes. Equal times count as overlap.

import type { EdgeList } from './dependency-graph.ts'
import type { Operation } from './history.ts'

/** Adds the real-time edges between the operations, whose nodes are their indices; `included` says which have nodes. */
export function addRealTimeEdges(
  operations: readonly Operation[],
  included: (operation: Operation) => boolean,
  edges: EdgeList,
): void {
  const invoked = operations.filter(included)
  const completed = invoked.filter(({ outcome }) => outcome === 'ok').sort((a, b) => a.completedUs - b.completedUs)
  let frontier: readonly Operation[] = []
  let next = 0
  for (const operation of invoked) {
    while (next < completed.length && completed[next]!.completedUs < operation.invokedUs)
      frontier = advance(frontier, completed[next++]!)
    for (const before of frontier) edges.add(before.index, operation.index, 'realtime')
  }
}

/** Adds an edge from each operation of a process to the next; what is unknown may happen late and precedes nothing. */
export function addProcessEdges(
  operations: readonly Operation[],
  included: (operation: Operation) => boolean,
  edges: EdgeList,
): void {
  const last = new Map<string, number>()
  for (const operation of operations) {
    if (!included(operation)) continue
    const before = last.get(operation.process)
    if (before !== undefined) edges.add(before, operation.index, 'process')
    if (operation.outcome === 'ok') last.set(operation.process, operation.index)
  }
}

function advance(frontier: readonly Operation[], completed: Operation): readonly Operation[] {
  return [...frontier.filter(({ completedUs }) => completedUs >= completed.invokedUs), completed]
}
