// PastView: a database as of one position, read-only. It turns method calls into queries of a snapshot.

import type { Actor, ActorClass, Reference } from '@streamy-db/actors'
import { StreamyError, thaw } from '@streamy-db/core'
import type { Call, Position } from '@streamy-db/core'
import { dateOf } from './change.ts'
import type { PastSnapshot } from './history-port.ts'

/** A database as of one position. It stays readable as long as its position lies within the history. */
export interface DatabaseView extends Disposable {
  readonly position: Position
  /** Log time of the position: what handlers see as `now`. */
  readonly time: Date
  /** A reference to an actor as it was. Its queries answer; its messages are refused with QUERY_WRITES. */
  actor<T extends Actor>(type: ActorClass<T>, key: string): Reference<T>
  actor<T extends Actor>(type: string, key: string): Reference<T>
  /** Lets go of what it holds in memory; not to call it is no fault. */
  close(): void
}

/** Makes a reference whose calls go to a view. */
export type ViewReferences = (type: ActorClass | string, key: string, view: PastView) => object

/** A view over a snapshot. */
export class PastView implements DatabaseView {
  readonly #snapshot: PastSnapshot
  readonly #references: ViewReferences

  constructor(snapshot: PastSnapshot, references: ViewReferences) {
    this.#snapshot = snapshot
    this.#references = references
  }

  get position(): Position {
    return this.#snapshot.position
  }

  get time(): Date {
    return dateOf(this.#snapshot.logTime)
  }

  actor<T extends Actor>(type: ActorClass<T> | string, key: string): Reference<T> {
    // It has a method for each handler of T, or for any name where T is known by name only.
    return this.#references(type, key, this) as Reference<T>
  }

  /** Answers what a reference was asked. */
  async call(kind: 'message' | 'query', call: Call, label: string): Promise<unknown> {
    if (kind === 'query') return thaw(await this.#snapshot.query(call))
    throw new StreamyError(
      'QUERY_WRITES',
      `${label} is a message, and a view of the past cannot be changed. Ask a query, or send it to the database itself.`,
    )
  }

  close(): void {
    this.#snapshot.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
