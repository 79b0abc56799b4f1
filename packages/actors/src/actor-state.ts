// What is known of an actor from outside: its fields, as plain data. The type of it, and how it is made of what the core
// passes on.

import { thaw, type ActorValue, type Datum } from '@streamy-db/core'
import type { Actor } from './actor.ts'
import type { HandlerMethod } from './actor-definition.ts'
import { fieldsOf, firstField } from './field-values.ts'
import type { LayerMember } from './layer-members.ts'

/** The durable fields of an actor of class `T`, as they were at some position. A copy: nothing changes it any more. */
export type ActorState<T extends Actor> = {
  readonly [
    Name in keyof T as T[Name] extends HandlerMethod ? never : Exclude<Name, keyof Actor | LayerMember>
  ]: T[Name]
}

/** The fields behind a value, by their names. */
export function actorStateOf(value: ActorValue): Readonly<Record<string, unknown>> {
  const fields = fieldsOf(value)
  // What is behind the shape are data.
  return Object.fromEntries(fields[0].names.map((name, index) => [name, thaw(fields[firstField + index] as Datum)]))
}
