// The process whose disk is full: writes until it is refused, and says on stdout, as JSON, what became of its calls.
// Arguments: the directory. Its parent limits the size of files.

import { open } from 'streamy-db'
import { Shelf } from './shelf.ts'

/** What became of the calls. */
export interface FullDiskReport {
  readonly acknowledged: readonly string[]
  readonly sent: readonly string[]
  /** Codes of the errors of those calls that were not acknowledged. */
  readonly refusals: readonly string[]
  /** The code of the error of a call that was made afterwards. */
  readonly afterwards: string
  readonly closing: string
}

const db = await open(process.argv[2] ?? '', { actors: [Shelf] })
const acknowledged: string[] = []
const sent: string[] = []
const refusals: string[] = []

async function write(): Promise<void> {
  while (refusals.length === 0 && sent.length < 2000) {
    const key = `${sent.length}`
    sent.push(key)
    try {
      await db.actor(Shelf, key).put('x'.repeat(20_000))
      acknowledged.push(key)
    } catch (error) {
      refusals.push(codeOf(error))
    }
  }
}

await Promise.all([write(), write(), write(), write()])
const afterwards = await db
  .actor(Shelf, 'afterwards')
  .put('x')
  .then(() => 'none', codeOf)
const closing = await db.close().then(() => 'none', codeOf)
const report: FullDiskReport = { acknowledged, sent, refusals, afterwards, closing }
process.stdout.write(JSON.stringify(report))

function codeOf(error: unknown): string {
  return (error as { readonly code?: string }).code ?? String(error)
}
