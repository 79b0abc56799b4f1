// Whether log positions tell of one serial order that agrees with real time: no two writing operations share a position,
// and whoever was invoked after another had completed has a later position. An operation that only reads may share a
// position with what it sees, so for it an equal position is late enough.

import { describe, type Operation } from './history.ts'
import { Findings, type Verdict } from './verdict.ts'

/** Judges the operations that have a position; `writes` says which may change something. */
export function checkPositionOrder<Recorded extends Operation>(
  operations: readonly Recorded[],
  writes: (operation: Recorded) => boolean,
): Verdict {
  const findings = new Findings()
  const placed = operations.filter(({ position }) => position !== undefined)
  const completed = placed.toSorted((a, b) => a.completedUs - b.completedUs)
  const writerAt = new Map<number, Recorded>()
  let next = 0
  let latest: Recorded | undefined
  for (const operation of placed) {
    const position = operation.position!
    for (; next < completed.length && completed[next]!.completedUs < operation.invokedUs; next++)
      if (latest === undefined || completed[next]!.position! > latest.position!) latest = completed[next]!
    const before = latest
    if (before !== undefined && (before.position! > position || (before.position === position && writes(operation))))
      findings.anomaly('position-against-real-time', () => `${describe(before)} came before ${describe(operation)}`)
    if (!writes(operation)) continue
    const other = writerAt.get(position)
    if (other !== undefined)
      findings.anomaly('position-shared', () => `${describe(other)} and ${describe(operation)} both wrote there`)
    writerAt.set(position, operation)
  }
  return findings.verdict()
}
