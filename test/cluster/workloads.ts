// The workloads of a cluster under test: which history each lane records, and the accounts of its banks.

import type { Workload } from '../checkers/workloads.ts'

/** A bank whose transfers are messages, and one whose transfers are clients' transactions. */
export type BankName = 'bank' | 'transactions'
export type WorkloadName = BankName | 'ids' | 'registers' | 'lists'

export const openingBalance = 100
const accountsCount = 16

/** The accounts of a bank. */
export function accountsOf(bank: BankName): readonly string[] {
  return Array.from({ length: accountsCount }, (_, number) => `${bank}-${number}`)
}

/** What all accounts of all banks hold together. */
export const totalOfAll = 2 * accountsCount * openingBalance

export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  bank: bankOf('bank'),
  transactions: bankOf('transactions'),
  ids: { kind: 'ids' },
  registers: { kind: 'register' },
  lists: { kind: 'list-append' },
}

function bankOf(bank: BankName): Workload {
  const accounts = Object.fromEntries(accountsOf(bank).map((name) => [name, openingBalance]))
  return { kind: 'bank', accounts, overdrafts: 'refused' }
}
