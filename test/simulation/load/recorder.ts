// Recorder: what all clients of a run called and how it ended, by workload, in the form of the checkers.

import { HistoryAssembler, type Completion, type Operation, type Outcome } from '../../checkers/history.ts'
import { workloadNames, type WorkloadName } from './workloads.ts'

/** Records calls in virtual time. */
export class Recorder {
  readonly outcomes: Record<Outcome, number> = { ok: 0, failed: 0, unknown: 0 }
  readonly #now: () => number
  readonly #histories = new Map<WorkloadName, HistoryAssembler>()
  readonly #begun = new Map<number, WorkloadName>()
  #nextId = 0

  constructor(now: () => number) {
    this.#now = now
    for (const name of workloadNames) this.#histories.set(name, new HistoryAssembler())
  }

  /** A call is about to be made. */
  invoke(workload: WorkloadName, process: string, call: unknown): number {
    const id = this.#nextId++
    this.#histories.get(workload)!.invoke({ id, process, atUs: this.#now(), call })
    this.#begun.set(id, workload)
    return id
  }

  /** A call has come to its end. */
  complete(id: number, completion: Omit<Completion, 'id' | 'atUs'>): void {
    const workload = this.#begun.get(id)!
    this.#begun.delete(id)
    this.outcomes[completion.outcome] += 1
    this.#histories.get(workload)!.complete({ id, atUs: this.#now(), ...completion })
  }

  /** Calls that have not come to an end. */
  get open(): number {
    return this.#begun.size
  }

  /** Everything that was called; what has not ended is unknown. */
  operations(workload: WorkloadName): readonly Operation[] {
    return this.#histories.get(workload)!.operations()
  }
}
