// The parts of the cycle search, against plain versions of themselves on small random inputs: components against mutual
// reachability, sparse real-time edges against all pairs; and a path as long as a history.

import { expect, test } from 'vitest'
import { classify, findCycles } from './cycle-search.ts'
import { allKinds, edgeKinds, EdgeList, type DependencyGraph, type EdgeKind } from './dependency-graph.ts'
import { ok, historyOf, unknown } from './hand-made.ts'
import { addProcessEdges, addRealTimeEdges } from './real-time-order.ts'
import { SeededRandom } from './seeded-random.ts'
import { registers } from './simulated-models.ts'
import { simulate } from './simulated-store.ts'
import { strongComponents } from './strong-components.ts'

const seeds = [1, 2, 3, 4]

function reachability(graph: DependencyGraph, kinds: number): readonly ReadonlySet<number>[] {
  return Array.from({ length: graph.nodes }, (_, from) => {
    const reached = new Set<number>()
    const visit = (node: number): void => {
      for (let edge = graph.starts[node]!; edge < graph.starts[node + 1]!; edge++) {
        const to = graph.to[edge]!
        if ((graph.kind[edge]! & kinds) === 0 || reached.has(to)) continue
        reached.add(to)
        visit(to)
      }
    }
    visit(from)
    return reached
  })
}

test.each(seeds)('components are what can reach each other: seed %i', (seed) => {
  const random = new SeededRandom(seed)
  for (let round = 0; round < 100; round++) {
    const [nodes, edges] = [12, new EdgeList()]
    for (let edge = random.below(24); edge > 0; edge--)
      edges.add(random.below(nodes), random.below(nodes), random.pick(Object.keys(edgeKinds) as EdgeKind[]))
    const graph = edges.toGraph(nodes)
    const kinds = random.pick([allKinds, edgeKinds.ww | edgeKinds.rw])
    const [component, reach] = [strongComponents(graph, kinds), reachability(graph, kinds)]
    for (let a = 0; a < nodes; a++)
      for (let b = 0; b < nodes; b++)
        expect(component[a] === component[b]).toBe(a === b || (reach[a]!.has(b) && reach[b]!.has(a)))
  }
})

test.each(seeds)(
  'sparse real-time edges reach exactly whom all pairs reach, and none is superfluous: seed %i',
  (seed) => {
    const options = { seed, processes: 6, operations: 80, unknown: 0.1, failed: 0.1 }
    const history = simulate(registers(1, 3), options)
    const isIn = ({ outcome }: { readonly outcome: string }): boolean => outcome !== 'failed'
    const edges = new EdgeList()
    addRealTimeEdges(history, isIn, edges)
    const reach = reachability(edges.toGraph(history.length), allKinds)
    let direct = 0
    for (const a of history)
      for (const b of history) {
        const precedes = a.outcome === 'ok' && isIn(b) && a.completedUs < b.invokedUs
        expect(reach[a.index]!.has(b.index)).toBe(precedes)
        const isBetween = (c: (typeof history)[number]): boolean =>
          c.outcome === 'ok' && a.completedUs < c.invokedUs && c.completedUs < b.invokedUs
        if (precedes && !history.some(isBetween)) direct++
      }
    expect(edges.size).toBe(direct)
  },
)

test('a process goes on after an unknown outcome, which precedes nothing', () => {
  const edges = new EdgeList()
  const history = historyOf(ok('a', [0, 1], 'first', null), unknown('a', 2, 'second'), ok('a', [4, 5], 'third', null))
  addProcessEdges(history, () => true, edges)
  const graph = edges.toGraph(3)
  expect([...graph.to]).toEqual([1, 2])
  expect([...graph.starts]).toEqual([0, 2, 2, 2])
})

test('a cycle of a hundred thousand transactions is found and needs no recursion', () => {
  const [nodes, edges] = [100_000, new EdgeList()]
  for (let node = 0; node < nodes; node++) edges.add(node, (node + 1) % nodes, node === 0 ? 'rw' : 'wr')
  const [cycle] = findCycles(edges.toGraph(nodes))
  expect(cycle!.kind).toBe('G-single')
  expect(cycle!.edges).toHaveLength(nodes)
})

test('of several cycles the worst kind is reported, and of that the shortest', () => {
  const edges = new EdgeList()
  const cycle = (kind: EdgeKind, ...nodes: readonly number[]): void =>
    nodes.forEach((node, at) => edges.add(node, nodes[(at + 1) % nodes.length]!, at === 0 ? kind : 'ww'))
  cycle('realtime', 0, 1)
  cycle('rw', 1, 2)
  cycle('wr', 2, 3, 4)
  cycle('wr', 4, 5)
  const found = findCycles(edges.toGraph(6))
  expect(found.map(({ kind, edges: path }) => [kind, path.map(({ from }) => from)])).toEqual([['G1c', [4, 5]]])
})

test('a cycle is named by its edges', () => {
  const named = (...kinds: readonly EdgeKind[]): string =>
    classify(kinds.map((kind) => ({ from: 0, to: 1, kind, evidence: 0 })))
  expect(named('ww', 'ww')).toBe('G0')
  expect(named('ww', 'wr', 'process')).toBe('G1c-process')
  expect(named('rw', 'wr', 'process', 'realtime')).toBe('G-single-realtime')
  expect(named('rw', 'ww', 'rw')).toBe('G2')
})
