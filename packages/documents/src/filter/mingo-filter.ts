// Filters in the form in which mingo takes them. What its own code must not look into is wrapped: it writes conditions as
// JSON for its messages, which fails for bigints, copies lists, and would compile regular expressions as JavaScript's.

import { isPlain, type Plain } from '../plain-object.ts'
import { isCondition } from './filter-check.ts'

/** What an operator of ours compares with. */
export class Operand {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }

  toJSON(): string {
    return 'a value'
  }
}

/** What `$all` wants: values, and conditions for items in mingo's form. */
export interface AllOperand {
  readonly values: readonly unknown[]
  readonly matches: readonly Plain[]
}

/** A filter in stored form, checked, as mingo takes it. */
export function mingoFilter(filter: Plain): Plain {
  const converted: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(filter)) {
    // Branches were checked to be filters.
    if (key.startsWith('$')) converted[key] = (value as readonly Plain[]).map(mingoFilter)
    else converted[key] = isPlain(value) && isCondition(value) ? mingoCondition(value) : { $eq: new Operand(value) }
  }
  return converted
}

/** What `$pull` takes out: items that a filter or a condition matches, or that are equal to a value. */
export function mingoPull(argument: unknown): Plain {
  if (!isPlain(argument)) return { $eq: new Operand(argument) }
  return isCondition(argument) ? mingoCondition(argument) : mingoFilter(argument)
}

function mingoCondition(condition: Plain): Plain {
  const converted: Record<string, unknown> = {}
  for (const [operator, argument] of Object.entries(condition)) {
    if (operator === '$regex') converted['$matches'] = new Operand([argument, condition['$options'] ?? ''])
    else if (operator !== '$options') converted[operator] = mingoArgument(operator, argument)
  }
  return converted
}

function mingoArgument(operator: string, argument: unknown): unknown {
  switch (operator) {
    case '$exists':
    case '$size':
      return argument
    case '$not':
      // Checked to hold operators.
      return mingoCondition(argument as Plain)
    case '$elemMatch':
      return isCondition(argument as Plain) ? mingoCondition(argument as Plain) : mingoFilter(argument as Plain)
    case '$all':
      return new Operand(allOperand(argument as readonly unknown[]))
    default:
      return new Operand(argument)
  }
}

function allOperand(items: readonly unknown[]): AllOperand {
  const isMatch = (item: unknown): item is Plain => isPlain(item) && Object.keys(item)[0] === '$elemMatch'
  return { values: items.filter((item) => !isMatch(item)), matches: items.filter(isMatch).map(mingoCondition) }
}
