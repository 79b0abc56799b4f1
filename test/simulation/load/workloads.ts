// The workloads of simulated clusters, in the checkers' words, and those that no checker of histories knows: deliveries, by
// tells and timers, which are judged by what has arrived in the end, and the layers, which are judged by models of them.

import type { Workload } from '../../checkers/workloads.ts'

const coreNames = ['bank', 'transactions', 'ids', 'registers', 'lists', 'requests', 'deliveries'] as const
export const layerNames = ['entries', 'documents'] as const
export const workloadNames = [...coreNames, ...layerNames] as const

export type WorkloadName = (typeof workloadNames)[number]
export type LayerName = (typeof layerNames)[number]
export type BankName = 'bank' | 'transactions'
/** Those whose histories a checker judges. */
export type JudgedName = Exclude<WorkloadName, 'deliveries' | LayerName>

export const openingBalance = 100
const accountsCount = 6

/** The accounts of a bank. */
export function accountsOf(bank: BankName): readonly string[] {
  return Array.from({ length: accountsCount }, (_, number) => `${bank}-${number}`)
}

export const mailboxes: readonly string[] = ['mailbox-0', 'mailbox-1', 'mailbox-2', 'mailbox-3']
export const couriers: readonly string[] = ['courier-0', 'courier-1', 'courier-2']
export const effectsKey = 'effects'

export const judged: Readonly<Record<JudgedName, Workload>> = {
  bank: bankOf('bank'),
  transactions: bankOf('transactions'),
  ids: { kind: 'ids' },
  registers: { kind: 'register' },
  lists: { kind: 'list-append' },
  requests: { kind: 'requests' },
}

function bankOf(bank: BankName): Workload {
  const accounts = Object.fromEntries(accountsOf(bank).map((name) => [name, openingBalance]))
  return { kind: 'bank', accounts, overdrafts: 'refused' }
}
