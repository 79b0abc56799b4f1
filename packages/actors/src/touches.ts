// Declared footprints: what a message's `touches` function may return, and how a call's footprint is read from it.

import {
  type ActorRef,
  type Call,
  FootprintBuilder,
  limits,
  sameActor,
  StreamyError,
  type Touch,
} from '@streamy-db/core'
import type { ActorDefinition, ActorLookup, HandlerDefinition, TouchScope } from './actor-definition.ts'
import { actorRefOf } from './actor-key.ts'
import { unpackArguments } from './argument-schema.ts'
import { notDeterministic } from './guarded-property.ts'
import { type HandlerScope, type HandlerSource, running } from './running.ts'

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
  const touched = runTouches(handler, handler.touches, scope, call)
  if (!Array.isArray(touched)) throw invalid(handler, 'did not return a list')
  const others = new FootprintBuilder(touched.length)
  for (const item of touched as readonly unknown[]) {
    const { ref, mode } = touchFrom(handler, item)
    if (!sameActor(ref, call.ref)) others.add(ref, mode)
  }
  const { touches } = others
  if (touches.length > limits.touchesPerTransactionMax) throw tooMany(definition, handler, touches.length)
  return touches
}

// It runs like a handler that has arguments and nothing else: clocks and randomness are refused.
function runTouches(
  handler: HandlerDefinition,
  touches: NonNullable<HandlerDefinition['touches']>,
  self: TouchScope,
  call: Call,
): unknown {
  const { scope } = running
  const args = unpackArguments(call.args)
  running.scope = new TouchesRun(handler, call.ref)
  try {
    // The decorator has checked that the function takes what the method takes.
    return touches(self, ...(args as never[]))
  } finally {
    running.scope = scope
  }
}

/** A `touches` function that runs. It is made for every call of a client, so it is one object without closures. */
class TouchesRun implements HandlerScope, HandlerSource {
  readonly ref: ActorRef
  readonly access = 'construct'
  readonly position = 0
  readonly #handler: HandlerDefinition

  constructor(handler: HandlerDefinition, ref: ActorRef) {
    this.ref = ref
    this.#handler = handler
  }

  get source(): HandlerSource {
    return this
  }

  get label(): string {
    return `touches of ${this.#handler.label}`
  }

  get now(): number {
    return this.#refuse()
  }

  random(): number {
    return this.#refuse()
  }

  uuid(): string {
    return this.#refuse()
  }

  randomFill(): void {
    this.#refuse()
  }

  #refuse(): never {
    throw notDeterministic(this, 'a clock or randomness', 'Name the actors from the arguments alone.')
  }
}

function touchFrom(handler: HandlerDefinition, item: unknown): Touch {
  if (typeof item === 'object' && item !== null) {
    // References and touches are made by `TouchScope` and `reads`; anything else lacks their members.
    if ('ref' in item && 'mode' in item) return item as Touch
    if ('type' in item && 'key' in item) return { ref: item as ActorRef, mode: 'write' }
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
