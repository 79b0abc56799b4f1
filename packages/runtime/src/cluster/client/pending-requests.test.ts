// Requests without an answer, compared with a Map of them.

import { array, assert, constant, nat, oneof, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { PendingRequest } from './pending-request.ts'
import { PendingRequests } from './pending-requests.ts'

const waiter = { answered: (): void => {}, failed: (): void => {} }

function requestOf(sequence: number): PendingRequest {
  return new PendingRequest({ session: 's', sequence, calls: [], submittedAt: 0, deadline: 0, waiter })
}

/** A request is sent, sequences are left out, or one so far back is answered. */
const step = oneof(record({ skip: nat(70) }), record({ answered: nat(400) }), constant('add' as const))
type Step = 'add' | { readonly skip: number } | { readonly answered: number }

interface Holder {
  readonly add: (request: PendingRequest) => unknown
  readonly get: (sequence: number) => PendingRequest | undefined
  readonly delete: (sequence: number) => boolean
  readonly values: () => Iterable<PendingRequest>
}

// What a holder gives back along the way, and holds at the end.
function history(steps: readonly Step[], holder: Holder): unknown[] {
  const given: unknown[] = []
  let next = 1
  for (const taken of steps) {
    if (taken === 'add') holder.add(requestOf(next++))
    else if ('skip' in taken) next += taken.skip
    else {
      const sequence = next - taken.answered
      given.push(holder.get(sequence)?.sequence, holder.delete(sequence))
    }
  }
  return [...given, Array.from(holder.values(), ({ sequence }) => sequence)]
}

function asMap(): Holder {
  const map = new Map<number, PendingRequest>()
  return {
    add: (request) => map.set(request.sequence, request),
    get: (sequence) => map.get(sequence),
    delete: (sequence) => map.delete(sequence),
    values: () => map.values(),
  }
}

test('it holds what a map would, in whatever order answers come, and whatever sequences were never sent', () => {
  assert(
    property(array(step, { maxLength: 800 }), (steps) => {
      expect(history(steps, new PendingRequests())).toEqual(history(steps, asMap()))
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
  expect(pending.count).toBe(1)
  expect(pending.get(10_000)).toBeUndefined()
})
