// The memory network passes the transport's conformance suite, good or bad; and bad means what it says.

import { expect, it } from 'vitest'
import type { PeerMessage } from '../peer-message.ts'
import { MemoryNetwork, type NetworkFaults } from './memory-transport.ts'
import { testTransportConformance } from './transport-conformance.ts'

const faults: readonly (readonly [name: string, faults: NetworkFaults])[] = [
  ['a good MemoryNetwork', {}],
  ['a bad MemoryNetwork', { loss: 0.5, repeat: 0.5, reorder: true }],
]

for (const [name, bad] of faults)
  testTransportConformance(name, async () => {
    const network = new MemoryNetwork('conformance', bad)
    return {
      connect: async () => network.connect(),
      settle: async () => network.run(),
      discard: async () => {},
    }
  })

it('loses, repeats and reorders as told, and the same way for the same seed', () => {
  const lossy = arrivals({ loss: 0.5 })
  expect(lossy.length).toBeGreaterThan(20)
  expect(lossy.length).toBeLessThan(80)
  expect(lossy).toEqual([...lossy].sort((a, b) => a - b))
  expect(arrivals({ repeat: 0.5 }).length).toBeGreaterThan(120)
  const reordered = arrivals({ reorder: true })
  expect(reordered).not.toEqual(arrivals({}))
  expect([...reordered].sort((a, b) => a - b)).toEqual(arrivals({}))
  expect(arrivals({ loss: 0.3, repeat: 0.3, reorder: true })).toEqual(
    arrivals({ loss: 0.3, repeat: 0.3, reorder: true }),
  )
})

function arrivals(bad: NetworkFaults): number[] {
  const network = new MemoryNetwork('seed', bad)
  const [sender, receiver] = [network.connect(), network.connect()]
  const received: PeerMessage[] = []
  receiver.onMessage((message) => received.push(message))
  receiver.listen([2])
  for (let position = 1; position <= 100; position++)
    sender.send({ position, from: 1, to: 2, kind: 'vote', vote: { kind: 'void' } })
  network.run()
  return received.map(({ position }) => position)
}
