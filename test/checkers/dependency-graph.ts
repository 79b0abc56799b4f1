// The graph of dependencies between transactions, in flat arrays, since a million transactions have tens of millions of
// edges. Knows kinds of edges but not why one is there: that is the evidence number, which its maker can read.

/** Kinds of edges, as bits, so that a set of kinds is a number. */
export const edgeKinds = { ww: 1, wr: 2, rw: 4, process: 8, realtime: 16 } as const
export type EdgeKind = keyof typeof edgeKinds
export const allKinds = 31

export interface Edge {
  readonly from: number
  readonly to: number
  readonly kind: EdgeKind
  readonly evidence: number
}

/** Edges as they are found. */
export class EdgeList {
  #from = new Int32Array(1024)
  #to = new Int32Array(1024)
  #kind = new Uint8Array(1024)
  #evidence = new Int32Array(1024)
  #size = 0

  get size(): number {
    return this.#size
  }

  add(from: number, to: number, kind: EdgeKind, evidence = 0): void {
    if (this.#size === this.#from.length) this.#grow()
    this.#from[this.#size] = from
    this.#to[this.#size] = to
    this.#kind[this.#size] = edgeKinds[kind]
    this.#evidence[this.#size++] = evidence
  }

  /** Edges by where they start, each node's in the order in which they were added. */
  toGraph(nodes: number): DependencyGraph {
    const starts = new Int32Array(nodes + 1)
    for (let edge = 0; edge < this.#size; edge++) starts[this.#from[edge]! + 1]!++
    for (let node = 0; node < nodes; node++) starts[node + 1]! += starts[node]!
    const next = starts.slice()
    const [to, kind] = [new Int32Array(this.#size), new Uint8Array(this.#size)]
    const evidence = new Int32Array(this.#size)
    for (let edge = 0; edge < this.#size; edge++) {
      const place = next[this.#from[edge]!]!++
      to[place] = this.#to[edge]!
      kind[place] = this.#kind[edge]!
      evidence[place] = this.#evidence[edge]!
    }
    return { nodes, starts, to, kind, evidence }
  }

  #grow(): void {
    const size = this.#size * 2
    this.#from = grown(new Int32Array(size), this.#from)
    this.#to = grown(new Int32Array(size), this.#to)
    this.#kind = grown(new Uint8Array(size), this.#kind)
    this.#evidence = grown(new Int32Array(size), this.#evidence)
  }
}

/** The edges of node n are those from `starts[n]` up to `starts[n + 1]`. */
export interface DependencyGraph {
  readonly nodes: number
  readonly starts: Int32Array
  readonly to: Int32Array
  /** One bit of `edgeKinds` each. */
  readonly kind: Uint8Array
  readonly evidence: Int32Array
}

/** The part of a graph between some of its nodes, which are numbered anew in the order given. */
export function subgraph(graph: DependencyGraph, nodes: readonly number[]): DependencyGraph {
  const renumbered = new Map(nodes.map((node, index) => [node, index]))
  const edges = new EdgeList()
  for (const [index, node] of nodes.entries()) {
    for (let edge = graph.starts[node]!; edge < graph.starts[node + 1]!; edge++) {
      const to = renumbered.get(graph.to[edge]!)
      if (to !== undefined) edges.add(index, to, kindOf(graph, edge), graph.evidence[edge]!)
    }
  }
  return edges.toGraph(nodes.length)
}

export function kindOf(graph: DependencyGraph, edge: number): EdgeKind {
  const bit = graph.kind[edge]!
  // The object's keys are what EdgeKind lists.
  return (Object.keys(edgeKinds) as EdgeKind[]).find((kind) => edgeKinds[kind] === bit)!
}

function grown<Numbers extends Int32Array | Uint8Array>(larger: Numbers, from: Numbers): Numbers {
  larger.set(from)
  return larger
}
