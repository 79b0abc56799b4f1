// The form of an entry: what goes in comes out, and whatever damage there is, everyone finds it void.

import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BatchBuilder,
  batchKinds,
  controlBody,
  encodeControlBatch,
  formatVersion,
  openBatch,
  type Batch,
  type VoidBatch,
} from './batch-codec.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { Packed } from './packed.ts'
import { limits } from './limits.ts'
import { anyTransaction } from './testing/any-transaction.ts'
import { damaged } from './testing/damage.ts'
import { scriptCall } from './testing/toy-script.ts'
import { toyTransaction } from './testing/toy-transactions.ts'
import { decodeTransaction } from './transaction-codec.ts'
import type { Transaction } from './transaction.ts'

const small = toyTransaction(1, [scriptCall('a', [['add', 1]])])

describe('an entry', () => {
  it('gives back its transactions and the partitions that each names', () => {
    const partitions = fc.uniqueArray(fc.nat(1000), { maxLength: 5 }).map((list) => list.sort((a, b) => a - b))
    fc.assert(
      fc.property(fc.array(fc.tuple(anyTransaction, partitions), { minLength: 1, maxLength: 6 }), (list) => {
        const builder = new BatchBuilder()
        for (const [transaction, named] of list) expect(builder.add(transaction, named)).toBe(true)
        expect(builder.count).toBe(list.length)
        const batch = opened(builder.take())
        expect(batch.kind).toBe('transactions')
        expect(batch.partitions).toEqual(list.map(([, named]) => named))
        expect(transactionsOf(batch)).toEqual(list.map(([transaction]) => transaction))
        expect(builder.count).toBe(0)
      }),
    )
  })

  it('of control gives back its body', () => {
    for (const kind of ['tick', 'create'] as const) {
      const batch = opened(encodeControlBatch(kind, Uint8Array.of(1, 2, 3)))
      expect([batch.kind, [...controlBody(batch)], batch.partitions]).toEqual([kind, [1, 2, 3], []])
      expect(controlBody(opened(encodeControlBatch(kind, new Uint8Array(0))))).toHaveLength(0)
    }
  })

  it('can be a part of a larger buffer', () => {
    const bytes = entryOf(small, small)
    const within = Buffer.concat([Buffer.alloc(5, 1), bytes, Buffer.alloc(5, 2)]).subarray(5, 5 + bytes.length)
    expect(transactionsOf(opened(within))).toEqual([small, small])
  })
})

describe('a builder', () => {
  it(`is full with ${limits.transactionsPerBatchMax} transactions, and begins anew when taken`, () => {
    const builder = new BatchBuilder()
    for (let count = 0; count < limits.transactionsPerBatchMax; count++) expect(builder.add(small, [0])).toBe(true)
    expect(builder.add(small, [0])).toBe(false)
    expect(opened(builder.take()).partitions).toHaveLength(limits.transactionsPerBatchMax)
    expect(builder.add(small, [0])).toBe(true)
    expect(transactionsOf(opened(builder.take()))).toEqual([small])
  })

  it('is full by its bytes too, and what did not fit leaves nothing behind', () => {
    const builder = new BatchBuilder()
    const large = withBytes(300_000)
    expect([1, 2, 3, 4].map(() => builder.add(large, [0]))).toEqual([true, true, true, false])
    expect(builder.add(small, [1])).toBe(true)
    const bytes = builder.take()
    expect(bytes.length).toBeLessThanOrEqual(limits.batchBytesMax)
    expectTransactions(bytes, [large, large, large, small])
  })

  it('takes a transaction at its limit, and refuses one above it for good', () => {
    const builder = new BatchBuilder()
    const overhead = sizeOf(withBytes(0)) + 2
    const largest = withBytes(limits.requestBytesMax - overhead)
    expect(sizeOf(largest)).toBe(limits.requestBytesMax)
    expect(builder.add(largest, [0])).toBe(true)
    const tooLarge = withBytes(limits.requestBytesMax - overhead + 1)
    expect(() => builder.add(tooLarge, [0])).toThrow(expect.objectContaining({ code: 'VALUE_TOO_LARGE' }))
    expectTransactions(builder.take(), [largest])
  })

  it('takes a later attempt that has grown into the room kept for it', () => {
    const builder = new BatchBuilder()
    const grown = { ...withBytes(limits.requestBytesMax), attempt: 2 }
    expect(builder.add(grown, [0])).toBe(true)
    expectTransactions(builder.take(), [grown])
  })
})

describe('an entry is void', () => {
  it('with any byte changed, and cut off anywhere', () => {
    for (const bytes of [entryOf(small, withBytes(100)), encodeControlBatch('tick', Uint8Array.of(7))])
      for (const broken of damaged(bytes)) expect(openBatch(broken).kind).toBe('void')
  })

  const body = bytesOf(small)
  it.each<[string, (bytes: Buffer) => Buffer, string]>([
    ['with an unknown kind', (bytes) => withByte(bytes, 6, 9), 'kind'],
    ['with another magic byte', (bytes) => withByte(bytes, 4, 0), 'not an entry'],
    ['with a reserved byte', (bytes) => withByte(bytes, 7, 1), 'reserved'],
    ['without transactions', () => raw(batchKinds.transactions, 0, [], []), 'count'],
    ['of control with transactions', () => raw(batchKinds.tick, 1, [body.length, 0], body), 'count'],
    [
      'with more transactions than allowed',
      (bytes) => withCount(bytes, limits.transactionsPerBatchMax + 1),
      'too many',
    ],
    ['that claims four billion transactions', (bytes) => withCount(bytes, 0xffffffff), 'too many'],
    ['with an index longer than itself', (bytes) => withIndexLength(bytes, 0xffffffff), 'index'],
    ['with an index that ends too early', (bytes) => withIndexLength(bytes, 1), ''],
    ['with an index that names more bytes than there are', () => raw(0, 1, [body.length + 1, 0], body), 'add up'],
    ['with an index that names fewer', () => raw(0, 1, [body.length - 1, 0], body), 'add up'],
    ['with bytes left over in its index', () => raw(0, 1, [body.length, 0, 0], body), 'left over'],
    ['with partitions out of order', () => raw(0, 1, [body.length, 2, 5, 3], body), 'ascending'],
    ['with a partition named twice', () => raw(0, 1, [body.length, 2, 3, 3], body), 'ascending'],
    [
      'with a list of partitions longer than itself',
      () => raw(0, 1, [body.length, 0xff, 0xff, 0x7f], body),
      'too large',
    ],
    [
      'with a transaction above its limit',
      () => raw(0, 1, varint(limits.transactionBytesMax + 1).concat(0), []),
      'too large',
    ],
  ])('%s, though its checksum is right', (_, change, reason) => {
    const opening = openBatch(sealed(change(Buffer.from(entryOf(small)))))
    expect(opening.kind).toBe('void')
    expect((opening as VoidBatch).reason).toContain(reason)
  })

  it('above its limit', () => {
    expect(openBatch(sealed(Buffer.alloc(limits.batchBytesMax + 1)))).toMatchObject({ kind: 'void' })
  })

  it('whatever else it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, plausible) => {
        const bytes = plausible
          ? raw(0, noise[0] ?? 1, [...noise.subarray(0, 20)], noise.subarray(20))
          : Buffer.from(noise)
        const opening = openBatch(bytes.length >= 16 ? sealed(bytes) : bytes)
        expect(['void', 'transactions', 'tick', 'create']).toContain(opening.kind)
      }),
      { numRuns: 300 },
    )
  })
})

describe('an intact entry of another format version', () => {
  it.each([0, formatVersion + 1, 255])('stops its reader: version %i', (version) => {
    const bytes = sealed(withByte(Buffer.from(entryOf(small)), 5, version))
    expect(() => openBatch(bytes)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }))
  })
})

function opened(bytes: Uint8Array): Batch {
  const batch = openBatch(bytes)
  if (batch.kind === 'void') throw new Error((batch as VoidBatch).reason)
  return batch as Batch
}

function transactionsOf({ bytes, offsets, partitions }: Batch): Transaction[] {
  return partitions.map((_, index) => decodeTransaction(new ByteReader(bytes, offsets[index]!, offsets[index + 1]!)))
}

// By their bytes, since the equality of a test framework takes seconds over large ones.
function expectTransactions(bytes: Uint8Array, transactions: readonly Transaction[]): void {
  const found = transactionsOf(opened(bytes))
  expect(found).toHaveLength(transactions.length)
  for (const [index, transaction] of transactions.entries())
    expect(Buffer.compare(bytesOf(found[index]!), bytesOf(transaction))).toBe(0)
}

function entryOf(...transactions: readonly Transaction[]): Uint8Array {
  const builder = new BatchBuilder()
  for (const transaction of transactions) builder.add(transaction, [0, 3])
  return builder.take()
}

function withBytes(size: number): Transaction {
  const call = scriptCall('a', [])
  return { ...small, calls: [{ ...call, args: [new Packed(new Uint8Array(size).fill(7))] }] }
}

function bytesOf(transaction: Transaction): Uint8Array {
  const { bytes, offsets } = opened(entryOf(transaction))
  return bytes.subarray(offsets[0], offsets[1])
}

function sizeOf(transaction: Transaction): number {
  return bytesOf(transaction).length
}

function raw(kind: number, count: number, index: readonly number[], body: ArrayLike<number>): Buffer {
  const header = Buffer.alloc(16)
  header.set([0x53, formatVersion, kind, 0], 4)
  header.writeUInt32LE(count, 8)
  header.writeUInt32LE(index.length, 12)
  return sealed(Buffer.concat([header, Buffer.from(index), Uint8Array.from(body)]))
}

function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0)
  return bytes
}

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  bytes[at] = value
  return bytes
}

function withCount(bytes: Buffer, count: number): Buffer {
  bytes.writeUInt32LE(count, 8)
  return bytes
}

function withIndexLength(bytes: Buffer, length: number): Buffer {
  bytes.writeUInt32LE(length, 12)
  return bytes
}

function varint(value: number): number[] {
  const out = new ByteWriter()
  out.varint(value)
  return [...out.take()]
}
