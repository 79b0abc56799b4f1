// Frames: what is sent comes out again, however small or large and in whatever order its parts arrive; damage and hostile
// bytes come out as nothing, and memory stays bounded.

import * as fc from 'fast-check'
import { MalformedBytes } from '@streamy-db/core'
import { describe, expect, it } from 'vitest'
import { FrameAssembler } from './frame-assembler.ts'
import { decodeFrame, encodeFrames } from './frame.ts'
import { jetstreamLimits } from './jetstream-limits.ts'

const FRAME_BYTES = 1024

describe('frames', () => {
  it('carry payloads of every size, in order, within the size of a message', () => {
    const sizes = fc.array(fc.oneof(fc.nat(10), fc.nat(3000), fc.constantFrom(0, 960, 968, 969, 970, 1024)), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(sizes, (lengths) => {
        const payloads = lengths.map((length, index) => filled(length, index))
        const frames = encodeFrames(payloads, FRAME_BYTES)
        for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(FRAME_BYTES)
        const assembler = new FrameAssembler()
        expect(frames.flatMap((frame) => assembler.receive(frame)).map(text)).toEqual(payloads.map(text))
        expect(assembler.counts).toEqual({ malformed: 0, abandoned: 0 })
      }),
    )
  })

  it('put many small payloads into few messages', () => {
    expect(
      encodeFrames(
        Array.from({ length: 1000 }, () => filled(100, 1)),
        512 * 1024,
      ),
    ).toHaveLength(1)
  })

  it('put parts together in any order, repeated and mixed with others', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(20_000), { minLength: 1, maxLength: 5 }),
        fc.infiniteStream(fc.nat()),
        (lengths, order) => {
          const payloads = lengths.map((length, index) => filled(length, index))
          const frames = encodeFrames(payloads, FRAME_BYTES)
          const shuffled = [...frames, ...frames.slice(0, 3)].map((frame) => ({ frame, key: order.next().value! }))
          shuffled.sort((left, right) => left.key - right.key)
          const assembler = new FrameAssembler()
          const received = shuffled.flatMap(({ frame }) => assembler.receive(frame))
          expect(new Set(received.map(text))).toEqual(new Set(payloads.map(text)))
        },
      ),
    )
  })

  it('are refused with one bit changed, cut off, or too long', () => {
    for (const payload of [filled(50, 1), filled(3000, 1)]) {
      const [frame = new Uint8Array()] = encodeFrames([payload], FRAME_BYTES)
      for (let at = 0; at < frame.length; at++) {
        const damaged = new Uint8Array(frame)
        damaged[at]! ^= 1 << (at % 8)
        for (const bytes of [damaged, frame.subarray(0, at)]) expect(() => decodeFrame(bytes)).toThrow(MalformedBytes)
      }
      expect(() => decodeFrame(Uint8Array.of(...frame, 0))).toThrow(MalformedBytes)
    }
  })
})

describe('an assembler', () => {
  it('counts what is no frame and goes on', () => {
    const assembler = new FrameAssembler()
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => assembler.receive(bytes).length === 0))
    expect(assembler.counts.malformed).toBeGreaterThan(50)
    expect(assembler.receive(encodeFrames([filled(5, 1)], FRAME_BYTES)[0]!).map(text)).toEqual([text(filled(5, 1))])
  })

  it('gives up the payload that began first when there is no room for all', () => {
    const assembler = new FrameAssembler(5000)
    const [first, second, third] = [1, 2, 3].map((index) => encodeFrames([filled(3000, index)], FRAME_BYTES))
    for (const frames of [first!, second!]) for (const frame of frames.slice(0, -1)) assembler.receive(frame)
    expect(assembler.counts.abandoned).toBe(1)
    expect(assembler.receive(second!.at(-1)!).map(text)).toEqual([text(filled(3000, 2))])
    expect(assembler.receive(first!.at(-1)!)).toEqual([])
    expect(third!.flatMap((frame) => assembler.receive(frame)).map(text)).toEqual([text(filled(3000, 3))])
  })

  it('bounds how many payloads it waits for, however little of them has come', () => {
    const assembler = new FrameAssembler()
    const many = jetstreamLimits.fragmentedMessagesMax + 10
    for (let index = 0; index < many; index++) assembler.receive(encodeFrames([filled(1100, index)], FRAME_BYTES)[0]!)
    expect(assembler.counts.abandoned).toBe(10)
  })

  it('gives what does not share memory with a message of parts', () => {
    const assembler = new FrameAssembler()
    const frames = encodeFrames([filled(3000, 1)], FRAME_BYTES).map((frame) => new Uint8Array(frame))
    const payloads = frames.flatMap((frame) => {
      const whole = assembler.receive(frame)
      frame.fill(0)
      return whole
    })
    expect(payloads.map(text)).toEqual([text(filled(3000, 1))])
  })
})

function filled(length: number, seed: number): Uint8Array {
  return new Uint8Array(length).map((_, index) => (index * 31 + seed) & 0xff)
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
