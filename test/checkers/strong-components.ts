// Strongly connected components by Tarjan's algorithm (SIAM Journal on Computing 1(2), 1972), with a stack of its own
// instead of recursion, since a path may be as long as the history.

import type { DependencyGraph } from './dependency-graph.ts'

/** For each node the number of its component, looking only at edges of `kinds`. */
export function strongComponents(graph: DependencyGraph, kinds: number): Int32Array {
  const { nodes, starts, to, kind } = graph
  const component = new Int32Array(nodes).fill(-1)
  // 0 is not visited yet. A node's lowest is the earliest visited node known to be reachable from it and on the stack.
  const visited = new Int32Array(nodes)
  const lowest = new Int32Array(nodes)
  const nextEdge = starts.slice(0, nodes)
  const path = new Int32Array(nodes)
  const stack = new Int32Array(nodes)
  let [pathLength, stackLength, visits, components] = [0, 0, 0, 0]

  const enter = (node: number): void => {
    visited[node] = lowest[node] = ++visits
    path[pathLength++] = stack[stackLength++] = node
  }
  const leave = (node: number): void => {
    pathLength--
    if (lowest[node] === visited[node]) {
      let member: number
      do component[(member = stack[--stackLength]!)] = components
      while (member !== node)
      components++
    }
    if (pathLength === 0) return
    const parent = path[pathLength - 1]!
    lowest[parent] = Math.min(lowest[parent]!, lowest[node]!)
  }

  const endOfPath = (): number => (pathLength === 0 ? -1 : path[pathLength - 1]!)

  for (let root = 0; root < nodes; root++) {
    if (visited[root] !== 0) continue
    enter(root)
    for (let node = root; node >= 0; node = endOfPath()) {
      if (nextEdge[node] === starts[node + 1]) {
        leave(node)
        continue
      }
      const edge = nextEdge[node]!++
      if ((kind[edge]! & kinds) === 0) continue
      const target = to[edge]!
      if (visited[target] === 0) enter(target)
      else if (component[target] === -1) lowest[node] = Math.min(lowest[node]!, visited[target]!)
    }
  }
  return component
}

/** The components of more than one node: where the cycles are. Each lists its nodes in ascending order. */
export function cyclicComponents(graph: DependencyGraph, kinds: number): readonly (readonly number[])[] {
  const component = strongComponents(graph, kinds)
  const sizes = new Int32Array(graph.nodes)
  for (const number of component) sizes[number]!++
  const members = new Map<number, number[]>()
  for (const [node, number] of component.entries()) {
    if (sizes[number]! < 2) continue
    const list = members.get(number)
    if (list === undefined) members.set(number, [node])
    else list.push(node)
  }
  return [...members.values()]
}
