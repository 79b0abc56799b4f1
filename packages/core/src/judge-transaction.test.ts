// What makes a transaction void by its own bytes and its index, alike for every worker that the index names.

import { describe, expect, it } from 'vitest'
import { BatchBuilder } from './batch-builder.ts'
import { openBatch, transactionsOf, type Batch } from './batch-codec.ts'
import { indexedPartitions } from './footprint.ts'
import { judgeTransaction } from './judge-transaction.ts'
import { scriptCall, toyRef } from './testing/toy-script.ts'
import { keyIn, request, toyTransaction } from './testing/toy-transactions.ts'
import type { Transaction } from './transaction.ts'

const partitions = 4
const sound = toyTransaction(1, [scriptCall(keyIn(1, partitions), []), scriptCall(keyIn(3, partitions), [])])
const tell: Transaction = { ...sound, source: 2, request: request(1, { session: '~2' }) }

describe('a transaction is sound', () => {
  it.each<[string, Transaction]>([
    ['as a client sends it', sound],
    ['as a tell', tell],
    ['as the retry of a tell, which has no source', { ...tell, source: undefined, attempt: 2 }],
    ['as an exclusive attempt, whose index names everyone', { ...sound, attempt: 4 }],
    [
      'with touches and asserts',
      { ...sound, touches: [{ ref: toyRef('x'), mode: 'read' }], asserts: [{ ref: toyRef('y'), version: 1 }] },
    ],
  ])('%s', (_, transaction) => {
    expect(judge(transaction)).toEqual(transaction)
  })

  it('without a request where P = 1', () => {
    const embedded = { ...sound, request: undefined }
    expect(judge(embedded, [], 1)).toEqual(embedded)
  })
})

describe('a transaction is void', () => {
  it.each<[string, Transaction]>([
    ['without a request where P > 1', { ...sound, request: undefined }],
    ['with a source that does not exist', { ...tell, source: 4, request: request(1, { session: '~4' }) }],
    ['with the session of another source', { ...tell, request: request(1, { session: '~1' }) }],
    ['with a source and the session of a client', { ...sound, source: 2 }],
    ['with a source and no request', { ...tell, request: undefined }],
    ['with the session of an outbox, from a client', { ...tell, source: undefined }],
  ])('%s', (_, transaction) => {
    expect(judge(transaction)).toEqual(expect.any(String))
  })

  it.each([[[]], [[1]], [[1, 2, 3]], [[1, 3, 4]], [[0, 1, 2, 3]], [[1, 7]]])(
    'whose index is not that of its footprint: %j',
    (named) => {
      expect(judge(sound, named)).toBe('its index differs from its footprint')
      expect(judge(sound, [1, 3])).toEqual(sound)
    },
  )

  it('with an index where P = 1', () => {
    expect(judge(sound, [0], 1)).toBe('its index differs from its footprint')
  })
})

function judge(
  transaction: Transaction,
  named = indexedPartitions(transaction, partitions),
  count = partitions,
): Transaction | string {
  const builder = new BatchBuilder()
  builder.add(transaction, named)
  const batch = openBatch(builder.take()) as Batch
  return judgeTransaction(batch, transactionsOf(batch)[0]!, count)
}
