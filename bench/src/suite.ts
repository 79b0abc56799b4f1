// A suite: one of the things that `npm run bench` measures.

import type { BenchOptions } from './options.ts'

/** What a suite works with. */
export interface SuiteContext {
  readonly options: BenchOptions
  /** An empty directory, which is removed afterwards. */
  readonly directory: string
  /** Writes a line of the report. */
  readonly print: (line?: string) => void
  /** Says what is being done now, where a person is watching. */
  readonly progress: (text: string) => void
}

/** Measures, prints, and resolves with all figures for `--json`. Rejects when anything was answered wrongly. */
export type Suite = (context: SuiteContext) => Promise<unknown>
