// Judgement: what the histories of a fleet's clients say in the end, by the checkers, and what the database itself says
// after them: the total of all accounts.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from 'streamy-db'
import { checkHistory, report } from '../checkers/check-history.ts'
import { readHistory, type History } from '../checkers/history-file.ts'
import type { Operation } from '../checkers/history.ts'
import type { Verdict } from '../checkers/verdict.ts'
import { Account } from './actors.ts'
import { accountsOf, type WorkloadName } from './workloads.ts'

/** One workload's history, of all clients together, and the checkers' verdict of it. */
export interface Judgement {
  readonly workload: WorkloadName
  readonly operations: readonly Operation[]
  readonly verdict: Verdict
  /** The verdict in words, with its reasons. */
  readonly explained: string
}

/** The histories that clients recorded in a folder, by workload. */
export function readHistories(folder: string): ReadonlyMap<WorkloadName, History> {
  const files = new Map<WorkloadName, string[]>()
  for (const file of readdirSync(folder).toSorted()) {
    // Named by the load that wrote it.
    const workload = file.slice(0, file.indexOf('.')) as WorkloadName
    files.set(workload, [...(files.get(workload) ?? []), join(folder, file)])
  }
  return new Map(Array.from(files, ([workload, paths]) => [workload, readHistory(paths)]))
}

/** Has the checkers judge histories. */
export function judge(histories: ReadonlyMap<WorkloadName, History>): readonly Judgement[] {
  return Array.from(histories, ([workload, history]) => {
    const verdict = checkHistory(history)
    return { workload, operations: history.operations, verdict, explained: report(history, verdict) }
  })
}

/** The sum of all accounts as of one moment. */
export async function totalOf(db: Database): Promise<number> {
  const names = [...accountsOf('bank'), ...accountsOf('transactions')]
  return await db.transaction(async (tx) => {
    const balances = await Promise.all(names.map((name) => tx.actor(Account, name).getBalance()))
    return balances.reduce((sum, { reply }) => sum + reply, 0)
  })
}
