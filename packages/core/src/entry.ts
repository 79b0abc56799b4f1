// Entry: one transaction of the log as the engine holds it while it is in flight.

import type { ActorSpace, ExecutionOptions } from './execution.ts'
import type { LogTime, PartitionId, Position } from './position.ts'
import type { Admission } from './sessions.ts'
import { requestKey } from './state-format.ts'
import type { Transaction } from './transaction.ts'

/** One transaction at its position. */
export interface Entry {
  readonly transaction: Transaction
  readonly position: Position
  readonly logTime: LogTime
  readonly home: PartitionId
  /** What its session was as of here; only where home is on this worker and the entry carries a request. */
  readonly admission: Admission | undefined
}

/** What the handlers of an entry run under. The seed is put together when somebody draws a number. */
export class EntryExecution implements ExecutionOptions {
  readonly position: Position
  readonly logTime: LogTime
  readonly space: ActorSpace
  readonly confined: boolean
  readonly #databaseSeed: string
  readonly #transaction: Transaction

  constructor(databaseSeed: string, entry: Entry, space: ActorSpace, confined: boolean) {
    this.position = entry.position
    this.logTime = entry.logTime
    this.space = space
    this.confined = confined
    this.#databaseSeed = databaseSeed
    this.#transaction = entry.transaction
  }

  get seed(): string {
    return seedOf(this.#databaseSeed, this.#transaction, this.position)
  }
}

/** What a transaction draws numbers from: the same for all attempts of one request. */
export function seedOf(databaseSeed: string, { request }: Transaction, position: Position): string {
  return `${databaseSeed}/${request === undefined ? `@${position}` : requestKey(request)}`
}
