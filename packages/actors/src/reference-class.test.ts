// References: one method a handler, one small object a reference, and never a promise.

import { expect, test } from 'vitest'
import {
  Actor,
  ActorRegistry,
  actorRefOf,
  dynamicReference,
  referenceClass,
  referredActor,
  registerActor,
} from './index.ts'

class Sequence extends Actor {
  next = 1
  getNextId(): number {
    return this.next++
  }
  peek(): number {
    return this.next
  }
}
registerActor(Sequence, { messages: { getNextId: {} }, queries: { peek: {} } })

test('a reference sends each handler with its definition, its actor and its context', () => {
  const definition = new ActorRegistry([Sequence]).find(Sequence)
  const Reference = referenceClass<string>(definition.handlers.values(), (context, ref, handler, args) => [
    context,
    ref.id,
    handler.kind,
    handler.name,
    args,
  ])
  const ref = actorRefOf('Sequence', 'a')
  const reference = new Reference('client', ref) as unknown as Record<
    'getNextId' | 'peek',
    (...args: unknown[]) => unknown
  >
  expect(reference.getNextId(1, 2)).toEqual(['client', 'Sequence/a', 'message', 'getNextId', [1, 2]])
  expect(reference.peek()).toEqual(['client', 'Sequence/a', 'query', 'peek', []])
  expect(referredActor(reference)).toBe(ref)
  expect(referredActor({})).toBe(undefined)
  expect('then' in reference).toBe(false)
  expect(reference.getNextId.name).toBe('getNextId')
})

test('a dynamic reference sends whatever is called on it, and can be awaited without being a promise', async () => {
  const sent: unknown[] = []
  const reference = dynamicReference(actorRefOf('T', 'a'), (ref, name, args) => sent.push([ref.id, name, args])) as {
    deposit(amount: number): void
    then?: unknown
  }
  expect(await Promise.resolve(reference)).toBe(reference)
  reference.deposit(5)
  expect(sent).toEqual([['T/a', 'deposit', [5]]])
  expect(reference.then).toBe(undefined)
  expect(() => ((reference as { x?: number }).x = 1)).toThrow(TypeError)
})
