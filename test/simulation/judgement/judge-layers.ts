// Judges what clients did with the layers, by models of them, and what is in them in the end.

import { StreamyError } from '@streamy-db/core'
import type { Database } from '@streamy-db/runtime'
import { kvSpace } from '@streamy-db/kv'
import { collectionNames, runDocuments, type DocumentCall } from '../load/document-operations.ts'
import { kvSpaceName, runKv, type KvCall } from '../load/kv-operations.ts'
import type { Recorder } from '../load/recorder.ts'
import type { Plan } from '../plan.ts'
import type { Violation } from '../simulated-cluster.ts'
import { DocumentLayerModel } from './document-layer-model.ts'
import { judgeModel } from './judge-model.ts'
import { KvLayerModel } from './kv-layer-model.ts'
import type { OperationRecords } from './operation-records.ts'

/** What is in the layers at the end, and the newest entry of the log when it was read. */
export interface LayerEnd {
  readonly sequence: number
  readonly kv: readonly (readonly [KvCall, unknown])[]
  readonly documents: readonly (readonly [DocumentCall, unknown])[]
}

const mark = undefined
const kvReads: readonly KvCall[] = [
  { kind: 'list', mark, selector: {}, reverse: false, limit: 100_000 },
  { kind: 'list', mark, selector: {}, reverse: true, limit: 100_000 },
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
  const kv: [KvCall, unknown][] = []
  if (lanes.kv > 0)
    for (const call of kvReads) kv.push([call, await again(() => runKv(kvSpace(db, kvSpaceName), db, call))])
  const documents: [DocumentCall, unknown][] = []
  if (lanes.documents > 0)
    for (const call of documentReads) documents.push([call, await again(() => runDocuments(db, call))])
  return { sequence, kv, documents }
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
      name: 'kv',
      operations: recorder.operations('kv'),
      records,
      model: new KvLayerModel(),
      end: { sequence, reads: end.kv },
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
