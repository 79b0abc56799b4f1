// The conformance suite of the message bus contract (`message-bus.ts`): every implementation passes these tests, each of
// which names the promise it holds. Since any single message may be lost, a test sends until what it waits for is there.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MessageBus } from '../message-bus.ts'

/** One network under test. */
export interface MessageBusFixture {
  /** Connects one more process. */
  connect(): Promise<MessageBus>
  /** Resolves when everything that was sent has arrived or is lost. */
  settle(): Promise<void>
  /** Takes the network down. */
  discard(): Promise<void>
}

interface Listener {
  readonly bus: MessageBus
  readonly received: Uint8Array[]
  readonly unlisten: () => void
}

const roundsMax = 1000

/** Runs the suite against the networks that `create` makes. */
export function testMessageBusConformance(name: string, create: () => Promise<MessageBusFixture>): void {
  describe(`${name} as a message bus`, () => {
    let fixture: MessageBusFixture
    let sender: MessageBus

    beforeEach(async () => {
      fixture = await create()
      sender = await fixture.connect()
    })

    afterEach(async () => await fixture.discard())

    const listener = async (address: string): Promise<Listener> => {
      const bus = await fixture.connect()
      const received: Uint8Array[] = []
      return { bus, received, unlisten: bus.listen(address, (message) => received.push(message)) }
    }

    const sendUntil = async (address: string, message: Uint8Array, done: () => boolean): Promise<void> => {
      for (let round = 0; round < roundsMax && !done(); round++) {
        sender.send(address, message)
        await fixture.settle()
      }
      if (!done()) expect.fail(`A message that was sent ${roundsMax} times did not arrive.`)
    }

    it('M1: a message reaches everyone who listens at its address, and nobody else', async () => {
      const [one, two, other] = [await listener('a.b'), await listener('a.b'), await listener('a.c')]
      await sendUntil('a.b', Uint8Array.of(1), () => one.received.length > 0 && two.received.length > 0)
      expect(other.received).toEqual([])
    })

    it('M1: a bus hears what it sends itself, where it listens', async () => {
      let heard = 0
      sender.listen('a', () => (heard += 1))
      await sendUntil('a', Uint8Array.of(1), () => heard > 0)
      expect(heard).toBeGreaterThan(0)
    })

    it('M1: nothing arrives where nobody listens any more', async () => {
      const [gone, here] = [await listener('a'), await listener('a')]
      await sendUntil('a', Uint8Array.of(1), () => gone.received.length > 0)
      gone.unlisten()
      const before = gone.received.length
      await sendUntil('a', Uint8Array.of(2), () => here.received.some(([byte]) => byte === 2))
      expect(gone.received.slice(before).some(([byte]) => byte === 2)).toBe(false)
    })

    it.each([0, 1, 1000, 100_000, 3_000_000])('M2: a message of %i bytes arrives whole', async (size) => {
      const one = await listener('a')
      const message = bytesOf(size)
      await sendUntil('a', message, () => one.received.length > 0)
      for (const received of one.received) expect(Buffer.compare(received, message)).toBe(0)
    })

    it('M2: what arrives is nobody else’s to change', async () => {
      const [one, two] = [await listener('a'), await listener('a')]
      const message = bytesOf(100)
      await sendUntil('a', message, () => one.received.length > 0 && two.received.length > 0)
      one.received[0]!.fill(0)
      expect(Buffer.compare(message, bytesOf(100))).toBe(0)
      expect(Buffer.compare(two.received[0]!, message)).toBe(0)
    })

    it('M3: many messages of one turn arrive at last, each as it was', async () => {
      const one = await listener('a')
      const missing = new Set(Array.from({ length: 200 }, (_, number) => number))
      for (let round = 0; round < roundsMax && missing.size > 0; round++) {
        for (const number of missing) sender.send('a', Uint8Array.of(number, 255 - number))
        await fixture.settle()
        for (const [number, check] of one.received) {
          expect(check).toBe(255 - number!)
          missing.delete(number!)
        }
      }
      expect([...missing]).toEqual([])
    })

    it('M4: no handler is called from within `send` or `listen`', async () => {
      let within = false
      let entered = false
      const heard: Uint8Array[] = []
      sender.listen('a', (message) => {
        entered ||= within
        heard.push(message)
      })
      for (let round = 0; round < roundsMax && heard.length === 0; round++) {
        within = true
        sender.send('a', Uint8Array.of(1))
        sender.listen('b', () => {})()
        within = false
        await fixture.settle()
      }
      expect([heard.length > 0, entered]).toEqual([true, false])
    })

    it('M5: after `close` nothing arrives and nothing is sent; closing twice is closing once', async () => {
      const [closed, open] = [await listener('a'), await listener('a')]
      await closed.bus.close()
      await closed.bus.close()
      await sendUntil('a', Uint8Array.of(1), () => open.received.length > 0)
      expect(closed.received).toEqual([])
      const before = open.received.length
      closed.bus.send('a', Uint8Array.of(9))
      await sendUntil('a', Uint8Array.of(2), () => open.received.some(([byte]) => byte === 2))
      expect(open.received.slice(before).some(([byte]) => byte === 9)).toBe(false)
    })
  })
}

function bytesOf(size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8)) & 255
  return bytes
}
