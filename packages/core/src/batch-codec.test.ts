// The form of an entry: what goes in comes out, and whatever damage there is, everyone finds it void.

import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BatchBuilder } from './batch-builder.ts'
import {
  batchKinds,
  controlBody,
  encodeControlBatch,
  formatVersion,
  openBatch,
  transactionIn,
  transactionsOf,
  type Batch,
  type VoidBatch,
} from './batch-codec.ts'
import { ByteWriter } from './byte-writer.ts'
import { Packed } from './packed.ts'
import { limits } from './limits.ts'
import { anyTransaction } from './testing/any-transaction.ts'
import { damaged } from './testing/damage.ts'
import { scriptCall } from './testing/toy-script.ts'
import { toyTransaction } from './testing/toy-transactions.ts'
import { transactionBytes } from './transaction-codec.ts'
import { actorRef, type Transaction } from './transaction.ts'

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
        expect(transactionsOf(batch).map(({ partitions: named }) => named)).toEqual(list.map(([, named]) => named))
        expect(allIn(batch)).toEqual(list.map(([transaction]) => transaction))
        expect(builder.count).toBe(0)
      }),
    )
  })

  it('gives each partition those that name it, in their order, without looking at the others', () => {
    const builder = new BatchBuilder()
    const named = [[2], [0], [0, 2], [], [1], [0]]
    named.forEach((partitions, index) =>
      builder.add(toyTransaction(index, [scriptCall('a', [])], { touches: [] }), partitions),
    )
    const batch = opened(builder.take())
    const ofPartition = (partition: number): number[] =>
      transactionsOf(batch, (partitions) => partitions.length === 0 || partitions.includes(partition)).map(
        ({ index }) => index,
      )
    expect([0, 1, 2, 3].map(ofPartition)).toEqual([[1, 2, 3, 5], [3, 4], [0, 2, 3], [3]])
  })

  it('names what its transactions share once', () => {
    const overhead = entryOf(small).length
    const perTransaction = (entryOf(...many(101, small)).length - overhead) / 100
    expect(perTransaction).toBeLessThan(bytesOf(small).length + 4)
    expect(perTransaction).toBeLessThan(transactionBytes(small) - 8)
  })

  it('of control gives back its body', () => {
    for (const kind of ['tick', 'create'] as const) {
      const batch = opened(encodeControlBatch(kind, Uint8Array.of(1, 2, 3)))
      expect([batch.kind, [...controlBody(batch)], transactionsOf(batch)]).toEqual([kind, [1, 2, 3], []])
      expect(controlBody(opened(encodeControlBatch(kind, new Uint8Array(0))))).toHaveLength(0)
    }
  })

  it('can be a part of a larger buffer', () => {
    const bytes = entryOf(small, small)
    const within = Buffer.concat([Buffer.alloc(5, 1), bytes, Buffer.alloc(5, 2)]).subarray(5, 5 + bytes.length)
    expect(allIn(opened(within))).toEqual([small, small])
  })
})

describe('a builder', () => {
  it(`is full with ${limits.transactionsPerBatchMax} transactions, and begins anew when taken`, () => {
    const builder = new BatchBuilder()
    for (let count = 0; count < limits.transactionsPerBatchMax; count++) expect(builder.add(small, [0])).toBe(true)
    expect(builder.add(small, [0])).toBe(false)
    expect(opened(builder.take()).count).toBe(limits.transactionsPerBatchMax)
    expect(builder.add(small, [0])).toBe(true)
    expect(allIn(opened(builder.take()))).toEqual([small])
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
    const overhead = transactionBytes(withBytes(0)) + 2
    const largest = withBytes(limits.requestBytesMax - overhead)
    expect(transactionBytes(largest)).toBe(limits.requestBytesMax)
    expect(builder.add(largest, [0])).toBe(true)
    const tooLarge = withBytes(limits.requestBytesMax - overhead + 1)
    expect(() => builder.add(tooLarge, [0])).toThrow(expect.objectContaining({ code: 'VALUE_TOO_LARGE' }))
    expectTransactions(builder.take(), [largest])
  })

  it('holds a transaction to its limit in the form in which it is stored, where its names stand in full', () => {
    const builder = new BatchBuilder()
    const touches = Array.from({ length: 4096 }, (_, key) => {
      return { ref: actorRef('t'.repeat(limits.nameBytesMax), `${key}`), mode: 'read' as const }
    })
    const wordy = { ...withBytes(400_000), touches }
    expect(() => builder.add(wordy, [0])).toThrow(expect.objectContaining({ code: 'VALUE_TOO_LARGE' }))
    expect(builder.add({ ...wordy, calls: small.calls }, [0])).toBe(true)
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

  const body = entryBody(small)
  it.each<[string, (bytes: Buffer) => Buffer, string]>([
    ['with an unknown kind', (bytes) => withByte(bytes, 6, 9), 'kind'],
    ['with another magic byte', (bytes) => withByte(bytes, 4, 0), 'not an entry'],
    ['with a reserved byte', (bytes) => withByte(bytes, 7, 1), 'reserved'],
    ['without transactions', () => raw(batchKinds.transactions, 0, [], [], []), 'count'],
    ['of control with transactions', () => raw(batchKinds.tick, 1, [group([0], body)], [0], body), 'count'],
    ['of control with a group', () => raw(batchKinds.tick, 0, [group([0], [])], [], []), 'of control'],
    [
      'with more transactions than allowed',
      (bytes) => withCount(bytes, limits.transactionsPerBatchMax + 1),
      'too many',
    ],
    ['that claims four billion transactions', (bytes) => withCount(bytes, 0xffffffff), 'too many'],
    ['with names longer than itself', (bytes) => withLength(bytes, 12, 0xffffffff), 'index'],
    ['with an index longer than itself', (bytes) => withLength(bytes, 16, 0xffffffff), 'index'],
    ['with an index that ends too early', (bytes) => withLength(bytes, 16, 1), ''],
    ['with names that end too early', (bytes) => withLength(bytes, 12, 1), ''],
    [
      'with a session that it does not name',
      () => raw(0, 1, [group([0], body)], [0], body, [0, 1, 0, 0, 0]),
      'session',
    ],
    ['with more transactions than its index', () => raw(0, 2, [group([0], body)], [0], body), 'shorter'],
    ['with fewer transactions than its index', () => raw(0, 1, [group([0], body)], [0, 0], body), 'left over'],
    ['with a transaction of no group', () => raw(0, 1, [group([0], body)], [1], body), 'not there'],
    [
      'with groups that have more bytes than there are',
      () => raw(0, 1, [group([0], [...body, 0])], [0], body),
      'add up',
    ],
    ['with groups that have fewer', () => raw(0, 1, [group([0], body.slice(1))], [0], body), 'add up'],
    ['with partitions out of order', () => raw(0, 1, [group([5, 3], body)], [0], body), 'ascending'],
    ['with a partition named twice', () => raw(0, 1, [group([3, 3], body)], [0], body), 'ascending'],
    ['with a list of partitions longer than itself', () => raw(0, 1, [[0xff, 0xff, 0x7f]], [0], body), 'too large'],
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
          ? raw(0, noise[0] ?? 1, [[...noise.subarray(0, 20)]], [], noise.subarray(20))
          : Buffer.from(noise)
        const opening = openBatch(bytes.length >= 20 ? sealed(bytes) : bytes)
        expect(['void', 'transactions', 'tick', 'create']).toContain(opening.kind)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a group is void', () => {
  const body = entryBody(small)
  const sound = [...body]
  it.each<[string, readonly number[], readonly number[], string]>([
    ['with more transactions than the index', [...body, ...body], [1, 0], 'more or fewer'],
    ['with fewer transactions than the index', body, [1, 0, 0], 'more or fewer'],
    ['whose transactions end too early', body.slice(0, -1), [1, 0], 'too early'],
    ['with a transaction above its limit', varint(limits.transactionBytesMax + 1), [1, 0], 'too large'],
  ])('%s, and no other', (_, bytes, order, reason) => {
    const groups = [group([0], bytes), group([1], sound)]
    const batch = opened(raw(0, order.length, groups, order, [...bytes, ...sound]))
    const reasons: string[] = []
    const found = transactionsOf(batch, undefined, (each) => reasons.push(each))
    expect(found.map(({ index, partitions }) => [index, partitions])).toEqual([[0, [1]]])
    expect(found.map((each) => transactionIn(batch, each))).toEqual([small])
    expect(reasons).toEqual([expect.stringContaining(reason)])
    // Whoever owns nothing of it does not even look.
    expect(
      transactionsOf(
        batch,
        ([partition]) => partition === 1,
        () => expect.fail('it was read'),
      ),
    ).toEqual(found)
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

function allIn(batch: Batch): Transaction[] {
  return transactionsOf(batch).map((found) => transactionIn(batch, found))
}

// By their bytes, since the equality of a test framework takes seconds over large ones.
function expectTransactions(bytes: Uint8Array, transactions: readonly Transaction[]): void {
  const found = allIn(opened(bytes))
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

// Its bytes in an entry.
function bytesOf(transaction: Transaction): Uint8Array {
  const batch = opened(entryOf(transaction))
  const [found] = transactionsOf(batch)
  return batch.bytes.subarray(found!.start, found!.end)
}

// What stands behind the index of an entry with this transaction.
function entryBody(transaction: Transaction): number[] {
  const batch = opened(entryOf(transaction))
  return [...batch.bytes.subarray(batch.bodyStart)]
}

function many<Item>(count: number, item: Item): Item[] {
  return Array.from({ length: count }, () => item)
}

// The head of a group with these bytes.
function group(partitions: readonly number[], bytes: readonly number[]): number[] {
  return [partitions.length, ...partitions, ...varint(bytes.length)]
}

function raw(
  kind: number,
  count: number,
  groups: readonly (readonly number[])[],
  order: readonly number[],
  body: ArrayLike<number>,
  shared: readonly number[] = sharedBy(small),
): Buffer {
  const index = [groups.length, ...groups.flat(), ...order]
  const header = Buffer.alloc(20)
  header.set([0x53, formatVersion, kind, 0], 4)
  header.writeUInt32LE(count, 8)
  header.writeUInt32LE(shared.length, 12)
  header.writeUInt32LE(index.length, 16)
  return sealed(Buffer.concat([header, Buffer.from([...shared, ...index]), Uint8Array.from(body)]))
}

// What an entry with this transaction says that its transactions share.
function sharedBy(transaction: Transaction): number[] {
  const bytes = Buffer.from(entryOf(transaction))
  return [...bytes.subarray(20, 20 + bytes.readUInt32LE(12))]
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

function withLength(bytes: Buffer, at: number, length: number): Buffer {
  bytes.writeUInt32LE(length, at)
  return bytes
}

function varint(value: number): number[] {
  const out = new ByteWriter()
  out.varint(value)
  return [...out.take()]
}
