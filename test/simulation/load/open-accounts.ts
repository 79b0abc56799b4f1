// Opens the accounts of both banks, before anything goes wrong.

import type { Database } from '@streamy-db/runtime'
import { Account } from '../../cluster/actors.ts'
import { accountsOf, openingBalance } from './workloads.ts'

/** Deposits the opening balance on each account. */
export async function openAccounts(db: Database): Promise<void> {
  const names = [...accountsOf('bank'), ...accountsOf('transactions')]
  await Promise.all(names.map((name) => db.actor(Account, name).deposit(openingBalance)))
}
