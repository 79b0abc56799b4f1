// Checks pipelines before anything is read: stages and operators from the list, each named when it is not on it.

import { isPlain, type Plain } from '../plain-object.ts'
import { FilterInvalid } from '../document-errors.ts'
import { checkFilter } from '../filter/filter-check.ts'
import { documentLimits } from '../limits.ts'
import { sortSpecOf } from '../query/sort-documents.ts'
import { expressionNames, stageNames } from './aggregation-context.ts'

/** One stage. */
export interface Stage {
  readonly name: string
  readonly argument: unknown
}

/** `$lookup`: documents of another collection whose field has a value that this one's has. */
export interface Lookup {
  readonly from: string
  readonly localField: string
  readonly foreignField: string
  readonly as: string
}

/** The stages of a pipeline. Throws FilterInvalid. */
export function stagesOf(pipeline: unknown): Stage[] {
  if (!Array.isArray(pipeline)) throw invalid(undefined, 'A pipeline is a list of stages')
  return pipeline.map((stage) => stageOf(stage, false))
}

/** The argument of a `$lookup`. */
export function lookupOf(argument: unknown): Lookup {
  const { from, localField, foreignField, as, ...rest } = argument as Plain
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined) throw invalid('$lookup', `$lookup does not take ${unknown}`)
  for (const text of [from, localField, foreignField, as])
    if (typeof text !== 'string' || text === '' || text.split('.').includes('__proto__'))
      throw invalid('$lookup', '$lookup takes from, localField, foreignField and as, each a text')
  return { from, localField, foreignField, as } as Lookup
}

function stageOf(stage: unknown, isNested: boolean): Stage {
  const [name, ...others] = isPlain(stage) ? Object.keys(stage) : []
  if (name === undefined || others.length > 0) throw invalid(undefined, 'A stage is an object with one operator')
  if (!stageNames.has(name)) throw invalid(name, `The stage ${name} is unknown, or not allowed`)
  const argument = (stage as Plain)[name]
  if (name === '$match') checkFilter(argument)
  else if (name === '$sort') checkSort(argument)
  else if (name === '$limit' || name === '$skip') checkCount(name, argument)
  else if (name === '$facet') checkFacets(argument, isNested)
  else if (name === '$lookup') {
    if (isNested) throw invalid(name, '$lookup cannot be part of a $facet')
    lookupOf(isPlain(argument) ? argument : {})
  } else checkExpression(argument, 0)
  return { name, argument }
}

function checkSort(argument: unknown): void {
  if (!isPlain(argument)) throw invalid('$sort', '$sort takes an object of paths')
  sortSpecOf(argument)
}

function checkCount(name: string, argument: unknown): void {
  if (!Number.isSafeInteger(argument) || Number(argument) < (name === '$limit' ? 1 : 0))
    throw invalid(name, `${name} takes a whole number`)
}

function checkFacets(argument: unknown, isNested: boolean): void {
  if (isNested || !isPlain(argument))
    throw invalid('$facet', '$facet takes an object of pipelines, without another one')
  for (const pipeline of Object.values(argument)) {
    if (!Array.isArray(pipeline)) throw invalid('$facet', '$facet takes an object of pipelines')
    for (const stage of pipeline as readonly unknown[]) stageOf(stage, true)
  }
}

function checkExpression(value: unknown, depth: number): void {
  if (depth > 2 * documentLimits.filterDepthMax) throw invalid(undefined, 'A pipeline is nested too deep')
  if (Array.isArray(value)) for (const item of value as readonly unknown[]) checkExpression(item, depth + 1)
  if (!isPlain(value)) return
  for (const [key, item] of Object.entries(value)) {
    if (key.startsWith('$') && !expressionNames.has(key))
      throw invalid(key, `The operator ${key} is unknown, or not allowed in a pipeline`)
    if (key.split('.').includes('__proto__')) throw invalid(undefined, `${key} is no path to a field`)
    if (key !== '$literal') checkExpression(item, depth + 1)
  }
}

function invalid(operator: string | undefined, problem: string): FilterInvalid {
  return new FilterInvalid(`${problem}.`, { operator, path: '' })
}
