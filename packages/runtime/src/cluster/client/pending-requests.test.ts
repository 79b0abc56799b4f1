// Requests without an answer, compared with a Map of them.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PendingRequest } from './pending-request.ts'
import { PendingRequests } from './pending-requests.ts'

const waiter = { answered: (): void => {}, failed: (): void => {} }

function requestOf(sequence: number): PendingRequest {
  return new PendingRequest({ session: 's', sequence, calls: [], submittedAt: 0, deadline: 0, waiter })
}

test('it holds what a map would, in whatever order answers come, and whatever sequences were never sent', () => {
  const steps = fc.array(
    fc.oneof(fc.record({ skip: fc.nat(70) }), fc.record({ answered: fc.nat(400) }), fc.constant('add' as const)),
    { maxLength: 800 },
  )
  fc.assert(
    fc.property(steps, (taken) => {
      const [pending, expected] = [new PendingRequests(), new Map<number, PendingRequest>()]
      let next = 1
      for (const step of taken) {
        if (step === 'add') {
          const request = requestOf(next++)
          pending.add(request)
          expected.set(request.sequence, request)
        } else if ('skip' in step) next += step.skip
        else {
          const sequence = next - step.answered
          expect(pending.get(sequence)).toBe(expected.get(sequence))
          expect(pending.delete(sequence)).toBe(expected.delete(sequence))
        }
      }
      expect(pending.count).toBe(expected.size)
      expect([...pending.values()]).toEqual([...expected.values()])
    }),
  )
})

test('a request that waits for long costs places, and no other is lost for it', () => {
  const pending = new PendingRequests()
  pending.add(requestOf(1))
  for (let sequence = 2; sequence <= 10_000; sequence++) {
    pending.add(requestOf(sequence))
    expect(pending.delete(sequence)).toBe(true)
  }
  expect([...pending.values()].map(({ sequence }) => sequence)).toEqual([1])
  expect(pending.get(10_000)).toBeUndefined()
})
