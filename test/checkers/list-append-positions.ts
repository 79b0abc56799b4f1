// A sharper look at a list-append history whose replies carry log positions: the positions claim one serial order, and
// every read must show exactly what had been appended up to its position. Values of unknown transactions are passed over,
// since nobody knows their positions; list-append.ts judges them.

import { describe } from './history.ts'
import { indexByKey, type KeyHistory, type Read } from './list-append-index.ts'
import { listInWords } from './list-append-words.ts'
import { checkPositionOrder } from './position-order.ts'
import { Findings, combine, type Verdict } from './verdict.ts'
import type { ListAppendOperation } from './workloads.ts'

/** Judges the operations that have a position. */
export function checkListAppendPositions(operations: readonly ListAppendOperation[]): Verdict {
  const findings = new Findings()
  for (const key of indexByKey(operations)) checkKey(key, operations, findings)
  const writes = ({ call }: ListAppendOperation): boolean => call.some(([name]) => name === 'append')
  return combine([checkPositionOrder(operations, writes), findings.verdict()])
}

function checkKey(key: KeyHistory, operations: readonly ListAppendOperation[], findings: Findings): void {
  const positionOf = (writer: number): number | undefined => operations[writer]!.position
  const positions = [...key.appends.values()]
    .map(({ writer }) => positionOf(writer))
    .filter((position) => position !== undefined)
    .sort((a, b) => a - b)
  const writers = new Set([...key.appends.values()].map(({ writer }) => writer))
  for (const read of key.reads) {
    const position = positionOf(read.reader)
    if (position === undefined) continue
    // A transaction that appends has its position for itself; one that only reads sees what was appended at its own.
    const wanted = upTo(positions, writers.has(read.reader) ? position - 1 : position)
    const problem = problemOf(key, read, position, wanted, positionOf)
    if (problem === undefined) continue
    findings.anomaly(
      'read-off-position',
      () => `${describe(operations[read.reader]!)} read ${key.key} as ${listInWords(read.list)}: ${problem}`,
    )
  }
}

function problemOf(
  { appends }: KeyHistory,
  { reader, list }: Read,
  position: number,
  wanted: number,
  positionOf: (writer: number) => number | undefined,
): string | undefined {
  let [last, count] = [-Infinity, 0]
  for (const value of list) {
    const append = appends.get(value)
    const at = append === undefined ? undefined : positionOf(append.writer)
    if (append === undefined || at === undefined || append.writer === reader) continue
    if (at > position) return `${value} was appended later, at position ${at}`
    if (at < last) return `${value}, appended at position ${at}, is behind a value of position ${last}`
    last = at
    count++
  }
  return count === wanted ? undefined : `${wanted} values of known position had been appended, and ${count} are in it`
}

function upTo(sorted: readonly number[], position: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! <= position) low = middle + 1
    else high = middle
  }
  return low
}
