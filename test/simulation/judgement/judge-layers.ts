// Judges what clients did with the layers, by models of them, and what is in them in the end.

import { StreamyError } from '@streamy-db/core'
import type { Database } from '@streamy-db/runtime'
import { kvSpace } from '@streamy-db/kv'
import { collectionNames, runDocuments, type DocumentCall } from '../load/document-operations.ts'
import { entrySpace, runEntries, type EntryCall } from '../load/entry-operations.ts'
import type { Recorder } from '../load/recorder.ts'
import type { Plan } from '../plan.ts'
import type { Violation } from '../simulated-cluster.ts'
import { DocumentLayerModel } from './document-layer-model.ts'
import { judgeModel } from './judge-model.ts'
import { EntryLayerModel } from './entry-layer-model.ts'
import type { OperationRecords } from './operation-records.ts'

/** What is in the layers at the end, and the newest entry of the log when it was read. */
export interface LayerEnd {
  readonly sequence: number
  readonly entries: readonly (readonly [EntryCall, unknown])[]
  readonly documents: readonly (readonly [DocumentCall, unknown])[]
}

const mark = undefined
const entryReads: readonly EntryCall[] = [
  { kind: 'list', mark, selector: {}, reverse: false, limit: 100_000 },
  { kind: 'list', mark, selector: {}, reverse: true, limit: 100_000 },
  { kind: 'verify', mark },
]
const documentReads: readonly DocumentCall[] = [
  ...collectionNames.flatMap((collection): DocumentCall[] => [
    { kind: 'all', mark, collection },
    { kind: 'verify', mark, collection },
  ]),
  { kind: 'moves', mark },
]

/** Reads everything, by the layers that the run has used. */
export async function readLayers(db: Database, { lanes }: Plan, sequence: number): Promise<LayerEnd> {
  const entries: [EntryCall, unknown][] = []
  if (lanes.entries > 0)
    for (const call of entryReads)
      entries.push([call, await again(() => runEntries(kvSpace(db, entrySpace), db, call))])
  const documents: [DocumentCall, unknown][] = []
  if (lanes.documents > 0)
    for (const call of documentReads) documents.push([call, await again(() => runDocuments(db, call))])
  return { sequence, entries, documents }
}

// What a snapshot reads may be flushed over by the checkpoint of the end.
async function again<Reply>(read: () => Promise<Reply>): Promise<Reply> {
  for (;;)
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof StreamyError) || error.code !== 'SNAPSHOT_EXPIRED') throw error
    }
}

/** What the models say of it. */
export function judgeLayers(recorder: Recorder, records: OperationRecords, end: LayerEnd): readonly Violation[] {
  const { sequence } = end
  return [
    ...judgeModel({
      name: 'entries',
      operations: recorder.operations('entries'),
      records,
      model: new EntryLayerModel(),
      end: { sequence, reads: end.entries },
    }),
    ...judgeModel({
      name: 'documents',
      operations: recorder.operations('documents'),
      records,
      model: new DocumentLayerModel(),
      end: { sequence, reads: end.documents },
    }),
  ]
}
