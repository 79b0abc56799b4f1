// ReferenceState: the replicated state of one partition as plain maps, and its hash. Everything is held in the form
// in which it was computed and is encoded anew for every hash, so that no byte survives from an earlier batch.

import type { ActorRecord, ActorRef, LogTime, PartitionId, Position, Program, Request, Write } from '@streamy-db/core'
import {
  StateHash,
  encodeActorRecord,
  encodeOutboxRecord,
  encodeRequestRecord,
  encodeSession,
  partitionPrefix,
  requestKey,
  sortableNumber,
  type OutboxRecord,
  type RequestRecord,
  type SessionRecord,
} from '@streamy-db/core/testing'

/** One actor that exists. */
export interface StoredActor {
  readonly ref: ActorRef
  readonly record: ActorRecord
}

/** One request that its session remembers. */
export interface StoredRequest {
  readonly request: Request
  readonly record: RequestRecord
}

/** The state of one partition. */
export class ReferenceState {
  readonly partition: PartitionId
  /** By actor id. */
  readonly actors = new Map<string, StoredActor>()
  /** By name of the session. */
  readonly sessions = new Map<string, SessionRecord>()
  /** By `requestKey`. */
  readonly requests = new Map<string, StoredRequest>()
  /** By `outboxKey`. */
  readonly outbox = new Map<string, OutboxRecord>()

  constructor(partition: PartitionId) {
    this.partition = partition
  }

  apply(write: Write): void {
    if (write.after === undefined) this.actors.delete(write.ref.id)
    else this.actors.set(write.ref.id, { ref: write.ref, record: write.after })
  }

  setRequest(request: Request, record: RequestRecord): void {
    this.requests.set(requestKey(request), { request, record })
  }

  /** Forgets the requests of a session that `isGone` picks. */
  forgetRequests(session: string, isGone: (stored: StoredRequest) => boolean): void {
    for (const [key, stored] of this.requests)
      if (stored.request.session === session && isGone(stored)) this.requests.delete(key)
  }

  hash(program: Program, logTime: LogTime): string {
    const hash = new StateHash()
    for (const [key, value] of this.entries(program)) hash.add(key, value)
    return hash.digest(logTime)
  }

  /** All of the state as it is stored. */
  *entries(program: Program): Iterable<readonly [key: string, value: Uint8Array]> {
    const prefix = (kind: string): string => partitionPrefix(kind, this.partition)
    for (const [id, { ref, record }] of sorted(this.actors))
      yield [prefix('a') + id, encodeActorRecord(program, ref, record)]
    for (const [name, record] of sorted(this.sessions)) yield [prefix('s') + name, encodeSession(record)]
    for (const [key, { record }] of sorted(this.requests)) yield [prefix('r') + key, encodeRequestRecord(record)]
    for (const [key, record] of sorted(this.outbox)) yield [prefix('o') + key, encodeOutboxRecord(record)]
  }
}

/** Where a tell lies in its sender's outbox: the position of the sending and what tells it from its siblings. */
export function outboxKey(position: Position, suffix: string): string {
  return `${sortableNumber(position)}/${suffix}`
}

/** The entries of a map in the order of their keys' UTF-16 code units. */
export function sorted<Value>(map: ReadonlyMap<string, Value>): readonly (readonly [string, Value])[] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))
}
