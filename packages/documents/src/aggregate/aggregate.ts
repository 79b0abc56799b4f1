// Aggregations: a pipeline over documents of one moment. What the pipeline begins with, `$match`, `$sort` and `$limit`, is
// left to indexes; the rest runs in the caller's process, over documents in memory. `$lookup` asks the database in between.

import { Aggregator } from 'mingo/aggregator'
import { MingoError } from 'mingo/util'
import type { LayerPort, LayerSnapshot } from '@streamy-db/runtime'
import { FilterInvalid, TooManyDocuments } from '../document-errors.ts'
import { keyBytesOf } from '../index-keys/index-key-codec.ts'
import { valuesAt } from '../index-keys/path-values.ts'
import { documentLimits } from '../limits.ts'
import { aggregationContext } from './aggregation-context.ts'
import { type Lookup, lookupOf, type Stage, stagesOf } from './check-pipeline.ts'

/** A part of a query, from the same moment as all others. */
export type FindDocuments = (
  collection: string,
  filter: Readonly<Record<string, unknown>>,
  options: { readonly sort?: Readonly<Record<string, 1 | -1>>; readonly limit?: number; readonly allowScan: boolean },
) => AsyncIterable<unknown>

/** A pipeline whose beginning is a query. */
interface PlannedPipeline {
  readonly filter: Readonly<Record<string, unknown>>
  readonly sort: Readonly<Record<string, 1 | -1>> | undefined
  readonly limit: number | undefined
  readonly rest: readonly Stage[]
}

const LOOKUP_VALUES = 200

/** Runs a pipeline. `now` is what `$$NOW` stands for, in milliseconds. */
export async function aggregate(
  collection: string,
  pipeline: unknown,
  {
    find,
    now,
    allowScan,
  }: { readonly find: FindDocuments; readonly now: () => Promise<number>; readonly allowScan: boolean },
): Promise<unknown[]> {
  const { filter, sort, limit, rest } = planPipeline(stagesOf(pipeline))
  const options = { ...(sort === undefined ? {} : { sort }), ...(limit === undefined ? {} : { limit }), allowScan }
  let documents = await gather(collection, find(collection, filter, options))
  const time = usesNow(rest) ? new Date(await now()) : undefined
  let segment: Stage[] = []
  for (const stage of rest) {
    if (stage.name !== '$lookup') {
      segment.push(stage)
      continue
    }
    documents = await lookUp(run(documents, segment, time), lookupOf(stage.argument), find)
    segment = []
  }
  return run(documents, segment, time)
}

/** A source of one snapshot for several queries, which their ends leave open. */
export function sharedSnapshot(snapshot: LayerSnapshot): Pick<LayerPort, 'snapshot'> {
  const shared: LayerSnapshot = {
    get position() {
      return snapshot.position
    },
    query: (call) => snapshot.query(call),
    close: () => {},
  }
  return { snapshot: () => Promise.resolve(shared) }
}

function planPipeline(stages: readonly Stage[]): PlannedPipeline {
  let place = 0
  const filters: unknown[] = []
  for (; stages[place]?.name === '$match'; place++) filters.push(stages[place]!.argument)
  const sort = stages[place]?.name === '$sort' ? stages[place++]!.argument : undefined
  const limit = stages[place]?.name === '$limit' ? stages[place++]!.argument : undefined
  return {
    filter: filters.length === 0 ? {} : { $and: filters },
    // The stages were checked.
    sort: sort as PlannedPipeline['sort'],
    limit: limit as number | undefined,
    rest: stages.slice(place),
  }
}

async function gather(collection: string, documents: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const document of documents) {
    if (all.length >= documentLimits.documentsInMemoryMax) throw tooMany(collection)
    all.push(document)
  }
  return all
}

function run(documents: unknown[], stages: readonly Stage[], now: Date | undefined): unknown[] {
  if (stages.length === 0) return documents
  const pipeline = stages.map(({ name, argument }) => ({
    [name]: now === undefined ? argument : withNow(argument, now),
  }))
  try {
    return new Aggregator(pipeline as never, { context: aggregationContext, scriptEnabled: false }).run(
      documents as never,
    )
  } catch (cause) {
    if (!(cause instanceof MingoError)) throw cause
    throw new FilterInvalid(`The pipeline cannot be run: ${cause.message}`, { operator: undefined, path: '' })
  }
}

async function lookUp(documents: readonly unknown[], lookup: Lookup, find: FindDocuments): Promise<unknown[]> {
  const localPath = lookup.localField.split('.')
  const values = new Map<string, unknown>()
  for (const document of documents)
    for (const value of valuesAt(document, localPath).values) values.set(keyOf(value), value)
  const foreign = await foreignDocuments([...values.values()], lookup, find)
  return documents.map((document) => {
    const met = new Set<unknown>()
    for (const value of valuesAt(document, localPath).values)
      for (const each of foreign.get(keyOf(value)) ?? []) met.add(each)
    return withField(document as Readonly<Record<string, unknown>>, lookup.as.split('.'), [...met])
  })
}

// Documents of the other collection by the values that they have.
async function foreignDocuments(
  values: readonly unknown[],
  { from, foreignField }: Lookup,
  find: FindDocuments,
): Promise<ReadonlyMap<string, unknown[]>> {
  const byValue = new Map<string, unknown[]>()
  const path = foreignField.split('.')
  for (let at = 0; at < values.length; at += LOOKUP_VALUES) {
    const some = values.slice(at, at + LOOKUP_VALUES)
    const wanted = new Set(some.map(keyOf))
    const filter = { [foreignField]: { $in: some.map((value) => value ?? null) } }
    for (const document of await gather(from, find(from, filter, { allowScan: true })))
      for (const key of new Set(valuesAt(document, path).values.map(keyOf)))
        if (wanted.has(key)) byValue.set(key, [...(byValue.get(key) ?? []), document])
  }
  return byValue
}

function withField(
  document: Readonly<Record<string, unknown>>,
  path: readonly string[],
  value: unknown,
): Readonly<Record<string, unknown>> {
  const [name, ...rest] = path
  if (rest.length === 0) return { ...document, [name!]: value }
  const inner = document[name!]
  const base = typeof inner === 'object' && inner !== null ? (inner as Readonly<Record<string, unknown>>) : {}
  return { ...document, [name!]: withField(base, rest, value) }
}

function keyOf(value: unknown): string {
  return Buffer.from(keyBytesOf(value)).toString('latin1')
}

function usesNow(value: unknown): boolean {
  if (value === '$$NOW') return true
  return typeof value === 'object' && value !== null && !(value instanceof Date) && Object.values(value).some(usesNow)
}

function withNow(value: unknown, now: Date): unknown {
  if (value === '$$NOW') return now
  if (Array.isArray(value)) return value.map((item) => withNow(item, now))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withNow(item, now)]))
}

function tooMany(collection: string): TooManyDocuments {
  const { documentsInMemoryMax } = documentLimits
  return new TooManyDocuments(
    `A pipeline would hold more than ${documentsInMemoryMax} documents of ${collection} in memory: narrow its first $match.`,
    { collection, documentsMax: documentsInMemoryMax },
  )
}
