// The bank checker: transfers between accounts, and snapshots of all of them at one position.
//
// B1 A snapshot names every account and no other, and its balances sum to the total, which no transfer changes.
// B2 No balance is negative where overdrafts are refused.
// B3 Where replies carry positions, a snapshot is an exact cut: from one snapshot to the next, by position, balances change
//    by the acknowledged transfers with positions in between, and by some transfers of unknown outcome.
// B4 Positions agree with real time (position-order.ts).
//
// B3 asks for each pair of neighbours whether there is a set of unknown transfers that explains what changed. That each
// happens at most once in all is not asked here; requests.ts does.

import { describe, type OkOperation, type Operation } from './history.ts'
import { checkPositionOrder } from './position-order.ts'
import { subsetExplains } from './subset-sum.ts'
import { Findings, combine, type Verdict } from './verdict.ts'
import type { BankCall, BankOperation, BankReply, Workload } from './workloads.ts'

type Bank = Extract<Workload, { kind: 'bank' }>
type Balances = Readonly<Record<string, number>>

interface Snapshot {
  readonly operation: OkOperation<BankCall, BankReply>
  readonly balances: Balances
}

interface Transfer {
  readonly operation: Operation
  readonly from: string
  readonly to: string
  readonly amount: number
}

/** Judges a history of one bank. */
export function checkBank(operations: readonly BankOperation[], bank: Bank): Verdict {
  const findings = new Findings()
  const snapshots = operations.flatMap(snapshotOf)
  for (const snapshot of snapshots) checkBalances(snapshot, bank, findings)
  checkCuts(snapshots, operations.flatMap(transferOf), bank, findings)
  return combine([findings.verdict(), checkPositionOrder(operations, ({ call }) => call[0] === 'transfer')])
}

function snapshotOf(operation: BankOperation): readonly Snapshot[] {
  if (operation.call[0] !== 'snapshot' || operation.outcome !== 'ok') return []
  return [{ operation, balances: operation.reply ?? {} }]
}

function transferOf(operation: BankOperation): readonly Transfer[] {
  if (operation.call[0] !== 'transfer' || operation.outcome === 'failed') return []
  const [, from, to, amount] = operation.call
  return [{ operation, from, to, amount }]
}

function checkBalances({ operation, balances }: Snapshot, { accounts, overdrafts }: Bank, findings: Findings): void {
  const missing = Object.keys(accounts).filter((name) => !Object.hasOwn(balances, name))
  const foreign = Object.keys(balances).filter((name) => !Object.hasOwn(accounts, name))
  if (missing.length > 0)
    findings.anomaly('missing-account', () => `${missing.join(', ')} not in ${describe(operation)}`)
  if (foreign.length > 0) findings.anomaly('unknown-account', () => `${foreign.join(', ')} in ${describe(operation)}`)
  const [sum, total] = [sumOf(balances), sumOf(accounts)]
  if (sum !== total)
    findings.anomaly(
      'wrong-total',
      () => `the balances are ${sum} in all, and must be ${total}: ${inWords(balances)} in ${describe(operation)}`,
    )
  const negative = Object.keys(balances).find((name) => balances[name]! < 0)
  if (overdrafts === 'refused' && negative !== undefined)
    findings.anomaly('negative-balance', () => `${negative} has ${balances[negative]} in ${describe(operation)}`)
}

// B3, from one snapshot to the next by position.
function checkCuts(
  snapshots: readonly Snapshot[],
  transfers: readonly Transfer[],
  { accounts }: Bank,
  findings: Findings,
): void {
  const names = Object.keys(accounts).toSorted()
  const placed = snapshots
    .filter(({ operation }) => operation.position !== undefined)
    .sort((a, b) => a.operation.position! - b.operation.position!)
  const acknowledged = transfers
    .filter(({ operation }) => operation.position !== undefined)
    .sort((a, b) => a.operation.position! - b.operation.position!)
  const uncertain = transfers.filter(({ operation }) => operation.position === undefined)
  let before: Balances = accounts
  let next = 0
  for (const { operation, balances } of placed) {
    const expected = { ...before }
    for (; next < acknowledged.length && acknowledged[next]!.operation.position! <= operation.position!; next++)
      move(expected, acknowledged[next]!)
    const wanted = names.map((name) => (balances[name] ?? 0) - (expected[name] ?? 0))
    const candidates = uncertain.filter((transfer) => transfer.operation.invokedUs <= operation.completedUs)
    const answer = subsetExplains(
      wanted,
      candidates.map((transfer) => changeBy(transfer, names)),
    )
    if (answer === 'undecided')
      findings.undecided(
        `whether some of ${candidates.length} transfers of unknown outcome explain ${describe(operation)}: too many sets`,
      )
    if (answer === 'no')
      findings.anomaly(
        'wrong-cut',
        () =>
          `${describe(operation)} shows ${inWords(balances)}; transfers up to its position make ${inWords(expected)}, and no ` +
          `set of the ${candidates.length} transfers of unknown outcome explains the difference`,
      )
    before = balances
  }
}

function move(balances: Record<string, number>, { from, to, amount }: Transfer): void {
  balances[from] = (balances[from] ?? 0) - amount
  balances[to] = (balances[to] ?? 0) + amount
}

function changeBy({ from, to, amount }: Transfer, names: readonly string[]): readonly number[] {
  return names.map((name) => (name === to ? amount : 0) - (name === from ? amount : 0))
}

function sumOf(balances: Balances): number {
  return Object.values(balances).reduce((sum, balance) => sum + balance, 0)
}

function inWords(balances: Balances): string {
  const names = Object.keys(balances).toSorted()
  const shown = names.slice(0, 20).map((name) => `${name} ${balances[name]}`)
  return `{${shown.join(', ')}${names.length > 20 ? ', …' : ''}}`
}
