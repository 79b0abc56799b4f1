// A workload: calls of one kind against one side, with a proof at the end that what was measured was also right.

import type { Callable } from '../closed-loop.ts'

/** Something to measure. */
export interface Workload extends Callable {
  /** What the report calls it. */
  readonly title: string
  /** Compares all that was answered with what is stored. Throws {@link CheckFailed}. */
  check(): Promise<CheckResult>
}

/** What was compared. */
export interface CheckResult {
  /** Calls that were answered, over all rounds. */
  readonly calls: number
  /** What is there afterwards: ids given, money, or calls read back. */
  readonly found: number
  readonly expected: number
  /** One sentence for the report. */
  readonly summary: string
}

/** A benchmark of something that gives wrong answers has no result. */
export class CheckFailed extends Error {
  readonly title: string
  readonly problem: string

  constructor(title: string, problem: string) {
    super(`${title}: ${problem}`)
    this.name = 'CheckFailed'
    this.title = title
    this.problem = problem
  }
}

/** Passes what agrees. Throws {@link CheckFailed}. */
export function passed(title: string, result: CheckResult): CheckResult {
  if (result.found === result.expected) return result
  throw new CheckFailed(title, `found ${result.found} and expected ${result.expected}, after ${result.calls} calls`)
}
