// ByteWriter and ByteReader together: each kind of field by itself. The formats made of them have tests of their own.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, MalformedBytes } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { Packed } from './packed.ts'
import { anyDatum } from './testing/any-transaction.ts'

describe('ByteWriter and ByteReader', () => {
  it('carry integers of every size in as few bytes as they need', () => {
    const sizes: [number, number][] = [
      [0, 1],
      [127, 1],
      [128, 2],
      [16_383, 2],
      [16_384, 3],
      [2 ** 32, 5],
      [Number.MAX_SAFE_INTEGER, 8],
    ]
    for (const [value, size] of sizes) {
      const bytes = written((out) => out.varint(value))
      expect([bytes.length, new ByteReader(bytes).varint()]).toEqual([size, value])
    }
  })

  it('carry data, texts, blobs and fixed fields one behind the other', () => {
    fc.assert(
      fc.property(
        fc.array(anyDatum),
        fc.string({ unit: 'grapheme' }),
        fc.uint8Array(),
        fc.double(),
        (data, text, blob, float) => {
          const bytes = written((out) => {
            out.u8(7)
            out.data(data)
            out.string(text)
            out.blob(blob)
            out.f64(float)
            out.u32(0xfffffffe)
          })
          const reader = new ByteReader(bytes)
          expect(reader.u8()).toBe(7)
          expect(reader.data()).toStrictEqual(data)
          expect(reader.string()).toBe(text)
          expect(Buffer.compare(reader.blob(), blob)).toBe(0)
          expect(reader.f64()).toBe(float)
          expect(reader.u32()).toBe(0xfffffffe)
          reader.finish()
        },
      ),
    )
  })

  it('carry texts of any length and alphabet', () => {
    for (const length of [0, 1, 31, 32, 33, 63, 64, 65, 127, 128, 5000])
      for (const unit of ['x', 'ä', '\uFEFF', '\u{1F600}', '\0']) {
        const bytes = written((out) => out.string(unit.repeat(length)))
        expect(new ByteReader(bytes).string()).toBe(unit.repeat(length))
      }
  })

  it('start anew when taken, and grow as they must', () => {
    const out = new ByteWriter(1)
    out.string('x'.repeat(10_000))
    expect(out.take()).toHaveLength(10_002)
    expect(out.length).toBe(0)
    out.u8(1)
    expect([...out.take()]).toEqual([1])
  })

  it('can take back what was written last, and copy a part', () => {
    const out = new ByteWriter()
    out.u8(1)
    const mark = out.length
    out.string('x'.repeat(500))
    expect(out.copy(mark)).toHaveLength(502)
    out.reset(mark)
    out.u8(2)
    const copy = out.copy(1)
    expect([...copy]).toEqual([2])
    out.reset()
    out.u8(9)
    out.u8(9)
    expect([...copy]).toEqual([2])
  })

  it('read copies that share no memory with what was read', () => {
    const bytes = written((out) => {
      out.datum(new Packed(Uint8Array.of(1, 2)))
      out.blob(Uint8Array.of(3))
    })
    const reader = new ByteReader(bytes)
    const [packed, blob] = [reader.datum() as Packed, reader.copy()]
    bytes.fill(0)
    expect([[...packed.bytes], [...blob]]).toEqual([[1, 2], [3]])
  })

  it('read no further than they may', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), 2, 4)
    expect([reader.u8(), reader.u8()]).toEqual([3, 4])
    for (const read of [
      () => reader.u8(),
      () => reader.u32(),
      () => reader.f64(),
      () => reader.varint(),
      () => reader.bytes(1),
    ])
      expect(read).toThrow(MalformedBytes)
    expect(() => new ByteReader(Uint8Array.of(1)).finish()).toThrow(MalformedBytes)
  })

  it('refuse flags, integers and texts that encoding would not make', () => {
    expect(() => new ByteReader(Uint8Array.of(2)).flag()).toThrow(MalformedBytes)
    expect(() => new ByteReader(Uint8Array.of(0x81, 0)).varint()).toThrow(MalformedBytes)
    // Overlong, surrogate and truncated UTF-8.
    for (const text of [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xc3]])
      expect(() => new ByteReader(Uint8Array.of(text.length, ...text)).string()).toThrow(MalformedBytes)
  })
})

function written(write: (out: ByteWriter) => void): Buffer {
  const out = new ByteWriter()
  write(out)
  return out.take()
}
