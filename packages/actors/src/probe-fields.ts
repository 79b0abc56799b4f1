// Learns the fields of an actor class by constructing one instance, behind the determinism guard and with a clock at 0:
// names and kinds matter here, values do not.

import { actorRef, Random, StreamyError } from '@streamy-db/core'
import { scopeKey } from './actor.ts'
import type { ActorClass } from './actor-definition.ts'
import { isolate } from './determinism-guard.ts'
import { refuse } from './registration-checks.ts'
import { type HandlerScope, running } from './running.ts'

/** The own fields of a fresh instance with their values, in order. Throws REGISTRATION_INVALID. */
export function probeFields(type: string, actorClass: ActorClass): ReadonlyMap<string, unknown> {
  const { scope } = running
  running.scope = probeScope(type)
  try {
    const instance = isolate(() => new actorClass())
    checkNames(type, instance)
    return new Map(Object.entries(instance))
  } catch (cause) {
    throw cause instanceof StreamyError ? cause : constructorFailed(type, cause)
  } finally {
    running.scope = scope
  }
}

function checkNames(type: string, instance: object): void {
  const symbol = Object.getOwnPropertySymbols(instance).find((own) => own !== scopeKey)
  if (symbol !== undefined) throw refuse(`${type} has a field named by ${String(symbol)}. Name fields by strings.`)
}

function probeScope(type: string): HandlerScope {
  const random = new Random(type)
  return {
    ref: actorRef(type, 'key'),
    access: 'construct',
    label: `${type}.constructor`,
    source: {
      now: 0,
      position: 0,
      random: () => random.next(),
      uuid: () => random.uuid(),
      randomFill: (bytes) => random.fill(bytes),
    },
  }
}

function constructorFailed(type: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const error = refuse(`No instance of ${type} could be made: ${reason}`)
  error.cause = cause
  return error
}
