// The two processes of the recovery suite: one executes and waits to be killed, the other opens what it left.

import { open, type Database } from 'streamy-db'
import { Account, InsufficientFunds, Sequence } from '../actors.ts'
import { idPlan, transferPlan } from '../call-plan.ts'
import { timeCalls } from '../closed-loop.ts'
import { serveTask } from '../isolated.ts'
import { StreamyCounters } from '../systems/streamy-ports.ts'
import { GetNextId } from '../workloads/get-next-id.ts'
import { openTransfers } from '../workloads/open-transfers.ts'
import { openingBalance } from '../workloads/transfers.ts'
import type { Workload } from '../workloads/workload.ts'

/** Which process it is, and what both do. */
export interface RecoveryInput {
  readonly mode: 'execute' | 'replay'
  readonly kind: 'ids' | 'transfers'
  readonly directory: string
  readonly transactions: number
}

/** How long it took, and what was there afterwards. */
export interface RecoveryOutput {
  readonly seconds: number
  readonly found: number
  readonly expected: number
}

const CALLERS = 4096
const ids = idPlan('sequence-', 1000)
const transfers = transferPlan('account-', 10_000, 0)
const options = {
  actors: [Sequence, Account],
  errors: [InsufficientFunds],
  // No flush of the state, which would leave less to replay.
  logBytesMax: Number.MAX_SAFE_INTEGER,
}

serveTask((input: RecoveryInput) => (input.mode === 'execute' ? execute(input) : replay(input)))

// Leaves the database open: the process is killed.
async function execute({ directory, kind, transactions }: RecoveryInput): Promise<RecoveryOutput> {
  const database = await open(directory, options)
  const workload: Workload =
    kind === 'ids'
      ? new GetNextId(new StreamyCounters(database), 'ids', ids)
      : await openTransfers(database, 'transfers', transfers)
  const seconds = await timeCalls(workload, CALLERS, transactions)
  const { found, expected } = await workload.check()
  return { seconds, found, expected }
}

async function replay({ directory, kind, transactions }: RecoveryInput): Promise<RecoveryOutput> {
  const started = performance.now()
  const database = await open(directory, options)
  const seconds = (performance.now() - started) / 1000
  const found = kind === 'ids' ? await idsGiven(database) : await moneyIn(database)
  const expected = kind === 'ids' ? transactions : transfers.keys.length * openingBalance
  await database.close()
  return { seconds, found, expected }
}

async function idsGiven(database: Database): Promise<number> {
  let sum = 0
  for (let target = 0; target < ids.count; target++) sum += await database.actor(Sequence, ids.key(target)).given()
  return sum
}

async function moneyIn(database: Database): Promise<number> {
  let sum = 0
  for (const key of transfers.keys) sum += await database.actor(Account, key).funds()
  return sum
}
