// The documents suite: the document layer on an embedded database, in a process of its own; what is measured there is in
// `tasks/documents-task.ts`.

import { runIsolated } from '../isolated.ts'
import type { SuiteContext } from '../suite.ts'
import { precise, tableLines, whole } from '../table.ts'
import type { DocumentsInput, DocumentsOutput } from '../tasks/documents-task.ts'

const CALLERS = 256
/** What writing into an index of one value may cost against one of many, in rates. */
const HOT_SHARE_MIN = 0.75
/** What a point operation may cost among a tenth of the documents against one among all, in processor time. */
const GROWTH_SHARE_MIN = 0.75

/** See the header. */
export async function documentsSuite({ options, directory, print, progress }: SuiteContext): Promise<unknown> {
  const { documents, seconds } = options
  print(`Documents  ${whole(documents)} documents, ${whole(CALLERS)} callers`)
  progress('documents')
  const input: DocumentsInput = { directory, documents, callers: CALLERS, seconds }
  const output = await runIsolated<DocumentsOutput>(new URL('../tasks/documents-task.js', import.meta.url), input)
  progress('')
  const rows = output.figures.map(({ step, perSecond, p99Ms, cpuUs }) => [
    step,
    whole(perSecond),
    p99Ms === undefined ? '' : precise(p99Ms),
    precise(cpuUs),
  ])
  for (const line of tableLines(['step', 'per second', 'p99 ms', 'processor µs'], rows)) print(line)
  print(`memory  ${whole(output.rssMiB)} MiB`)
  const { reads, updates } = output.growth
  for (const [what, ratio] of [
    ['reads', reads],
    ['updates', updates],
  ] as const)
    print(
      `${what} among ${whole(output.small)} take ${precise(ratio)} of the processor time of those among all, goal ≥ ${GROWTH_SHARE_MIN}: ${ratio >= GROWTH_SHARE_MIN ? 'met' : 'MISSED'}`,
    )
  const share = precise(output.hotShare)
  print(
    `an index of one value takes ${share} of the writes that one of many does, goal ≥ ${HOT_SHARE_MIN}: ${output.hotShare >= HOT_SHARE_MIN ? 'met' : 'MISSED'}`,
  )
  return output
}
