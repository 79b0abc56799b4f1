// Transfers on Streamy, the accounts opened first.

import type { Database } from 'streamy-db'
import type { TransferPlan } from '../call-plan.ts'
import { StreamyAccounts } from '../systems/streamy-ports.ts'
import { openingBalance, Transfers } from './transfers.ts'

/** Opens the accounts of `plan`. */
export async function openTransfers(database: Database, title: string, plan: TransferPlan): Promise<Transfers> {
  return new Transfers(await StreamyAccounts.open(database, plan.keys, openingBalance), title, plan)
}
