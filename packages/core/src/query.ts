// Queries from outside any handler: what they run under, and what comes of them.

import type { Datum } from './datum.ts'
import { type ActorSpace, Execution, type ExecutionOptions } from './execution.ts'
import type { LogTime, Position } from './position.ts'
import type { Program } from './program.ts'
import type { ActorRef, Call } from './transaction.ts'

/** The answer to a query, with what it was read from. */
export interface QueryAnswer {
  readonly value: Datum
  readonly reads: readonly { readonly ref: ActorRef; readonly version: Position | undefined }[]
}

/** What the handlers of a query run under. The seed is put together when somebody draws a number. */
export class QueryOptions implements ExecutionOptions {
  readonly position: Position
  readonly logTime: LogTime
  readonly space: ActorSpace
  readonly readOnly = true
  readonly #databaseSeed: string

  constructor(databaseSeed: string, position: Position, logTime: LogTime, space: ActorSpace) {
    this.#databaseSeed = databaseSeed
    this.position = position
    this.logTime = logTime
    this.space = space
  }

  get seed(): string {
    return `${this.#databaseSeed}/query/${this.position}`
  }
}

/** Runs a query. Throws what its handler throws. */
export function runQuery(program: Program, call: Call, options: QueryOptions): QueryAnswer {
  const execution = new Execution(program, options)
  return new Answered(
    program.isolate(() => execution.runQuery(call)),
    execution,
  )
}

/** What an execution has read so far. */
export function readsOf(execution: Execution): QueryAnswer['reads'] {
  return execution.slots.map(({ ref, record }) => ({ ref, version: record?.version }))
}

// Few want to know what was read.
class Answered implements QueryAnswer {
  readonly value: Datum
  readonly #execution: Execution

  constructor(value: Datum, execution: Execution) {
    this.value = value
    this.#execution = execution
  }

  get reads(): QueryAnswer['reads'] {
    return readsOf(this.#execution)
  }
}
