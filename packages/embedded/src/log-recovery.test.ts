// Recovery: what a crash can leave behind is erased and nothing acknowledged with it; what it cannot leave is reported as
// damage. Most tests work on a simulated file system, so that every byte and every order of events can be tried.

import { StreamyError } from '@streamy-db/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entryHeaderBytes } from './segment-format.ts'
import { SegmentedLog, type SegmentedLogOptions } from './segmented-log.ts'
import { isPayload, payloadOf, readAll } from './testing/payload.ts'
import { SimulatedFileSystem, type Draw } from './testing/simulated-file-system.ts'

const directory = '/log'
const small = { segmentBytes: 3000, zeroedAheadBytes: 1500, readAheadBytes: 1000, clock: () => 7 }

function openOn(fileSystem: SimulatedFileSystem, options: SegmentedLogOptions = {}): Promise<SegmentedLog> {
  return SegmentedLog.open(directory, { ...small, fileSystem, ...options })
}

/** The files of a log with these entries; as after a crash unless it was closed. */
async function filesWith(count: number, { closed }: { readonly closed: boolean }): Promise<Map<string, Uint8Array>> {
  const fileSystem = new SimulatedFileSystem()
  const log = await openOn(fileSystem)
  for (let sequence = 1; sequence <= count; sequence++) await log.append(payloadOf(sequence), `id ${sequence}`)
  if (closed) await log.close()
  return fileSystem.files()
}

async function expectWhole(log: SegmentedLog, tail: number): Promise<void> {
  expect(await log.tail()).toBe(tail)
  const entries = await readAll(log)
  expect(entries.map((entry) => entry.sequence)).toEqual(Array.from({ length: tail }, (_, index) => index + 1))
  for (const entry of entries) expect(isPayload(entry)).toBe(true)
}

function lastFile(files: Map<string, Uint8Array>): [string, Uint8Array] {
  const path = Array.from(files.keys()).sort().at(-1) ?? ''
  return [path, files.get(path) ?? new Uint8Array(0)]
}

function seeded(seed: number): Draw {
  let state = seed | 1
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), state | 1)
    state ^= state + Math.imul(state ^ (state >>> 7), state | 61)
    return ((state ^ (state >>> 14)) >>> 0) % below
  }
}

describe('after a crash', () => {
  it('finds everything acknowledged, whatever the power cut made of the writes under way', async () => {
    const step = fc.record({ append: fc.nat({ max: 5 }), complete: fc.nat({ max: 4 }) })
    const round = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 25 }), seed: fc.integer() })
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 4 }), async (rounds) => {
        let fileSystem = new SimulatedFileSystem()
        let acknowledged = 0
        for (const { steps, seed } of rounds) {
          const draw = seeded(seed)
          const log = await openOn(fileSystem)
          await expectWhole(log, await log.tail())
          expect(await log.tail()).toBeGreaterThanOrEqual(acknowledged)
          let next = (await log.tail()) + 1
          fileSystem.running = false
          for (const { append, complete } of steps) {
            for (let index = 0; index < append; index++) {
              void log.append(payloadOf(next++)).then((sequence) => (acknowledged = Math.max(acknowledged, sequence)))
            }
            for (let index = 0; index < complete; index++) {
              fileSystem.step(draw)
              await new Promise((resolve) => setImmediate(resolve))
            }
          }
          fileSystem = fileSystem.cutPower(draw)
        }
        const log = await openOn(fileSystem)
        expect(await log.tail()).toBeGreaterThanOrEqual(acknowledged)
        await expectWhole(log, await log.tail())
      }),
      { numRuns: 150 },
    )
  }, 30_000)

  it('drops the last entry when any end of it is missing, and only it', async () => {
    const after = await filesWith(12, { closed: false })
    const [path, whole] = lastFile(after)
    const end = whole.findLastIndex((byte) => byte !== 0) + 1
    const start = end - payloadOf(12).length - 'id 12'.length - entryHeaderBytes
    expect(end - start).toBeGreaterThan(100)
    for (let cut = start; cut <= end; cut++) {
      const torn = whole.slice().fill(0, cut)
      const fileSystem = new SimulatedFileSystem([...after, [path, torn]])
      const log = await openOn(fileSystem)
      await expectWhole(log, cut === end ? 12 : 11)
      const next = (await log.tail()) + 1
      expect(await log.append(payloadOf(next))).toBe(next)
      await log.close()
      await expectWhole(await openOn(fileSystem), next)
    }
  })

  it('does not bring back what it dropped', async () => {
    // Entries 1 and 2 have a flush each, and only that of 2 reaches the disk. Entry 1 written anew is as long as the old
    // one was, so the old 2 would stand exactly where the next entry belongs.
    const fileSystem = new SimulatedFileSystem()
    const log = await openOn(fileSystem)
    fileSystem.running = false
    void log.append(payloadOf(1))
    void log.append(payloadOf(2))
    fileSystem.step(() => 1)
    const after = fileSystem.cutPower(() => 0)
    expect(Buffer.from(lastFile(after.files())[1]).includes(Buffer.from(payloadOf(2)))).toBe(true)
    const reopened = await openOn(after)
    expect(await reopened.append(payloadOf(1))).toBe(1)
    await expectWhole(await openOn(new SimulatedFileSystem(after.files())), 1)
  })

  it('starts anew when it was killed while the first segment was made', async () => {
    const fileSystem = new SimulatedFileSystem([[`${directory}/next.unfinished`, new Uint8Array(40).fill(9)]])
    const log = await openOn(fileSystem)
    expect(await log.tail()).toBe(0)
    expect(await fileSystem.list(directory)).toEqual(['0000000000000001.segment'])
  })
})

describe('damage', () => {
  it('is reported, or is where no entry is: every bit of a log that was closed', async () => {
    const files = await filesWith(10, { closed: true })
    expect(files.size).toBeGreaterThan(1)
    for (const [path, whole] of files) {
      const used = whole.findLastIndex((byte) => byte !== 0) + 1
      for (let offset = 0; offset < used; offset++) {
        const flipped = whole.slice()
        flipped[offset] = (whole[offset] ?? 0) ^ (1 << (offset % 8))
        expect(await isWholeOrReported(new SimulatedFileSystem([...files, [path, flipped]]), path, 10)).toBe(true)
      }
    }
  }, 30_000)

  it('is reported when a file was cut, at every length', async () => {
    // Not closed, so that no mark helps: a crash never shortens a file.
    const files = await filesWith(25, { closed: false })
    for (const [path, whole] of files) {
      const used = whole.findLastIndex((byte) => byte !== 0) + 1
      for (let length = 0; length < used; length += 7) {
        expect(
          await isWholeOrReported(new SimulatedFileSystem([...files, [path, whole.slice(0, length)]]), path, 25),
        ).toBe(true)
      }
    }
  })

  it('in the middle is told from a torn tail, without a close mark', async () => {
    const files = await filesWith(12, { closed: false })
    const [path, whole] = lastFile(files)
    const offset = Buffer.from(whole).indexOf(Buffer.from(payloadOf(11)))
    const flipped = whole.slice()
    flipped[offset + 5] = (whole[offset + 5] ?? 0) ^ 1
    await expect(openOn(new SimulatedFileSystem([...files, [path, flipped]]))).rejects.toMatchObject({
      code: 'LOG_CORRUPT',
      message: expect.stringMatching(/\/log\/0+\d+\.segment at byte \d+, entry 11: its bytes fail their checksum/),
    })
  })

  it('is a segment that is missing, renamed, of another log or of another format', async () => {
    const files = await filesWith(60, { closed: true })
    const paths = Array.from(files.keys()).sort()
    expect(paths.length).toBeGreaterThan(3)
    const [first = '', second = ''] = paths
    const without = new Map(files)
    without.delete(second)
    await expectCorrupt(without, /is missing/)
    const renamed = new Map(files)
    renamed.delete(second)
    renamed.set(
      second.replace(/\d+/, (digits) => `${Number(digits) + 1}`.padStart(16, '0')),
      files.get(second) ?? new Uint8Array(0),
    )
    await expectCorrupt(renamed, /was renamed/)
    const foreign = (await filesWith(60, { closed: true })).get(second) ?? new Uint8Array(0)
    await expectCorrupt(new Map(files).set(second, foreign), /belongs to another log/)
    const newer = (files.get(first) ?? new Uint8Array(0)).slice()
    newer[8] = 2
    await expect(openOn(new SimulatedFileSystem(new Map(files).set(first, newer)))).rejects.toMatchObject({
      code: 'FORMAT_UNKNOWN',
    })
  })

  it('leaves the entries before it readable', async () => {
    const files = await filesWith(25, { closed: true })
    const path = Array.from(files.keys()).sort()[0] ?? ''
    const whole = files.get(path) ?? new Uint8Array(0)
    const flipped = whole.slice()
    const offset = Buffer.from(whole).indexOf(Buffer.from(payloadOf(4)))
    flipped[offset] = (whole[offset] ?? 0) ^ 1
    const log = await openOn(new SimulatedFileSystem([...files, [path, flipped]]))
    const seen: number[] = []
    const reading = (async () => {
      for await (const chunk of log.read(1)) seen.push(...chunk.map((entry) => entry.sequence))
    })()
    await expect(reading).rejects.toMatchObject({ code: 'LOG_CORRUPT', message: expect.stringContaining('entry 4') })
    expect(seen).toEqual([1, 2, 3])
    expect((await readAll(log, 20)).map((entry) => entry.sequence)).toEqual([20, 21, 22, 23, 24, 25])
  })

  async function expectCorrupt(files: Map<string, Uint8Array>, message: RegExp): Promise<void> {
    const opening = openOn(new SimulatedFileSystem(files))
    await expect(opening).rejects.toMatchObject({ code: 'LOG_CORRUPT', message: expect.stringMatching(message) })
  }

  /** Opens and reads everything: whether what comes back is right, or an error that names the file. */
  async function isWholeOrReported(fileSystem: SimulatedFileSystem, path: string, tail: number): Promise<boolean> {
    try {
      const entries = await readAll(await openOn(fileSystem))
      return entries.length === tail && entries.every((entry) => isPayload(entry))
    } catch (error) {
      if (!(error instanceof StreamyError)) throw error
      return ['LOG_CORRUPT', 'FORMAT_UNKNOWN'].includes(error.code) && error.message.includes(path)
    }
  }
})
