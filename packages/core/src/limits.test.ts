// The limits as numbers: those that decide what is void in a log change replay when they change, so a change of one of
// them must be meant, and comes with another format version.

import { expect, it } from 'vitest'
import { formatVersion } from './batch-codec.ts'
import { limits } from './limits.ts'
import { endOfBatch, indexOf, positionOf, sequenceOf, transactionIndexMax } from './position.ts'

it('those of the log format stand as they are for as long as the format has its version', () => {
  const { transactionsPerBatchMax, batchBytesMax, transactionBytesMax, callsPerTransactionMax } = limits
  const { assertsPerTransactionMax, touchesPerTransactionMax, nameBytesMax, keyBytesMax, suffixBytesMax } = limits
  const format = {
    formatVersion,
    transactionsPerBatchMax,
    batchBytesMax,
    transactionBytesMax,
    callsPerTransactionMax,
    assertsPerTransactionMax,
    touchesPerTransactionMax,
    nameBytesMax,
    keyBytesMax,
    suffixBytesMax,
  }
  expect(format).toEqual({
    formatVersion: 2,
    transactionsPerBatchMax: 4095,
    batchBytesMax: 1_048_576,
    transactionBytesMax: 786_432,
    callsPerTransactionMax: 1024,
    assertsPerTransactionMax: 4096,
    touchesPerTransactionMax: 4096,
    nameBytesMax: 128,
    keyBytesMax: 4096,
    suffixBytesMax: 4608,
  })
})

it('all are positive integers', () => {
  for (const limit of Object.values(limits)) expect(Number.isSafeInteger(limit) && limit > 0).toBe(true)
})

it('a position holds its batch and its index', () => {
  for (const sequence of [1, 2, 4095, 4096, 2 ** 40])
    for (const index of [0, 1, transactionIndexMax]) {
      const position = positionOf(sequence, index)
      expect([sequenceOf(position), indexOf(position)]).toEqual([sequence, index])
      expect(position).toBeLessThan(positionOf(sequence + 1, 0))
      expect(position).toBeLessThanOrEqual(endOfBatch(sequence))
    }
  expect(Number.isSafeInteger(endOfBatch(2 ** 40))).toBe(true)
})
