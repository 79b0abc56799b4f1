// The report at the end: what each event cost the callers, and the verdict: whether everything that was promised holds.

import { totalOfAll, type Fleet, type Judgement } from '@streamy-db/system-tests/testing'
import type { EventEffect } from './timeline.ts'

/** What the verdict is of. */
export interface Outcome {
  readonly effects: readonly EventEffect[]
  readonly errors: Fleet['errors']
  readonly judgements: readonly Judgement[]
  readonly total: number
}

const promises: Readonly<Record<Judgement['workload'], string>> = {
  bank: 'transfers by messages, and snapshots of all accounts, are strictly serializable',
  transactions: "transfers by clients' transactions, and snapshots, are strictly serializable",
  ids: 'no id was given out twice, and none was lost',
  registers: 'registers with compare-and-set are linearizable',
  lists: 'transactions over lists are strictly serializable',
}

/** Prints it; true when everything holds. */
export function printReport(outcome: Outcome): boolean {
  printEffects(outcome.effects)
  return printVerdict(outcome)
}

function printEffects(effects: readonly EventEffect[]): void {
  const width = Math.max(...effects.map(({ name }) => name.length))
  console.log('\nWhat callers noticed')
  console.log(`  ${''.padEnd(width)}  no answers   slowest call   whole again`)
  for (const { name, goalMs, stretch, settledUs } of effects) {
    const goal = goalMs === undefined ? '' : `   goal: no answers for less than ${goalMs / 1000} s`
    const settled = settledUs === undefined ? '' : inSeconds(settledUs)
    console.log(
      `  ${name.padEnd(width)}  ${inSeconds(stretch.gapUs).padStart(10)}   ${inSeconds(stretch.slowestUs).padStart(12)}   ` +
        `${settled.padStart(11)}${goal}`,
    )
  }
  console.log('  no answers: the longest time in which no call of any client was answered')
  console.log('  slowest call: the longest that any one caller waited, whichever partition it needed')
}

function printVerdict({ errors, judgements, total }: Outcome): boolean {
  const calls = judgements.flatMap(({ operations }) => operations).length
  console.log('\nVerdict')
  const claims = [
    claim(
      `no error reached a caller: ${calls.toLocaleString('en')} calls, ${errors.length} errors`,
      errors.length === 0,
    ),
    claim(`no money came or went: ${total} in all, of ${totalOfAll}`, total === totalOfAll),
    ...judgements.map(({ workload, operations, verdict }) =>
      claim(`${promises[workload]}: ${operations.length.toLocaleString('en')} calls`, verdict.result === 'valid'),
    ),
  ]
  for (const { what, message } of errors.slice(0, 5)) console.log(`\n${what}: ${message}`)
  for (const { verdict, explained } of judgements) if (verdict.result !== 'valid') console.log(`\n${explained}`)
  return claims.every(Boolean)
}

function claim(what: string, holds: boolean): boolean {
  console.log(`  ${holds ? 'yes' : 'NO '}  ${what}`)
  return holds
}

function inSeconds(us: number): string {
  return `${(us / 1_000_000).toFixed(2)} s`
}
