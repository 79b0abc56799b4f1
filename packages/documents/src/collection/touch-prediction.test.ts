// What a write will use is worked out beforehand: then it takes one attempt where partitions are many, and, where what was
// known is out of date, another.

import type { Call } from '@streamy-db/core'
import { ClusterPort } from '@streamy-db/kv/testing'
import { expect, test } from 'vitest'
import { declaredIndexes } from '../catalogue/index-definition.ts'
import { documentActors } from '../document-actors.ts'
import { textOfId } from '../document-id.ts'
import { filterText } from '../filter/filter.ts'
import { textOfValue } from '../stored-text.ts'
import type { DocumentOperation, DocumentResult } from '../storage/document-operation.ts'
import { updateText } from '../update/apply-update.ts'
import { CollectionCalls } from './collection-calls.ts'
import { TouchPrediction } from './touch-prediction.ts'

const port = new ClusterPort({ placement: [0, 1, 2, 0], seed: 'prediction' }, documentActors)
const calls = new CollectionCalls('model')

async function execute(call: Call): Promise<unknown> {
  const running = port.execute([call])
  await port.run()
  return (await running).results[0]
}

test('writes that were predicted right are not tried again', async () => {
  const indexes = declaredIndexes({
    byA: { keys: { a: 1 } },
    byB: { keys: { b: 1 }, unique: true },
    some: { keys: { b: -1 }, where: { a: { $gte: 500 } } },
  })
  await execute(calls.declare(textOfValue(indexes, 'indexes')))
  const prediction = new TouchPrediction(port, calls, 'model')
  const before = port.cluster.attempts().length
  const write = async (id: number, operation: DocumentOperation): Promise<void> => {
    const idText = textOfId('model', id)
    const result = await execute(calls.writeDocument(idText, operation, await prediction.touches(idText, operation)))
    prediction.learn(result as DocumentResult)
  }
  for (let id = 0; id < 100; id++) await write(id, { kind: 'insert', document: { _id: id, a: id * 7, b: `b${id}` } })
  const filter = filterText({ _id: 7 })
  await write(7, { kind: 'update', update: updateText({ $inc: { a: 1000 } }), filter })
  await write(7, { kind: 'replace', document: { a: 1, b: 'other' } })
  await write(7, { kind: 'delete' })
  expect([...new Set(port.cluster.attempts().slice(before))]).toEqual([1])
  // Leaves split under a prediction that was made before.
  for (let id = 100; id < 1000; id++) await write(id, { kind: 'insert', document: { _id: id, a: id * 7, b: `b${id}` } })
  const again = port.cluster
    .attempts()
    .slice(before)
    .filter((attempt) => attempt > 1)
  expect(again.length).toBeGreaterThan(0)
  expect(again.length).toBeLessThan(120)
})
