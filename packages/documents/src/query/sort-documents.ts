// Sorts documents as an index would list them: by the values at the paths, then by their ids. Of several values, through
// arrays, the least counts where it ascends, and the greatest where it descends.

import { FilterInvalid } from '../document-errors.ts'
import { compareValues } from '../index-keys/compare-values.ts'
import { valuesAt } from '../index-keys/path-values.ts'
import type { SortSpec } from './query-plan.ts'

/** Documents in an order; ties go by `_id`. */
export function sortDocuments<Document>(documents: readonly Document[], sort: SortSpec): Document[] {
  const fields = [...sort, ['_id', 1] as const].map(([path, direction]) => ({ parts: path.split('.'), direction }))
  const keyed = documents.map((document) => ({
    document,
    key: fields.map(({ parts, direction }) => sortValue(document, parts, direction)),
  }))
  keyed.sort((a, b) => {
    for (const [place, { direction }] of fields.entries()) {
      const order = compareValues(a.key[place], b.key[place])
      if (order !== 0) return order * direction
    }
    return 0
  })
  return keyed.map(({ document }) => document)
}

/** A sort as it was given, checked. Throws {@link FilterInvalid}. */
export function sortSpecOf(sort: Readonly<Record<string, unknown>> = {}): SortSpec {
  return Object.entries(sort).map(([path, direction]) => {
    const isPath = path.split('.').every((part) => part !== '' && !part.startsWith('$') && part !== '__proto__')
    if (isPath && (direction === 1 || direction === -1)) return [path, direction] as const
    throw new FilterInvalid(`A sort takes paths with 1 or -1, and was given ${JSON.stringify(path)}.`, {
      operator: undefined,
      path,
    })
  })
}

function sortValue(document: unknown, parts: readonly string[], direction: 1 | -1): unknown {
  const { values, throughArray } = valuesAt(document, parts)
  if (!throughArray) return values[0]
  let best: unknown
  let isFirst = true
  for (const value of values) {
    if (Array.isArray(value)) continue
    if (isFirst || compareValues(value, best) * direction < 0) best = value
    isFirst = false
  }
  return best
}
