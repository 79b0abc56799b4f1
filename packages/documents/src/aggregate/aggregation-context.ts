// What pipelines may use: mingo's operators from a list, with our own filters and our own order where values are compared
// to be sorted. What is not on the list cannot be reached: nothing random, nothing that runs code, nothing that backtracks.

import { Context } from 'mingo/core'
import * as accumulators from 'mingo/operators/accumulator'
import * as arithmetic from 'mingo/operators/expression/arithmetic'
import * as array from 'mingo/operators/expression/array'
import * as boolean from 'mingo/operators/expression/boolean'
import * as comparison from 'mingo/operators/expression/comparison'
import * as conditional from 'mingo/operators/expression/conditional'
import * as date from 'mingo/operators/expression/date'
import * as expression from 'mingo/operators/expression'
import * as object from 'mingo/operators/expression/object'
import * as set from 'mingo/operators/expression/set'
import * as string from 'mingo/operators/expression/string'
import * as type from 'mingo/operators/expression/type'
import * as variable from 'mingo/operators/expression/variable'
import * as pipeline from 'mingo/operators/pipeline'
import { type Iterator as LazyIterator, Lazy } from 'mingo/lazy'
import { compileFilter, filterContext } from '../filter/filter.ts'
import { sortDocuments, sortSpecOf } from '../query/sort-documents.ts'

type Operators = Readonly<Record<string, unknown>>

/** Stages that mingo runs; `$lookup` asks the database (`aggregate.ts`). */
const stages = {
  $match: (documents: LazyIterator, filter: unknown) => {
    const { matches } = compileFilter(filter)
    return documents.filter((document) => matches(document))
  },
  $sort: (documents: LazyIterator, sort: Readonly<Record<string, unknown>>) =>
    documents.transform((all) => Lazy(sortDocuments(all as unknown[], sortSpecOf(sort)))),
  ...pick(pipeline, [
    '$addFields',
    '$count',
    '$facet',
    '$group',
    '$limit',
    '$project',
    '$replaceRoot',
    '$replaceWith',
    '$set',
    '$skip',
    '$sortByCount',
    '$unset',
    '$unwind',
  ]),
}

const grouping = pick(accumulators, [
  '$addToSet',
  '$avg',
  '$count',
  '$first',
  '$firstN',
  '$last',
  '$lastN',
  '$max',
  '$maxN',
  '$mergeObjects',
  '$min',
  '$minN',
  '$push',
  '$stdDevPop',
  '$stdDevSamp',
  '$sum',
  '$top',
  '$topN',
  '$bottom',
  '$bottomN',
])

const expressions = {
  ...arithmetic,
  ...array,
  ...boolean,
  ...comparison,
  ...conditional,
  // Not those that read or write dates as text, which ask ICU about time zones.
  ...pick(date, [
    '$dayOfMonth',
    '$dayOfWeek',
    '$dayOfYear',
    '$hour',
    '$isoDayOfWeek',
    '$isoWeek',
    '$isoWeekYear',
    '$millisecond',
    '$minute',
    '$month',
    '$second',
    '$week',
    '$year',
  ]),
  ...pick(expression, ['$literal']),
  ...object,
  ...set,
  ...pick(string, [
    '$concat',
    '$ltrim',
    '$replaceAll',
    '$replaceOne',
    '$rtrim',
    '$split',
    '$strLenBytes',
    '$strLenCP',
    '$strcasecmp',
    '$substr',
    '$substrBytes',
    '$substrCP',
    '$toLower',
    '$toUpper',
    '$trim',
  ]),
  ...pick(type, ['$isNumber', '$toBool', '$toDouble', '$toInt', '$toLong', '$toString', '$type']),
  ...variable,
}

/** Names of stages, `$lookup` among them. */
export const stageNames: ReadonlySet<string> = new Set([...Object.keys(stages), '$lookup'])

/** Names of operators within stages. */
export const expressionNames: ReadonlySet<string> = new Set([...Object.keys(expressions), ...Object.keys(grouping)])

/** For `Aggregator`. */
export const aggregationContext: Context = Context.from(filterContext)
  // Lists of operators picked by name are of the types that mingo gave them.
  .addPipelineOps(stages as unknown as Parameters<Context['addPipelineOps']>[0])
  .addAccumulatorOps(grouping as unknown as Parameters<Context['addAccumulatorOps']>[0])
  .addExpressionOps(expressions as unknown as Parameters<Context['addExpressionOps']>[0])

function pick(operators: Operators, names: readonly string[]): Operators {
  return Object.fromEntries(names.map((name) => [name, operators[name]]))
}
