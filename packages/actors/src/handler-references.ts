// What `this.actor`, `this.tell` and `this.after` do inside a handler. Arguments and results cross as data, so two
// actors never share an object that one of them could change.

import { type ActorRef, StreamyError, thaw } from '@streamy-db/core'
import type { ActorBody } from './actor-body.ts'
import type { HandlerDefinition } from './actor-definition.ts'
import { packArguments } from './argument-schema.ts'
import { type ReferenceClass, referenceClass } from './reference-class.ts'
import type { TimerHandle } from './reference.ts'
import { inHandler, queryWrites, running } from './running.ts'

/** A timer to be set: on which actor, and after how long. */
export interface TimerRequest {
  readonly body: ActorBody
  readonly delayUs: number
}

/** The classes of references that handlers get to actors with these handlers. */
export function handlerReferences(handlers: ReadonlyMap<string, HandlerDefinition>): {
  readonly callClass: ReferenceClass
  readonly tellClass: ReferenceClass
  readonly timerClass: ReferenceClass
} {
  // Each class is made with the context its send function takes: by `Actor` and nobody else.
  return {
    callClass: referenceClass(handlers.values(), callNow) as ReferenceClass,
    tellClass: referenceClass(handlers.values(), tell) as ReferenceClass,
    timerClass: referenceClass(handlers.values(), setTimer) as ReferenceClass,
  }
}

function callNow(body: ActorBody, ref: ActorRef, handler: HandlerDefinition, args: unknown[]): unknown {
  inHandler(body, handler.label)
  if (handler.kind === 'message' && body.access !== 'message') throw queryWrites(body, `call ${handler.label}`)
  const call = { ref, message: handler.name, args: packArguments(handler, args) }
  // Loading the other actor may read from storage, which uses what the guard refuses to handlers: between leaving this
  // handler and entering the other, none runs.
  running.scope = undefined
  try {
    return thaw(body.source.enter(call, handler.kind === 'message' ? 'write' : 'read'))
  } finally {
    running.scope = body
  }
}

function tell(body: ActorBody, ref: ActorRef, handler: HandlerDefinition, args: unknown[]): void {
  inHandler(body, `tell ${handler.label}`)
  allowWrite(body, `tell ${handler.label}`)
  refuseQuery(handler, 'told')
  body.source.tell({ ref, message: handler.name, args: packArguments(handler, args, true) })
}

function setTimer(request: TimerRequest, _ref: ActorRef, handler: HandlerDefinition, args: unknown[]): TimerHandle {
  const { body, delayUs } = request
  inHandler(body, `after ${handler.label}`)
  allowWrite(body, `set a timer for ${handler.label}`)
  refuseQuery(handler, 'set as a timer')
  if (body.slot.destroyed) throw timerOfDestroyed(body)
  const timer = body.source.setTimer(body.slot, delayUs, handler.name, packArguments(handler, args, true))
  return { position: timer.position, ordinal: timer.ordinal }
}

function allowWrite(body: ActorBody, what: string): void {
  if (body.access !== 'message') throw queryWrites(body, what)
}

function refuseQuery(handler: HandlerDefinition, done: string): void {
  if (handler.kind === 'message') return
  throw new StreamyError(
    'MESSAGE_UNKNOWN',
    `${handler.label} is a query: it has no effect and cannot be ${done}. Call it through this.actor.`,
  )
}

function timerOfDestroyed(body: ActorBody): StreamyError {
  return new StreamyError(
    'OUTSIDE_HANDLER',
    `${body.ref.id} was destroyed in this handler and holds no timers any more. Set the timer on another actor.`,
  )
}
