// Histories: what the clients of a database recorded, as a list of operations, and how the recorded events become one.
// Knows nothing of what is called and replied (workloads.ts) and nothing of files (history-file.ts).
//
// A process is a client that has at most one operation under way; a client that pipelines records one process for each
// of its lanes. Times are microseconds of one monotonic clock that all processes share.

/** How an operation ended. What timed out or crashed is `unknown`: it may have happened, or may happen yet. */
export type Outcome = 'ok' | 'failed' | 'unknown'

interface Recorded<Call> {
  /** Its place in the history, in order of invocation; explanations call it T5, or operation 5. */
  readonly index: number
  readonly process: string
  readonly call: Call
  readonly invokedUs: number
}

/** It happened, once, between its invocation and its completion. */
export interface OkOperation<Call = unknown, Reply = unknown> extends Recorded<Call> {
  readonly outcome: 'ok'
  readonly completedUs: number
  readonly reply: Reply
  /** The log position the reply carried, if it carried one. */
  readonly position: number | undefined
}

/** It has not happened and never will. */
export interface FailedOperation<Call = unknown> extends Recorded<Call> {
  readonly outcome: 'failed'
  readonly completedUs: number
  readonly reply: undefined
  readonly position: undefined
}

/** It may have happened at any time after its invocation, so it completes at infinity. */
export interface UnknownOperation<Call = unknown> extends Recorded<Call> {
  readonly outcome: 'unknown'
  readonly completedUs: number
  readonly reply: undefined
  readonly position: undefined
}

export type Operation<Call = unknown, Reply = unknown> =
  | OkOperation<Call, Reply>
  | FailedOperation<Call>
  | UnknownOperation<Call>

/** An operation is about to be invoked. */
export interface Invocation {
  readonly id: number
  readonly process: string
  readonly atUs: number
  readonly call: unknown
}

/** An operation has ended, or its client has given up waiting. */
export interface Completion {
  readonly id: number
  readonly atUs: number
  readonly outcome: Outcome
  readonly reply?: unknown
  readonly position?: number | undefined
}

/** The history itself makes no sense: a fault of whoever recorded it, which says nothing about the database. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError'
}

/** Puts invocations and completions together, in the order in which they were recorded. */
export class HistoryAssembler {
  readonly #finished: Operation[] = []
  readonly #open = new Map<number, Recorded<unknown>>()
  /** By process, the operation under way. A process is listed from its first operation on, so names are interned. */
  readonly #processes = new Map<string, { readonly name: string; busyWith: number | undefined }>()
  #invoked = 0
  #lastUs = -1

  invoke({ id, process, atUs, call }: Invocation): void {
    this.#advance(atUs, id)
    const lane = this.#processes.get(process) ?? { name: process, busyWith: undefined }
    if (this.#open.has(id)) throw new HistoryError(`operation ${id} is invoked twice; ids must be unique`)
    if (lane.busyWith !== undefined)
      throw new HistoryError(
        `process ${process} invokes operation ${id} while its operation ${lane.busyWith} is under way; ` +
          'record one process for each lane of a client',
      )
    this.#open.set(id, { index: this.#invoked++, process: lane.name, call, invokedUs: atUs })
    lane.busyWith = id
    this.#processes.set(process, lane)
  }

  complete({ id, atUs, outcome, reply, position }: Completion): void {
    this.#advance(atUs, id)
    const recorded = this.#open.get(id)
    if (recorded === undefined) throw new HistoryError(`operation ${id} completes but is not under way`)
    this.#open.delete(id)
    this.#processes.get(recorded.process)!.busyWith = undefined
    if (outcome === 'ok') this.#finished.push({ ...recorded, outcome, completedUs: atUs, reply, position })
    else this.#finished.push(withoutReply(recorded, outcome, outcome === 'failed' ? atUs : Infinity))
  }

  /** All operations in order of invocation; those still under way are unknown. */
  operations(): readonly Operation[] {
    const open = [...this.#open.values()].map((recorded) => withoutReply(recorded, 'unknown', Infinity))
    return [...this.#finished, ...open].sort((a, b) => a.index - b.index)
  }

  #advance(atUs: number, id: number): void {
    if (!Number.isSafeInteger(atUs) || atUs < 0)
      throw new HistoryError(`operation ${id} has the time ${atUs}, which is no count of microseconds`)
    if (atUs < this.#lastUs)
      throw new HistoryError(`operation ${id} has the time ${atUs} µs, earlier than the event recorded before it`)
    this.#lastUs = atUs
  }
}

/** One history of several that were recorded at the same time, by the same clock. Numbers their operations anew. */
export function merge(histories: readonly (readonly Operation[])[]): readonly Operation[] {
  const merged = histories.flat().sort((a, b) => a.invokedUs - b.invokedUs)
  return merged.map((operation, index) => Object.assign(operation, { index }))
}

/** How explanations name an operation. */
export function describe({ index, process, invokedUs, completedUs, outcome, position }: Operation): string {
  const end = outcome === 'unknown' ? 'unknown' : `${completedUs} µs`
  const at = position === undefined ? '' : `, position ${position}`
  return `operation ${index} (process ${process}, ${invokedUs} µs to ${end}${at})`
}

// One shape of object for all outcomes keeps a million of them small and fast.
function withoutReply(
  recorded: Recorded<unknown>,
  outcome: 'failed' | 'unknown',
  completedUs: number,
): FailedOperation | UnknownOperation {
  return { ...recorded, outcome, completedUs, reply: undefined, position: undefined }
}
