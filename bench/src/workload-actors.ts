// The actors and errors of all workloads, for whoever runs them: a database in the process, a worker, or a client of one.

import { Account, InsufficientFunds, RecordEditor, Sequence } from './actors.ts'
import { tpccActors } from './tpcc-actors.ts'

/** What `open`, `startWorker` and `connect` take. */
export const workloadActors = {
  actors: [Sequence, Account, RecordEditor, ...tpccActors],
  errors: [InsufficientFunds],
}
