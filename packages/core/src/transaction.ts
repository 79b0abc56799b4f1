// Transactions as data: what a client asks for and what the log holds. Nothing here runs anything.

import type { Datum } from './datum.ts'
import type { LogTime, PartitionId, Position } from './position.ts'

/** Names one actor. `id` is `type/key` and serves as map key everywhere; types hold no slash. */
export interface ActorRef {
  readonly type: string
  readonly key: string
  readonly id: string
}

/** One message to one actor, with its arguments in stored form. */
export interface Call {
  readonly ref: ActorRef
  readonly message: string
  readonly args: readonly Datum[]
}

/** Expects the version of an actor as of the transaction's position; undefined expects that it does not exist. */
export interface Assert {
  readonly ref: ActorRef
  readonly version: Position | undefined
}

/** How a transaction may use an actor: read it, or read and write it. */
export type AccessMode = 'read' | 'write'

/** An actor beyond those called that a transaction may use. */
export interface Touch {
  readonly ref: ActorRef
  readonly mode: AccessMode
}

/** Identity of a request, the same in every entry and attempt that asks for it. */
export interface Request {
  /** The client's session; `~` and a partition for tells. */
  readonly session: string
  /** The client's number of the request; for tells, the position of the sender. */
  readonly sequence: number
  /** Empty for clients; tells of one sender differ in it. */
  readonly suffix: string
  /** The session has its answers to all requests of lower sequence. */
  readonly answeredBelow: number
  /** The log time the client had seen when it first sent the request. */
  readonly seenTime: LogTime
}

/** An ordered list of calls, with optional asserts, executed atomically at one position. */
export interface Transaction {
  /** Absent only where P = 1 and nobody can ask again. */
  readonly request: Request | undefined
  /** 1 for a client's own entry; each footprint miss adds 1. */
  readonly attempt: number
  /** The partition whose outbox sent this, for tells. */
  readonly source: PartitionId | undefined
  readonly asserts: readonly Assert[]
  readonly calls: readonly Call[]
  readonly touches: readonly Touch[]
}

/** Makes the reference to the actor `key` of `type`. */
export function actorRef(type: string, key: string): ActorRef {
  return new NamedActor(type, key)
}

/** Whether two references name the same actor. Keys differ more often than types. */
export function sameActor(a: ActorRef, b: ActorRef): boolean {
  return a.key === b.key && a.type === b.type
}

// Most references live for one call on one partition, where nobody asks for the id: it is put together on demand.
class NamedActor implements ActorRef {
  readonly type: string
  readonly key: string
  #id: string | undefined = undefined

  constructor(type: string, key: string) {
    this.type = type
    this.key = key
  }

  get id(): string {
    return (this.#id ??= `${this.type}/${this.key}`)
  }
}

/** The reference whose `id` this is. */
export function refOfId(id: string): ActorRef {
  const slash = id.indexOf('/')
  return new NamedActor(id.slice(0, slash), id.slice(slash + 1))
}
