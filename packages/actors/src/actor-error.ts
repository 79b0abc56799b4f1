// ActorError: the base of errors that handlers throw for their callers. A subclass travels as its name, message and
// data, and arrives as an instance of the same class.

import { StreamyError } from '@streamy-db/core'

/** A class of errors that travel. */
export type ActorErrorClass = abstract new (...args: never[]) => ActorError<unknown>

const classes = new Map<string, ActorErrorClass>()

/**
 * Base class of errors that a handler throws to its caller, with data of the subclass's choice.
 *
 * ```ts
 * class InsufficientFunds extends ActorError<{ balance: number; wanted: number }> {}
 * throw new InsufficientFunds('not enough', { balance: 3, wanted: 5 })
 * ```
 */
export class ActorError<Data = undefined> extends StreamyError {
  /** Plain data, of the kinds that state may hold. */
  readonly data: Data

  constructor(message: string, ...data: undefined extends Data ? [data?: Data] : [data: Data]) {
    super('ACTOR_ERROR', message)
    // Absent only where Data includes undefined.
    this.data = data[0] as Data
    registerError(new.target)
  }
}

/** Lets errors that arrive under the class's name become its instances; making one instance does the same. */
export function registerError(errorClass: ActorErrorClass): void {
  classes.set(errorClass.name, errorClass)
}

/** The class last registered under `name`; ActorError itself when there is none. */
export function errorClassOf(name: string): ActorErrorClass {
  return classes.get(name) ?? ActorError
}
