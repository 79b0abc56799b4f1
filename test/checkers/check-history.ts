// Which checkers judge a history, by its workload, and how the verdict reads on a terminal.

import { checkBank } from './bank.ts'
import type { History } from './history-file.ts'
import type { Outcome } from './history.ts'
import { checkIds } from './ids.ts'
import { checkListAppendPositions } from './list-append-positions.ts'
import { checkListAppend } from './list-append.ts'
import { checkPositionOrder } from './position-order.ts'
import { checkRegisters } from './register.ts'
import { checkRequests } from './requests.ts'
import { combine, type Verdict } from './verdict.ts'
import type {
  BankOperation,
  IdsOperation,
  ListAppendOperation,
  RegisterOperation,
  RequestsOperation,
} from './workloads.ts'

/** Judges a history by all that its workload promises. */
export function checkHistory(history: History): Verdict {
  const verdict = checkWorkload(history)
  if (verdict.result !== 'valid' || history.operations.some(({ outcome }) => outcome === 'ok')) return verdict
  return { ...verdict, result: 'undecided', undecided: ['nothing was acknowledged, so nothing was promised'] }
}

// A history's operations have the shape of its workload: reading it has checked that.
function checkWorkload({ workload, operations }: History): Verdict {
  if (workload.kind === 'bank') return checkBank(operations as readonly BankOperation[], workload)
  if (workload.kind === 'requests') return checkRequests(operations as readonly RequestsOperation[])
  if (workload.kind === 'ids') {
    const draws = operations as readonly IdsOperation[]
    return combine([checkIds(draws), checkPositionOrder(draws, ({ call }) => call[0] === 'next')])
  }
  if (workload.kind === 'register') {
    const ofRegisters = operations as readonly RegisterOperation[]
    return combine([checkRegisters(ofRegisters), checkPositionOrder(ofRegisters, isWriteOfRegister)])
  }
  const transactions = operations as readonly ListAppendOperation[]
  return combine([checkListAppend(transactions), checkListAppendPositions(transactions)])
}

function isWriteOfRegister({ call, reply }: RegisterOperation): boolean {
  return call[0] === 'write' || (call[0] === 'cas' && reply === true)
}

/** The verdict with all that led to it. */
export function report({ workload, operations }: History, verdict: Verdict): string {
  const counted = new Map<Outcome, number>()
  for (const { outcome } of operations) counted.set(outcome, (counted.get(outcome) ?? 0) + 1)
  const count = (outcome: Outcome): string => `${counted.get(outcome) ?? 0} ${outcome}`
  const found = [...verdict.counts].map(([kind, times]) => `${kind} ${times}`)
  const outcomes = [count('ok'), count('failed'), count('unknown')].join(', ')
  return [
    `${workload.kind}, operations: ${outcomes}`,
    ...verdict.anomalies.map(({ kind, explanation }) => `\n${kind}: ${explanation}`),
    ...verdict.undecided.map((reason) => `\nundecided: ${reason}`),
    '',
    found.length > 0 ? `VIOLATED: ${found.join(', ')}` : verdict.result,
  ].join('\n')
}
