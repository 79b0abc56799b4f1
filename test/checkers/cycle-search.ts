// Cycle search: in every component of the dependency graph that has cycles, the worst kind of cycle there is, and the
// shortest one found of that kind. Kinds are Adya's (G. Adya, B. Liskov, P. O'Neil, "Generalized Isolation Level
// Definitions", ICDE 2000), as Elle refines them:
//
//   G0        only ww edges            G-single  exactly one rw edge
//   G1c       ww and wr edges          G2        two rw edges or more
//
// with -process or -realtime if the cycle needs an edge of that kind. Kinds are looked for from the worst on, so when
// one is found, no cycle of an earlier kind exists in the component: a later one needs what its name says.

import { allKinds, edgeKinds, kindOf, subgraph, type DependencyGraph, type Edge } from './dependency-graph.ts'
import { cyclicComponents, strongComponents } from './strong-components.ts'

export interface Cycle {
  readonly kind: string
  /** Each edge starts where the one before it ends, and the first where the last ends. */
  readonly edges: readonly Edge[]
}

const { ww, wr, rw, process, realtime } = edgeKinds

// A cycle of a kind consists of an anchor and a path back along edges of `path`.
const kinds = [0, process, process | realtime].flatMap((order) => [
  { anchor: ww, path: ww | order },
  { anchor: wr, path: ww | wr | order },
  { anchor: rw, path: ww | wr | order },
  { anchor: rw, path: ww | wr | rw | order },
])

/** When this many edges were followed in one component for one kind, the shortest cycle so far must do. */
const edgesFollowedMax = 20_000_000

/** One cycle for each component that has any. */
export function findCycles(graph: DependencyGraph): readonly Cycle[] {
  return cyclicComponents(graph, allKinds).map((nodes) => worstCycle(subgraph(graph, nodes), nodes))
}

function worstCycle(graph: DependencyGraph, names: readonly number[]): Cycle {
  for (const { anchor, path } of kinds) {
    const edges = shortestCycle(graph, anchor, path)
    if (edges === undefined) continue
    const named = edges.map(({ from, to, kind, evidence }) => ({ from: names[from]!, to: names[to]!, kind, evidence }))
    return { kind: classify(named), edges: named }
  }
  throw new Error('a component without a cycle: process and real-time edges alone must not close one')
}

/** What a cycle is called, from its edges alone. */
export function classify(edges: readonly Edge[]): string {
  const has = (kind: Edge['kind']): boolean => edges.some((edge) => edge.kind === kind)
  const antidependencies = edges.filter(({ kind }) => kind === 'rw').length
  const written = has('wr') ? 'G1c' : 'G0'
  const data = antidependencies === 0 ? written : antidependencies === 1 ? 'G-single' : 'G2'
  if (has('realtime')) return `${data}-realtime`
  return has('process') ? `${data}-process` : data
}

function shortestCycle(graph: DependencyGraph, anchor: number, pathKinds: number): readonly Edge[] | undefined {
  const search = new PathSearch(graph, pathKinds)
  const component = strongComponents(graph, anchor | pathKinds)
  let shortest: readonly Edge[] | undefined
  for (let from = 0; from < graph.nodes; from++) {
    for (let edge = graph.starts[from]!; edge < graph.starts[from + 1]!; edge++) {
      const to = graph.to[edge]!
      if (graph.kind[edge] !== anchor || component[to] !== component[from]) continue
      const path = search.shortest(to, from, (shortest?.length ?? Infinity) - 2)
      if (path === undefined) continue
      shortest = [edgeAt(graph, from, edge), ...path]
      if (shortest.length === 2 || search.edgesFollowed > edgesFollowedMax) return shortest
    }
    if (search.edgesFollowed > edgesFollowedMax) return shortest
  }
  return shortest
}

/** Breadth first, again and again in the same arrays. */
class PathSearch {
  edgesFollowed = 0
  readonly #graph: DependencyGraph
  readonly #kinds: number
  readonly #seenInRound: Int32Array
  readonly #cameBy: Int32Array
  readonly #cameFrom: Int32Array
  readonly #queue: Int32Array
  #round = 0

  constructor(graph: DependencyGraph, kindsAllowed: number) {
    this.#graph = graph
    this.#kinds = kindsAllowed
    this.#seenInRound = new Int32Array(graph.nodes)
    this.#cameBy = new Int32Array(graph.nodes)
    this.#cameFrom = new Int32Array(graph.nodes)
    this.#queue = new Int32Array(graph.nodes)
  }

  /** The shortest path of at most `lengthMax` edges. */
  shortest(from: number, to: number, lengthMax: number): readonly Edge[] | undefined {
    this.#round++
    this.#seenInRound[from] = this.#round
    this.#queue[0] = from
    let [head, tail, levelEnd, length] = [0, 1, 1, 0]
    while (head < tail && length < lengthMax) {
      tail = this.#follow(this.#queue[head++]!, tail)
      if (this.#seenInRound[to] === this.#round) return this.#pathTo(to, from)
      if (head < levelEnd) continue
      levelEnd = tail
      length++
    }
    return undefined
  }

  // Enters the targets of a node's edges that have not been seen into the queue; answers its new end.
  #follow(node: number, end: number): number {
    const { starts, to, kind } = this.#graph
    let tail = end
    for (let edge = starts[node]!; edge < starts[node + 1]!; edge++) {
      this.edgesFollowed++
      const target = to[edge]!
      if ((kind[edge]! & this.#kinds) === 0 || this.#seenInRound[target] === this.#round) continue
      this.#seenInRound[target] = this.#round
      this.#cameBy[target] = edge
      this.#cameFrom[target] = node
      this.#queue[tail++] = target
    }
    return tail
  }

  #pathTo(to: number, from: number): readonly Edge[] {
    const edges: Edge[] = []
    for (let node = to; node !== from; node = this.#cameFrom[node]!)
      edges.push(edgeAt(this.#graph, this.#cameFrom[node]!, this.#cameBy[node]!))
    return edges.toReversed()
  }
}

function edgeAt(graph: DependencyGraph, from: number, edge: number): Edge {
  return { from, to: graph.to[edge]!, kind: kindOf(graph, edge), evidence: graph.evidence[edge]! }
}
