// The memory bus, good and bad, passes the conformance suite, and so does the transport over it.

import type { Transport } from '../transport.ts'
import { PeerTransport } from '../peer-transport.ts'
import { MemoryBusNetwork } from './memory-bus.ts'
import type { BusFaults } from './memory-bus.ts'
import { testMessageBusConformance } from './message-bus-conformance.ts'
import { testTransportConformance } from './transport-conformance.ts'

const bad: BusFaults = { loss: 0.3, repeat: 0.3, reorder: true }

for (const [name, faults] of [
  ['The memory bus', {}],
  ['A bad memory bus', bad],
] as const) {
  testMessageBusConformance(name, async () => {
    const network = new MemoryBusNetwork(name, faults)
    return { connect: async () => network.connect(), settle: async () => settle(network), discard: async () => {} }
  })

  testTransportConformance(`${name} with peers`, async () => {
    const network = new MemoryBusNetwork(name, faults)
    const connect = async (): Promise<Transport> => new PeerTransport(network.connect(), 'db')
    return { connect, settle: async () => settle(network), discard: async () => {} }
  })
}

function settle(network: MemoryBusNetwork): void {
  while (network.pending > 0) network.run()
}
