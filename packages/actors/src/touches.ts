// Declared footprints: what a message's `touches` function may return, and how a call's footprint is read from it.

import { type ActorRef, type Call, limits, StreamyError, type Touch } from '@streamy-db/core'
import type { ActorDefinition, ActorLookup, HandlerDefinition, TouchScope } from './actor-definition.ts'
import { actorRefOf } from './actor-key.ts'
import { unpackArguments } from './argument-schema.ts'

/** Declares that a message only reads the actor, so that others may read it at the same time. */
export function reads(ref: ActorRef): Touch {
  return { ref, mode: 'read' }
}

/** The other actors that a call declares, each once, in the order named; written ones win over read ones. */
export function touchesOf(
  lookup: ActorLookup,
  definition: ActorDefinition,
  handler: HandlerDefinition,
  call: Call,
): readonly Touch[] {
  if (handler.touches === undefined) return []
  const scope: TouchScope = {
    key: call.ref.key,
    actor: (type, key) => actorRefOf(lookup.find(type).name, key),
  }
  // The decorator has checked that the function takes what the method takes.
  const touched: unknown = handler.touches(scope, ...(unpackArguments(call.args) as never[]))
  if (!Array.isArray(touched)) throw invalid(handler, 'did not return a list')
  const found = new Map<string, Touch>()
  for (const item of touched as readonly unknown[]) {
    const touch = touchFrom(handler, item)
    if (touch.ref.id === call.ref.id || found.get(touch.ref.id)?.mode === 'write') continue
    found.set(touch.ref.id, touch)
  }
  if (found.size > limits.touchesPerTransactionMax) throw tooMany(definition, handler, found.size)
  return [...found.values()]
}

function touchFrom(handler: HandlerDefinition, item: unknown): Touch {
  if (typeof item === 'object' && item !== null) {
    // References and touches are made by `TouchScope` and `reads`; anything else lacks their members.
    const { ref, mode, type, key, id } = item as Partial<Touch & ActorRef>
    if (ref !== undefined && mode !== undefined) return { ref, mode }
    if (type !== undefined && key !== undefined && id !== undefined) return { ref: { type, key, id }, mode: 'write' }
  }
  throw invalid(handler, 'named something that is no reference')
}

function invalid(handler: HandlerDefinition, problem: string): StreamyError {
  return new StreamyError(
    'TRANSACTION_INVALID',
    `touches of ${handler.label} ${problem}. Return a list of self.actor(Type, key) and reads(self.actor(Type, key)).`,
  )
}

function tooMany(definition: ActorDefinition, handler: HandlerDefinition, count: number): StreamyError {
  return new StreamyError(
    'TRANSACTION_INVALID',
    `touches of ${handler.label} names ${count} actors, above the limit of ${limits.touchesPerTransactionMax}. ` +
      `Split the message of ${definition.name}, or tell the others.`,
  )
}
