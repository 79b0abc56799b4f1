// Changes as users see them: the types, and how they are made of commits.

import { actorStateOf, type Actor, type ActorClass, type ActorState } from '@streamy-db/actors'
import type { ActorRecord, ActorRef, Commit, Position } from '@streamy-db/core'

/** What names a type of actors: its class, or its name. */
export type ActorType = ActorClass | string

/** The actors that are of one of these types; of any where a type is known by name only. */
export type ActorOf<Type extends ActorType> = Type extends ActorClass<infer T> ? T : Actor

/** The fields of an actor; any, where its class is not known. */
export type StateOf<T extends Actor> = Actor extends T ? Readonly<Record<string, unknown>> : ActorState<T>

/** One committed write of one actor. */
export interface ChangeOf<T extends Actor> {
  /** Of the transaction that made it. Changes of one transaction have one position and follow each other. */
  readonly position: Position
  /** Log time of the transaction. */
  readonly time: Date
  /** The actor: `type`, `key`, and `id`, which is both. */
  readonly ref: ActorRef
  /** Its fields before; undefined where there was no such actor. */
  readonly before: StateOf<T> | undefined
  /** Its fields after; undefined where the actor was destroyed. */
  readonly after: StateOf<T> | undefined
  /**
   * Earlier writes of the actor may have been merged into this one: it lies so far back that code which has been replaced
   * since had made it. What the actor comes to is right all the same.
   */
  readonly merged?: true
}

/** One committed write of an actor of one of several classes. */
export type Change<T extends Actor = Actor> = T extends Actor ? ChangeOf<T> : never

/** What `db.changes` can be told. */
export interface ChangesOptions<Type extends ActorType = ActorType> {
  /** Types of actors; all of the user's own unless stated, so none that layers keep their data in. */
  readonly actors?: readonly Type[]
  /** Changes behind this position; unless stated, those behind the moment of the call. */
  readonly from?: Position
  /** Ends the iteration. */
  readonly signal?: AbortSignal
}

/** A commit as users see it. */
export function changeOf({ position, logTime, ref, before, after }: Commit, merged?: true): Change {
  const change = { position, time: dateOf(logTime), ref, before: stateOf(before), after: stateOf(after) }
  return merged ? { ...change, merged } : change
}

/** Log time as a date. */
export function dateOf(logTime: number): Date {
  return new Date(Math.floor(logTime / 1000))
}

function stateOf(record: ActorRecord | undefined): Readonly<Record<string, unknown>> | undefined {
  return record === undefined ? undefined : actorStateOf(record.value)
}
