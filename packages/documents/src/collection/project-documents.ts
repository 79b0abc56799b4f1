// Projections: the fields of a document to show, or to leave out. By mingo's `$project`, with nothing that computes.

import { Context } from 'mingo/core'
import { Aggregator } from 'mingo/aggregator'
import { $project } from 'mingo/operators/pipeline'
import { FilterInvalid } from '../document-errors.ts'

const context = Context.init().addPipelineOps({ $project })

/** A part of a document. */
export function project(document: unknown, projection: Readonly<Record<string, unknown>>): unknown {
  return new Aggregator([{ $project: projection }], { context, scriptEnabled: false }).run([document as never])[0]
}

/** Throws {@link FilterInvalid} for anything but paths with 0 or 1, all alike except for `_id`. */
export function checkProjection(projection: Readonly<Record<string, unknown>>): void {
  const shown = new Set<boolean>()
  for (const [path, value] of Object.entries(projection)) {
    const isPath = path.split('.').every((part) => part !== '' && !part.startsWith('$') && part !== '__proto__')
    if (!isPath || (value !== 0 && value !== 1 && typeof value !== 'boolean'))
      throw invalid(path, `takes paths with 0 or 1, and was given ${JSON.stringify(path)}`)
    if (path !== '_id') shown.add(Boolean(value))
  }
  if (shown.size > 1) throw invalid('', 'either shows fields or leaves fields out, and this does both')
}

function invalid(path: string, problem: string): FilterInvalid {
  return new FilterInvalid(`A projection ${problem}.`, { operator: undefined, path })
}
