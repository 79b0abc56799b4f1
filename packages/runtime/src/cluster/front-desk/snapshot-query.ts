// SnapshotQuery: answers one query from one position. When it reaches an actor of another worker, that one's record is
// fetched and the query runs again, until nothing is missing: all its reads are as of the same position.

import { endOfBatch, sequenceOf, type ActorRecord, type Call, type PartitionId, type Position } from '@streamy-db/core'
import type { QueryDesk } from '../../query-desk.ts'
import type { Ending } from '../ending.ts'
import type { QueryMessage } from '../protocol/client-message.ts'
import type { Freshness } from '../protocol/question.ts'
import type { FrontDeskHost, PartitionReader, SnapshotAnswer } from './front-desk-host.ts'
import { frontDeskLimits } from './front-desk-limits.ts'
import type { RecordFetcher } from './record-fetcher.ts'
import type { SharedBarrier } from './shared-barrier.ts'

/** What queries are answered with. */
export interface SnapshotQueryOptions {
  readonly host: FrontDeskHost
  readonly barrier: SharedBarrier
  readonly fetcher: RecordFetcher
  /** Runs those together that have come together. */
  readonly desk: QueryDesk
  /** Ends the waiting for what does not come. */
  readonly ending: Ending
  readonly encodeError: (thrown: unknown) => Extract<SnapshotAnswer, { kind: 'failed' }>['error']
}

/** Where a query is answered from. */
interface Snapshot {
  readonly reader: PartitionReader
  readonly at: Position
}

/** The answer to question `id`; undefined when it is for somebody else to answer, or to be asked again. */
export async function answerQuery(
  options: SnapshotQueryOptions,
  partition: PartitionId,
  query: { readonly id: number; readonly call: Call; readonly freshness: Freshness },
): Promise<QueryMessage | undefined> {
  const { id, call, freshness } = query
  const snapshot = await snapshotFor(options, partition, freshness)
  if (snapshot === undefined) return undefined
  const answer = await answerFrom(options, snapshot, call)
  if (answer !== 'gone') {
    const { position, logTime } = { position: snapshot.at, logTime: snapshot.reader.logTime }
    return { ...answer, id, position, logTime }
  }
  // Whoever did not ask for this very position asks again and gets a newer one.
  return freshness.kind === 'at' ? { kind: 'snapshotGone', id } : undefined
}

async function snapshotFor(
  { host, barrier, ending }: SnapshotQueryOptions,
  partition: PartitionId,
  freshness: Freshness,
): Promise<Snapshot | undefined> {
  if (freshness.kind === 'since') {
    const current = host.current(partition)
    if (current !== undefined && current.position >= freshness.position)
      return { reader: current, at: current.position }
    const reader = await host.reader(partition, freshness.position, ending)
    return reader && { reader, at: reader.position }
  }
  const at = freshness.kind === 'at' ? freshness.position : await barrier.next()
  if (at !== endOfBatch(sequenceOf(at))) return undefined
  const reader = await host.reader(partition, at, ending)
  return reader && { reader, at }
}

type Answer = Extract<SnapshotAnswer, { kind: 'answer' | 'failed' }>

async function answerFrom(
  options: SnapshotQueryOptions,
  { reader, at }: Snapshot,
  call: Call,
): Promise<Answer | 'gone'> {
  const fetched = new Map<string, ActorRecord | undefined>()
  for (;;) {
    const answer = await options.desk.ask(() => run(options, () => reader.query(call, at, fetched)))
    if (answer.kind === 'gone') return 'gone'
    if (answer.kind !== 'missing') return answer
    if (fetched.size >= frontDeskLimits.recordsPerQueryMax) return tooManyRecords(call)
    const found = await options.fetcher.fetch(answer.ref, at, options.ending)
    if (found === 'gone') return 'gone'
    fetched.set(answer.ref.id, found.record)
  }
}

function run({ encodeError }: SnapshotQueryOptions, query: () => SnapshotAnswer): SnapshotAnswer {
  try {
    return query()
  } catch (thrown) {
    return { kind: 'failed', error: encodeError(thrown), reads: [] }
  }
}

function tooManyRecords({ ref, message }: Call): Answer {
  const text =
    `The query ${message} of ${ref.id} reads more than ${frontDeskLimits.recordsPerQueryMax} actors of other workers. ` +
    'Split it.'
  const error = { name: 'StreamyError', code: 'TRANSACTION_INVALID', message: text, data: undefined }
  return { kind: 'failed', error, reads: [] }
}
