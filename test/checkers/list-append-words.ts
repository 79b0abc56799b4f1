// How explanations speak of list-append transactions, their values and the edges between them.

import type { Edge } from './dependency-graph.ts'
import type { ListAppendOperation, Value } from './workloads.ts'

const listShownMax = 12

/** A transaction with its process, its times and all it did. */
export function transactionInWords(operation: ListAppendOperation): string {
  const { index, process, invokedUs, completedUs, outcome, position } = operation
  const parts = operation.call.map((part, at) => {
    if (part[0] === 'append') return `append ${part[1]} ${part[2]}`
    return outcome === 'ok' ? `read ${part[1]} → ${listInWords(operation.reply[at] ?? [])}` : `read ${part[1]}`
  })
  const until = outcome === 'unknown' ? 'unknown' : `${completedUs} µs`
  const end = outcome === 'failed' ? `${until}, failed` : until
  const where = position === undefined ? '' : `, position ${position}`
  return `T${index} (process ${process}, ${invokedUs} µs to ${end}${where}): ${parts.join(', ')}`
}

/** A list, its middle left out when it is long. */
export function listInWords(list: readonly Value[]): string {
  if (list.length <= listShownMax) return `[${list.join(' ')}]`
  const half = listShownMax / 2
  return `[${list.slice(0, half).join(' ')} … ${list.slice(-half).join(' ')}, ${list.length} in all]`
}

/** Which value of which key an edge rests on, and the one before it in the order of versions. */
export interface Ground {
  readonly key: string
  /** Undefined for a value that no read has seen. */
  readonly value: Value | undefined
  readonly previous: Value | undefined
}

/** Why an edge is there. */
export function edgeInWords(
  { from, to, kind }: Edge,
  operations: readonly ListAppendOperation[],
  groundOf: () => Ground,
): string {
  const [earlier, later] = [operations[from]!, operations[to]!]
  if (kind === 'process') return `T${from} before T${to}: process ${earlier.process} did one after the other (process)`
  if (kind === 'realtime')
    return (
      `T${from} before T${to}: completed at ${earlier.completedUs} µs, before the other was invoked at ` +
      `${later.invokedUs} µs (realtime)`
    )
  const { key, value, previous } = groundOf()
  if (kind === 'wr') return `T${from} before T${to}: T${to} read ${value} from ${key}, which T${from} appended (wr)`
  const appended = value === undefined ? 'what no read has seen' : String(value)
  if (kind === 'ww')
    return `T${from} before T${to}: T${to} appended ${appended} to ${key} after T${from} had appended ${previous} (ww)`
  return `T${from} before T${to}: T${from} read ${key} without ${appended}, which T${to} appended (rw)`
}
