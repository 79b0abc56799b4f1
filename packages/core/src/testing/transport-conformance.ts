// The conformance suite of the transport contract (`transport.ts`): every implementation passes these tests, each of
// which names the promise it holds. Since any single message may be lost, a test sends until what it waits for is there.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodePeerMessage, type PeerMessage } from '../peer-message.ts'
import { positionOf } from '../position.ts'
import { Packed } from '../packed.ts'
import { actorRef } from '../transaction.ts'
import type { Transport } from '../transport.ts'

/** One network under test. */
export interface TransportFixture {
  /** Connects one more worker. */
  connect(): Promise<Transport>
  /** Resolves when everything that was sent has arrived or is lost. */
  settle(): Promise<void>
  /** Takes the network down. */
  discard(): Promise<void>
}

const roundsMax = 1000
const position = positionOf(7, 3)
const ref = actorRef('Account', 'äda/1')
const address = { position, from: 1, to: 2 }

const messages: readonly PeerMessage[] = [
  { ...address, kind: 'vote', vote: { kind: 'commit', results: [1, -0, 'x', undefined, new Packed(bytesOf(100))] } },
  { ...address, kind: 'vote', vote: { kind: 'void' } },
  { ...address, kind: 'vote', vote: { kind: 'fail', failure: { kind: 'missed', operation: 3, ref, mode: 'read' } } },
  { ...address, kind: 'values', records: [{ ref, bytes: bytesOf(8 * 1024 * 1024) }] },
  { ...address, kind: 'result', records: [{ ref, bytes: undefined }] },
  { ...address, kind: 'fetch', ref },
]

/** Runs the suite against the networks that `create` makes. */
export function testTransportConformance(name: string, create: () => Promise<TransportFixture>): void {
  describe(`${name} as a transport`, () => {
    let fixture: TransportFixture
    let sender: Transport

    beforeEach(async () => {
      fixture = await create()
      sender = await fixture.connect()
    })

    afterEach(async () => await fixture.discard())

    const listener = async (...partitions: number[]): Promise<Listener> => {
      const transport = await fixture.connect()
      const received: PeerMessage[] = []
      transport.onMessage((message) => received.push(message))
      transport.listen(partitions)
      return { transport, received }
    }

    const sendUntil = async (message: PeerMessage, done: () => boolean): Promise<void> => {
      for (let round = 0; round < roundsMax && !done(); round++) {
        sender.send(message)
        await fixture.settle()
      }
      if (!done()) expect.fail(`A message that was sent ${roundsMax} times did not arrive.`)
    }

    it('X1: a message reaches the worker that listens for its destination, and no other', async () => {
      const [one, two] = [await listener(0, 1), await listener(2)]
      await sendUntil(messages[0]!, () => two.received.length > 0)
      expect(one.received).toEqual([])
    })

    it('X1: a question goes the other way, to the worker of the partition it asks', async () => {
      const [one, two] = [await listener(1), await listener(2)]
      await sendUntil({ ...address, kind: 'ask' }, () => one.received.length > 0)
      expect(two.received).toEqual([])
    })

    it('X1: a worker listens for what it was told last', async () => {
      const { transport, received } = await listener(2)
      transport.listen([1])
      await fixture.settle()
      for (let round = 0; round < 20; round++) sender.send(messages[5]!)
      await fixture.settle()
      expect(received).toEqual([])
      transport.listen([1, 2])
      await sendUntil(messages[5]!, () => received.length > 0)
    })

    it('X1: a worker can tell itself', async () => {
      const { transport, received } = await listener(2)
      sender = transport
      await sendUntil(messages[5]!, () => received.length > 0)
      expect(received[0]).toEqual(messages[5])
    })

    it('X2: every kind of message arrives as it was sent, small or large', async () => {
      const { received } = await listener(2)
      for (const message of messages) {
        received.length = 0
        await sendUntil(message, () => received.length > 0)
        expect(Buffer.compare(encodePeerMessage(received[0]!), encodePeerMessage(message))).toBe(0)
      }
    })

    it('X2: what the sender does to its bytes afterwards changes nothing', async () => {
      const { received } = await listener(2)
      const given = bytesOf(64)
      for (let round = 0; round < roundsMax && received.length === 0; round++) {
        given.set(bytesOf(64))
        sender.send({ ...address, kind: 'values', records: [{ ref, bytes: given }] })
        given.fill(255)
        await fixture.settle()
      }
      expect(received[0]).toEqual({ ...address, kind: 'values', records: [{ ref, bytes: bytesOf(64) }] })
    })

    it('X4: nobody is called from within send', async () => {
      const { transport, received } = await listener(2)
      let sending = false
      transport.onMessage((message) => {
        expect(sending).toBe(false)
        received.push(message)
        if (received.length > 3) return
        sending = true
        transport.send(messages[5]!)
        sending = false
      })
      await sendUntil(messages[5]!, () => received.length > 3)
    })

    it('X5: after close nothing arrives, sending is ignored, and closing again is fine', async () => {
      const [one, two] = [await listener(2), await listener(2)]
      await sendUntil(messages[5]!, () => one.received.length > 0 && two.received.length > 0)
      await one.transport.close()
      await one.transport.close()
      one.received.length = 0
      two.received.length = 0
      one.transport.send({ ...address, kind: 'vote', vote: { kind: 'void' } })
      await sendUntil(messages[5]!, () => two.received.length > 0)
      expect(one.received).toEqual([])
      expect(two.received.some((message) => message.kind === 'vote')).toBe(false)
    })
  })
}

interface Listener {
  readonly transport: Transport
  readonly received: PeerMessage[]
}

function bytesOf(length: number): Uint8Array {
  return new Uint8Array(length).map((_, index) => (index * 31) & 0xff)
}
