// The Program port over decorated classes: finds the class and the method, wakes the actor in its slot, and runs the
// handler on it. What may be undone and when is in `actor-body.ts`.

import type { ActorRef, ActorValue, Call, Datum, ErrorData, Execution, Program, Slot, Touch } from '@streamy-db/core'
import { assert, StreamyError } from '@streamy-db/core'
import { ActorBody } from './actor-body.ts'
import type { ActorDefinition, HandlerDefinition } from './actor-definition.ts'
import type { ActorRegistry } from './actor-registry.ts'
import { unpackArguments } from './argument-schema.ts'
import { isolate } from './determinism-guard.ts'
import { encodeError } from './error-codec.ts'
import { asValue, decodeFields, encodeFields, fieldsOf } from './field-values.ts'
import { fingerprintOf } from './fingerprint.ts'
import { asFatal, failIfFatal } from './handler-fatal.ts'
import { touchesOf } from './touches.ts'

/** The program of all actors in a registry. */
export function createProgram(registry: ActorRegistry): Program {
  return new ActorProgram(registry)
}

/** The handler that `name` names. Throws MESSAGE_UNKNOWN. */
export function handlerOf(
  definition: ActorDefinition,
  name: string,
  kind: HandlerDefinition['kind'],
): HandlerDefinition {
  const handler = definition.handlers.get(name)
  if (handler !== undefined && handler.kind === kind) return handler
  throw messageUnknown(definition, name, kind)
}

class ActorProgram implements Program {
  readonly fingerprint: string
  readonly #registry: ActorRegistry

  constructor(registry: ActorRegistry) {
    this.#registry = registry
    this.fingerprint = fingerprintOf(registry.definitions)
  }

  runMessage(call: Call, slot: Slot, execution: Execution): Datum {
    try {
      const result = this.#runMessage(call, slot)
      failIfFatal(execution)
      return result
    } catch (error) {
      throw asFatal(error, call, execution)
    }
  }

  runQuery(call: Call, slot: Slot, execution: Execution): Datum {
    try {
      const result = this.#runQuery(call, slot)
      failIfFatal(execution)
      return result
    } catch (error) {
      throw asFatal(error, call, execution)
    }
  }

  settle(slot: Slot): ActorValue {
    const body = bodyIn(slot)
    assert(body !== undefined, 'only an actor that was entered is settled')
    return asValue(body.settle())
  }

  touches(call: Call): readonly Touch[] {
    const definition = this.#registry.find(call.ref.type)
    return touchesOf(this.#registry, definition, handlerOf(definition, call.message, 'message'), call)
  }

  encodeError(thrown: unknown): ErrorData {
    return encodeError(thrown)
  }

  encodeValue(_ref: ActorRef, value: ActorValue): Uint8Array {
    return encodeFields(fieldsOf(value))
  }

  decodeValue(ref: ActorRef, bytes: Uint8Array): ActorValue {
    return asValue(decodeFields(ref.id, bytes))
  }

  isolate<Result>(body: () => Result): Result {
    return isolate(body)
  }

  #runMessage(call: Call, slot: Slot): Datum {
    const definition = this.#registry.find(call.ref.type)
    const handler = handlerOf(definition, call.message, 'message')
    const args = unpackArguments(call.args)
    const body = bodyIn(slot)
    if (body === undefined) return this.#create(slot, definition).run(handler, args, 'message')
    // Nobody catches what the outermost call throws: it is all dropped then.
    const nested = slot.execution.depth > 1
    return nested ? body.runWithSavepoint(handler, args, 'message') : body.run(handler, args, 'message')
  }

  #runQuery(call: Call, slot: Slot): Datum {
    const definition = this.#registry.find(call.ref.type)
    const handler = handlerOf(definition, call.message, 'query')
    const args = unpackArguments(call.args)
    const body = bodyIn(slot)
    if (body === undefined) return this.#look(slot, definition).runFirst(handler, args)
    return body.runWithSavepoint(handler, args, 'query')
  }

  /** Wakes the actor for a message; one that does not exist comes into being. */
  #create(slot: Slot, definition: ActorDefinition): ActorBody {
    const { destroyed, execution } = slot
    // What the outermost call calls takes this back by itself when it throws; see `Execution.enter`.
    if (destroyed || execution.depth > 2) {
      execution.onRollback(() => {
        slot.body = undefined
        slot.destroyed = destroyed
      })
    }
    const body = this.#load(slot, definition)
    slot.destroyed = false
    slot.body = body
    return body
  }

  /** Wakes the actor for a query, which brings nothing into being. */
  #look(slot: Slot, definition: ActorDefinition): ActorBody {
    const body = this.#load(slot, definition)
    if (slot.record !== undefined && !slot.reborn) slot.body = body
    return body
  }

  #load(slot: Slot, definition: ActorDefinition): ActorBody {
    const body = new ActorBody(slot, definition, this.#registry)
    if (slot.record === undefined || slot.reborn) body.beBorn()
    else body.wake(fieldsOf(slot.record.value))
    return body
  }
}

function bodyIn(slot: Slot): ActorBody | undefined {
  // Only this program fills its slots.
  return slot.body as ActorBody | undefined
}

function messageUnknown(definition: ActorDefinition, name: string, kind: HandlerDefinition['kind']): StreamyError {
  const other = definition.handlers.get(name)
  const problem =
    other === undefined ? `${definition.name} has no ${kind} ${name}` : `${other.label} is a ${other.kind}, no ${kind}`
  const known = [...definition.handlers.values()].filter((handler) => handler.kind === kind)
  const list =
    known.length === 0
      ? 'none'
      : known
          .map((handler) => handler.name)
          .sort()
          .join(', ')
  const plural = kind === 'message' ? 'Messages' : 'Queries'
  return new StreamyError('MESSAGE_UNKNOWN', `${problem}. ${plural} of ${definition.name}: ${list}.`)
}
