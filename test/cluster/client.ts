// One client of a cluster under test, as a process: puts load on the database and records the histories of what it called,
// until it is told to stop.
//
// Argument, as JSON: ClientProcessOptions.

import { connect } from 'streamy-db'
import { actors, InsufficientFunds } from './actors.ts'
import { codeOf, report, takeOrders } from './child-report.ts'
import { Load, type LoadOptions } from './load.ts'

/** What a client's process is told. */
export interface ClientProcessOptions {
  readonly servers: readonly string[]
  readonly name: string
  readonly deadlineMs: number
  readonly load: LoadOptions
  /** A client without classes knows types by name only. */
  readonly classes: boolean
}

const reportEveryMs = 200

// Its parent has made it.
const { servers, name, deadlineMs, load: options, classes } = JSON.parse(process.argv[2]!) as ClientProcessOptions
const known = classes ? { actors } : {}
const db = await connect(servers, { name, deadlineMs, errors: [InsufficientFunds], ...known })
const load = new Load(db, options, classes, (what, error) => {
  const message = error instanceof Error ? error.message : String(error)
  void report({ kind: 'error', what, code: codeOf(error), message })
})
takeOrders((order) => {
  if (order === 'stop') load.stop()
})
await report({ kind: 'ready' })
const reporting = setInterval(reportProgress, reportEveryMs)
await load.run()
clearInterval(reporting)
reportProgress()
await db.close()
await report({ kind: 'done', completed: load.completed, errors: load.errors })
process.exit(0)

function reportProgress(): void {
  const { completed, errors } = load
  void report({ kind: 'progress', completed, errors, latenciesUs: load.takeLatencies() })
}
