// The documents suite: the document layer on an embedded database, in a process of its own; what is measured there is in
// `tasks/documents-task.ts`.

import { runIsolated } from '../isolated.ts'
import type { SuiteContext } from '../suite.ts'
import { precise, tableLines, whole } from '../table.ts'
import type { DocumentsInput, DocumentsOutput } from '../tasks/documents-task.ts'

const CALLERS = 256
/** What writing into an index of one value may cost against one of many, in processor time. */
const HOT_SHARE_MIN = 0.75
/** What an operation may cost among a tenth of the documents against one among all, in processor time. */
const GROWTH_SHARE_MIN = 0.75

/** See the header. */
export async function documentsSuite({ options, directory, print, progress }: SuiteContext): Promise<unknown> {
  const { documents, seconds } = options
  print(`Documents  ${whole(documents)} documents, ${whole(CALLERS)} callers`)
  progress('documents')
  const input: DocumentsInput = { directory, documents, callers: CALLERS, seconds }
  const output = await runIsolated<DocumentsOutput>(new URL('../tasks/documents-task.js', import.meta.url), input)
  progress('')
  const rows = output.figures.map(({ step, perSecond, p99Ms, cpuUs, rssMiB }) => [
    step,
    whole(perSecond),
    p99Ms === undefined ? '' : precise(p99Ms),
    precise(cpuUs),
    whole(rssMiB),
  ])
  for (const line of tableLines(['step', 'per second', 'p99 ms', 'processor µs', 'MiB'], rows)) print(line)
  const { reads, updates, inserts, load } = output.growth
  for (const [what, ratio] of [
    [`reads among ${whole(output.small)}`, reads],
    [`updates among ${whole(output.small)}`, updates],
    [`inserts up to ${whole(output.small)}, all of one status,`, inserts],
    ['the first part of the load', load],
  ] as const)
    print(`${what} took ${goal(ratio, GROWTH_SHARE_MIN)} of the processor time of those among all`)
  print(
    `an insert into an index of many values took ${goal(output.hotShare, HOT_SHARE_MIN)} of one into an index of one value`,
  )
  return output
}

function goal(ratio: number, min: number): string {
  return `${precise(ratio)} (goal ≥ ${min}: ${ratio >= min ? 'met' : 'MISSED'})`
}
