// The list-append checker: whether transactions of appends and reads were strictly serializable. It follows Elle:
// K. Kingsbury, P. Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", PVLDB 14(3), 2020.
//
// Since a list shows its whole past, the reads give away the order of versions of every key, and with it who depended on
// whom. A history is strictly serializable if those dependencies, together with the order of real time, have no cycle.
// What is not checked here: log positions (list-append-positions.ts).

import { findCycles, type Cycle } from './cycle-search.ts'
import { EdgeList } from './dependency-graph.ts'
import type { Operation } from './history.ts'
import { findInKey, findInternal } from './list-append-anomalies.ts'
import { VersionEdges } from './list-append-edges.ts'
import { indexByKey } from './list-append-index.ts'
import { edgeInWords, transactionInWords } from './list-append-words.ts'
import { addProcessEdges, addRealTimeEdges } from './real-time-order.ts'
import { Findings, type Verdict } from './verdict.ts'
import type { ListAppendOperation } from './workloads.ts'

/** Judges a history; operation n of it has the index n. */
export function checkListAppend(operations: readonly ListAppendOperation[]): Verdict {
  const findings = new Findings()
  const keys = indexByKey(operations)
  findInternal(operations, findings)
  for (const key of keys) findInKey(key, operations, findings)

  const seen = new Set(keys.flatMap(({ appends, order }) => order.map((value) => appends.get(value)?.writer)))
  // A transaction with an unknown outcome of which nobody has seen anything may not have happened.
  const happened = ({ outcome, index }: Operation): boolean =>
    outcome === 'ok' || (outcome === 'unknown' && seen.has(index))
  const edges = new EdgeList()
  const versions = new VersionEdges(keys)
  versions.addTo(edges, operations, happened)
  addProcessEdges(operations, happened, edges)
  addRealTimeEdges(operations, happened, edges)
  for (const cycle of findCycles(edges.toGraph(operations.length)))
    findings.anomaly(cycle.kind, () => explain(cycle, operations, versions))
  return findings.verdict()
}

function explain({ edges }: Cycle, operations: readonly ListAppendOperation[], versions: VersionEdges): string {
  return [
    `${edges.length} transactions each come before the next, and the last before the first:`,
    ...edges.map(({ from }) => `  ${transactionInWords(operations[from]!)}`),
    ...edges.map((edge) => `  ${edgeInWords(edge, operations, () => versions.groundOf(edge.evidence))}`),
  ].join('\n')
}
