// The conformance suite of the log contract (`log.ts`): every implementation passes these tests, each of which names
// the promise it holds. What is particular to one implementation (crashes, damage, latency) is tested beside it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../limits.ts'
import type { Log, LogEntry } from '../log.ts'

/** One log under test, empty at first. */
export interface LogFixture {
  /** Opens the log; called again after `close` for a log that keeps its entries, with the same entries expected. */
  open(): Promise<Log>
  /** Removes what the log left behind. */
  discard(): Promise<void>
  /** Whether entries survive `close` and another `open`. */
  readonly durable: boolean
}

/** Runs the suite against the logs that `create` makes. */
export function testLogConformance(name: string, create: () => Promise<LogFixture>): void {
  describe(`${name} as a log`, () => {
    let fixture: LogFixture
    let log: Log

    beforeEach(async () => {
      fixture = await create()
      log = await fixture.open()
    })

    afterEach(async () => {
      await log.close()
      await fixture.discard()
    })

    const reopen = async (): Promise<void> => {
      await log.close()
      log = await fixture.open()
    }

    describe('L1: append', () => {
      it('numbers entries from 1 in the order of the calls', async () => {
        const sequences = await Promise.all(Array.from({ length: 300 }, (_, index) => log.append(payload(index))))
        expect(sequences).toEqual(Array.from({ length: 300 }, (_, index) => index + 1))
        const entries = await take(log, 1, 300)
        for (const [index, entry] of entries.entries()) expect(sameBytes(entry.bytes, payload(index))).toBe(true)
      })

      it('takes entries from none to the most bytes allowed, and refuses more', async () => {
        const sizes = [0, 1, 4095, 4096, 4097, 100_000, limits.entryBytesMax]
        for (const size of sizes) await log.append(filled(size))
        await expect(log.append(filled(limits.entryBytesMax + 1))).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' })
        const entries = await take(log, 1, sizes.length)
        expect(entries.map((entry) => sameBytes(entry.bytes, filled(entry.bytes.length)))).toEqual(
          sizes.map(() => true),
        )
        expect(entries.map((entry) => entry.bytes.length)).toEqual(sizes)
        expect(await log.tail()).toBe(sizes.length)
      })

      it('refuses after close', async () => {
        await log.close()
        await expect(log.append(payload(1))).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
      })

      it('settles every append that was called before close', async () => {
        const appends = Promise.allSettled(Array.from({ length: 50 }, (_, index) => log.append(payload(index))))
        await log.close()
        const reasons = (await appends).flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
        expect(reasons).toEqual(reasons.map(() => expect.objectContaining({ code: 'DATABASE_CLOSED' })))
      })
    })

    describe('L2: read', () => {
      it('gives every reader the same entries in the same order with the same append times', async () => {
        const early = take(log, 1, 200)
        await Promise.all(Array.from({ length: 200 }, (_, index) => log.append(payload(index))))
        const late = await take(log, 1, 200)
        expect(await early).toEqual(late)
        expect(await take(log, 11, 190)).toEqual(late.slice(10))
        expect(late.map((entry) => entry.sequence)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
        for (const entry of late) expect(Number.isSafeInteger(entry.appendTime)).toBe(true)
      })

      it('waits at the tail for what comes next', async () => {
        await log.append(payload(1))
        const next = take(log, 2, 3)
        for (const index of [2, 3, 4]) await log.append(payload(index))
        expect((await next).map((entry) => entry.sequence)).toEqual([2, 3, 4])
      })

      it('goes from the past to the tail without a gap while entries are appended', async () => {
        for (let index = 0; index < 100; index++) await log.append(payload(index))
        const reading = take(log, 1, 400)
        for (let index = 100; index < 400; index++) await log.append(payload(index))
        const entries = await reading
        expect(entries.map((entry) => entry.sequence)).toEqual(Array.from({ length: 400 }, (_, index) => index + 1))
        for (const [index, entry] of entries.entries()) expect(sameBytes(entry.bytes, payload(index))).toBe(true)
      })

      it('refuses to start beyond the entry that comes next', async () => {
        await log.append(payload(1))
        await expect(take(log, 3, 1)).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
      })

      it('ends when its signal aborts, waiting or not', async () => {
        await log.append(payload(1))
        const controller = new AbortController()
        const seen: number[] = []
        for await (const chunk of log.read(1, controller.signal)) {
          for (const entry of chunk) seen.push(entry.sequence)
          // Aborts while the reader waits: the next chunk is asked for in this turn, and nothing more is appended.
          void Promise.resolve().then(() => controller.abort())
        }
        for await (const chunk of log.read(1, AbortSignal.abort())) expect(chunk).toBeUndefined()
        expect(seen).toEqual([1])
      })

      it('ends when the log closes, and does not begin afterwards', async () => {
        const reading = collect(log.read(1))
        await log.append(payload(1))
        await log.close()
        expect((await reading).length).toBeLessThanOrEqual(1)
        expect(await collect(log.read(1))).toEqual([])
      })

      it('can be left early', async () => {
        await log.append(payload(1))
        for await (const chunk of log.read(1)) {
          expect(chunk).toHaveLength(1)
          break
        }
        expect(await log.append(payload(2))).toBe(2)
      })
    })

    describe('L3: ids', () => {
      it('lands a retried append once, also when both are under way', async () => {
        const both = await Promise.all([log.append(payload(1), 'one'), log.append(payload(1), 'one')])
        expect(both).toEqual([1, 1])
        expect(await log.append(payload(2), 'two')).toBe(2)
        expect(await log.append(payload(1), 'one')).toBe(1)
        expect(await log.tail()).toBe(2)
      })

      it('does not confuse entries without an id', async () => {
        expect(await log.append(payload(1))).toBe(1)
        expect(await log.append(payload(1))).toBe(2)
      })
    })

    describe('L4: tail', () => {
      it('is 0 and first is 1 while nothing was appended', async () => {
        expect(await log.tail()).toBe(0)
        expect(await log.first()).toBe(1)
      })

      it('is never below an acknowledged append', async () => {
        await Promise.all(
          Array.from({ length: 100 }, async (_, index) => {
            const sequence = await log.append(payload(index))
            expect(await log.tail()).toBeGreaterThanOrEqual(sequence)
          }),
        )
      })
    })

    describe('L5: trim', () => {
      it('removes only below its argument, and may be repeated', async () => {
        for (let index = 0; index < 100; index++) await log.append(filled(2000))
        for (const before of [30, 30, 10, 60]) {
          await log.trim(before)
          expect(await log.first()).toBeLessThanOrEqual(60)
          const entries = await take(log, 60, 41)
          expect(entries.map((entry) => entry.sequence)).toEqual(Array.from({ length: 41 }, (_, index) => index + 60))
        }
        const first = await log.first()
        expect(first).toBeGreaterThan(1)
        await expect(take(log, first - 1, 1)).rejects.toMatchObject({ code: 'LOG_TRIMMED' })
        expect((await take(log, first, 1))[0]?.sequence).toBe(first)
      })

      it('keeps the last entry, and the numbering', async () => {
        for (let index = 0; index < 10; index++) await log.append(filled(2000))
        await log.trim(1_000_000)
        expect(await log.first()).toBeLessThanOrEqual(10)
        expect(await log.tail()).toBe(10)
        expect(await log.append(payload(11))).toBe(11)
      })
    })

    it('holds the same entries after it was closed and opened again', async (context) => {
      context.skip(!fixture.durable, 'it keeps nothing')
      for (let index = 0; index < 50; index++) await log.append(payload(index), `id ${index}`)
      const before = await take(log, 1, 50)
      await reopen()
      expect(await log.tail()).toBe(50)
      expect(await take(log, 1, 50)).toEqual(before)
      expect(await log.append(payload(49), 'id 49')).toBe(50)
      expect(await log.append(payload(50))).toBe(51)
      await reopen()
      expect((await take(log, 51, 1)).map((entry) => entry.sequence)).toEqual([51])
    })
  })
}

/** The first `count` entries from `from` on. */
async function take(log: Log, from: number, count: number): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  for await (const chunk of log.read(from)) {
    entries.push(...chunk)
    if (entries.length >= count) break
  }
  return entries.slice(0, count)
}

async function collect(chunks: AsyncIterable<readonly LogEntry[]>): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  for await (const chunk of chunks) entries.push(...chunk)
  return entries
}

function payload(index: number): Uint8Array {
  return new TextEncoder().encode(`entry ${index} ${'x'.repeat(index % 97)}`)
}

function filled(size: number): Uint8Array {
  return new Uint8Array(size).map((_, index) => (index * 31 + size) & 0xff)
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}
