// What the processes of a cluster under test say to the one that started them, one JSON object a line on stdout, and what
// they are told, one word a line on stdin. They end when their stdin does: then the one that started them is gone.

import { createInterface } from 'node:readline'

/** The workers and owners as one worker has read them. */
export interface ReportedView {
  readonly number: number
  readonly members: readonly { readonly name: string; readonly incarnation: string; readonly phase: string }[]
  /** By partition. */
  readonly owners: readonly (string | null)[]
}

/** What a worker says. */
export type WorkerReport =
  | { readonly kind: 'ready' | 'left' }
  | { readonly kind: 'event'; readonly line: string }
  | { readonly kind: 'view'; readonly incarnation: string; readonly view: ReportedView }
  | { readonly kind: 'stopped'; readonly code: string | undefined; readonly message: string }

/** What a client says. */
export type ClientReport =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'progress'
      /** Since it started. */
      readonly completed: number
      readonly errors: number
      /** How long each call took that was completed since the last report, in microseconds. */
      readonly latenciesUs: readonly number[]
    }
  | { readonly kind: 'error'; readonly what: string; readonly code: string | undefined; readonly message: string }
  | { readonly kind: 'done'; readonly completed: number; readonly errors: number }

/** Says something to the process that started this one; resolves when it is on its way. */
export function report(line: WorkerReport | ClientReport): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()))
}

/** Calls `onOrder` with each word this process is told, and ends it when nobody can tell it anything any more. */
export function takeOrders(onOrder: (order: string) => void): void {
  const lines = createInterface(process.stdin)
  lines.on('line', onOrder)
  lines.on('close', () => process.exit(0))
}

/** The code of a StreamyError; undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
