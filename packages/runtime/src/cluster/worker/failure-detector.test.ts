// Which workers a failure detector suspects, over a clock and a bus that the test drives.

import { firstView } from '@streamy-db/core'
import type { MessageBus, View, WorkerIdentity } from '@streamy-db/core'
import { expect, test } from 'vitest'
import { ManualClock } from '../../manual-clock.ts'
import { FailureDetector } from './failure-detector.ts'

const one: WorkerIdentity = { name: 'one', incarnation: 'a' }
const two: WorkerIdentity = { name: 'two', incarnation: 'b' }

/** A bus on which everybody hears everything at once. */
function echoBus(): MessageBus {
  const handlers = new Set<(message: Uint8Array) => void>()
  return {
    send: (_address, bytes) => {
      for (const handler of handlers) handler(bytes)
    },
    listen: (_address, handler) => {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
    close: async () => {},
  }
}

function viewWith(phase: View['members'][number]['phase']): View {
  const members = [
    { ...one, phase: 'ready' as const },
    { ...two, phase },
  ]
  return { ...firstView(4, 'code'), number: 3, members }
}

function suspectsAfter(ms: number, phase: View['members'][number]['phase']): readonly string[] {
  const clock = new ManualClock(1_000_000)
  const suspects: string[] = []
  const detector = new FailureDetector({
    bus: echoBus(),
    clock,
    address: 'heartbeats',
    worker: one,
    heartbeatMs: 100,
    evictAfterMs: 1000,
    view: () => viewWith(phase),
    onSilent: ({ name }) => void suspects.push(name),
  })
  for (let passed = 0; passed < ms; passed += 100) clock.advance(100)
  detector.stop()
  return suspects
}

test('a worker that is ready and silent is suspected once', () => {
  expect(suspectsAfter(900, 'ready')).toEqual([])
  expect(suspectsAfter(3000, 'ready')).toEqual(['two'])
})

test('H3: a worker that joins has more time, and is suspected in the end', () => {
  expect(suspectsAfter(4000, 'joining')).toEqual([])
  expect(suspectsAfter(8000, 'joining')).toEqual(['two'])
})
