// The types of references: what a client, a handler, a tell and a timer see of an actor class. Types only. All of them
// offer the public methods of the class that are not Actor's own, under their own documentation.

import type { Actor } from './actor.ts'
import type { HandlerMethod } from './actor-definition.ts'
import type { LayerMember } from './layer-members.ts'

/** What every actor has for its own handlers: nothing of it is called through a reference. */
type OwnMember = keyof Actor | LayerMember

/** Names of the public methods of an actor class. */
export type HandlerName<T> = {
  [Name in keyof T]: Name extends OwnMember ? never : T[Name] extends HandlerMethod ? Name : never
}[keyof T]

type Asynchronous<Method> = Method extends (...args: infer Args) => infer Result
  ? (...args: Args) => Promise<Awaited<Result>>
  : never

type OneWay<Method> = Method extends (...args: infer Args) => unknown ? (...args: Args) => void : never

type Scheduled<Method> = Method extends (...args: infer Args) => unknown ? (...args: Args) => TimerHandle : never

/** What a client holds: each message is a transaction, each query a read; all return promises. */
export type Reference<T> = {
  readonly [Name in keyof T as T[Name] extends HandlerMethod ? Exclude<Name, OwnMember> : never]: Asynchronous<T[Name]>
}

/** What a handler gets from `this.actor`: calls run at once, within the same transaction. */
export type LocalReference<T> = {
  readonly [Name in keyof T as T[Name] extends HandlerMethod ? Exclude<Name, OwnMember> : never]: T[Name]
}

/** What a handler gets from `this.tell`: calls are sent when the transaction commits, each as one of its own. */
export type TellReference<T> = {
  readonly [Name in keyof T as T[Name] extends HandlerMethod ? Exclude<Name, OwnMember> : never]: OneWay<T[Name]>
}

/** What a handler gets from `this.after`: calls set a durable timer. */
export type TimerReference<T> = {
  // Inside a class `this` is a type parameter, and names may not depend on its members: fields are here, as never.
  readonly [Name in keyof T as Exclude<Name, OwnMember>]: Scheduled<T[Name]>
}

/** Names a timer of an actor. Plain data: keep it in a field to cancel the timer later. */
export interface TimerHandle {
  /** The position of the transaction that set the timer. */
  readonly position: number
  /** Which timer of that transaction. */
  readonly ordinal: number
}
