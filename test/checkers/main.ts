// `npm run check-history -- FILE…`: judges one history that was recorded in one file or in several, and explains itself.
// Ends with 0 if the history is valid, with 1 if the promise was broken, with 2 if the files cannot be judged, with 3 if
// the verdict is open.

import { existsSync } from 'node:fs'
import { checkHistory, report } from './check-history.ts'
import { readHistory } from './history-file.ts'
import { HistoryError } from './history.ts'

const statuses = { valid: 0, violated: 1, undecided: 3 } as const

const usage = `Usage: npm run check-history -- FILE…

Judges the history that clients recorded in FILE; of several files, as of one history that they recorded together.
Exit status: 0 valid, 1 violated, 2 the files cannot be judged, 3 undecided.`

process.exitCode = main(process.argv.slice(2))

function main(paths: readonly string[]): number {
  if (paths.length === 0 || paths.includes('--help')) {
    console.log(usage)
    return paths.length === 0 ? 2 : 0
  }
  const missing = paths.find((path) => !existsSync(path))
  if (missing !== undefined) {
    console.error(`There is no file ${missing}.\n\n${usage}`)
    return 2
  }
  try {
    const history = readHistory(paths)
    const verdict = checkHistory(history)
    console.log(report(history, verdict))
    return statuses[verdict.result]
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error
    console.error(`The history cannot be judged: ${error.message}.`)
    return 2
  }
}
