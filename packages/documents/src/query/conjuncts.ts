// Conjuncts: the conditions of a filter that must all hold, one by one, as the planner sees them. Conditions under `$or`
// and `$nor` are not among them; they are checked on each document like all others.

import { isPlain } from '../plain-object.ts'
import { isCondition } from '../filter/filter-check.ts'

/** One condition. */
export interface Conjunct {
  readonly path: string
  readonly operator: string
  readonly argument: unknown
}

/** The conditions of a filter, and whether they are all of it. */
export interface Conjuncts {
  readonly list: readonly Conjunct[]
  readonly complete: boolean
}

/** The conditions of a filter in stored form. */
export function conjunctsOf(filter: Readonly<Record<string, unknown>>): Conjuncts {
  const list: Conjunct[] = []
  return { list, complete: gather(filter, list) }
}

/** Whether a document that lacks the field, or has null there, cannot meet the condition. */
export function excludesNothing({ operator, argument }: Conjunct): boolean {
  switch (operator) {
    case '$eq':
      return argument !== null
    case '$in':
      return (argument as readonly unknown[]).every((value) => value !== null)
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return argument !== null
    case '$exists':
      return argument === true
    case '$regex':
    case '$mod':
    case '$size':
    case '$elemMatch':
      return true
    default:
      return false
  }
}

function gather(filter: Readonly<Record<string, unknown>>, list: Conjunct[]): boolean {
  let complete = true
  for (const [key, value] of Object.entries(filter)) {
    if (key === '$and') {
      for (const branch of value as readonly Readonly<Record<string, unknown>>[])
        if (!gather(branch, list)) complete = false
    } else if (key.startsWith('$')) complete = false
    else if (!isPlain(value) || !isCondition(value)) list.push({ path: key, operator: '$eq', argument: value })
    else
      for (const [operator, argument] of Object.entries(value)) {
        list.push({ path: key, operator, argument: operator === '$regex' ? value : argument })
      }
  }
  return complete
}
