// Entry: one transaction of the log as the engine holds it while it is in flight.

import type { PartitionId, LogTime, Position } from './position.ts'
import type { Admission } from './sessions.ts'
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
