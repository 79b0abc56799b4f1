// The segmented log: the contract, on real files with small segments; then what only it promises its readers and callers,
// and what it does when writing fails.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StreamyError, limits, type LogEntry } from '@streamy-db/core'
import { testLogConformance } from '@streamy-db/core/testing'
import { describe, expect, it } from 'vitest'
import { SegmentedLog, type SegmentedLogOptions } from './segmented-log.ts'
import { isPayload, payloadOf, readAll } from './testing/payload.ts'
import { SimulatedFileSystem } from './testing/simulated-file-system.ts'

testLogConformance('SegmentedLog', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streamy-log-'))
  return {
    open: () => SegmentedLog.open(directory, { segmentBytes: 16 * 1024 }),
    discard: () => rm(directory, { recursive: true }),
    durable: true,
  }
})

const small = { segmentBytes: 4000, zeroedAheadBytes: 1500, readAheadBytes: 1000 }

function openOn(fileSystem: SimulatedFileSystem, options: SegmentedLogOptions = {}): Promise<SegmentedLog> {
  return SegmentedLog.open('/log', { ...small, fileSystem, ...options })
}

async function appendMany(log: SegmentedLog, from: number, to: number): Promise<void> {
  for (let sequence = from; sequence <= to; sequence++) expect(await log.append(payloadOf(sequence))).toBe(sequence)
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('a reader', () => {
  it('at the tail gets the very bytes that were appended, in the turn their flush ends', async () => {
    const fileSystem = new SimulatedFileSystem()
    const log = await openOn(fileSystem)
    const next = log.read(1)[Symbol.asyncIterator]().next()
    fileSystem.running = false
    const bytes = payloadOf(1)
    const order: string[] = []
    void log.append(bytes).then(() => order.push('appended'))
    void next.then(() => order.push('read'))
    await turn()
    expect(order).toEqual([])
    fileSystem.run()
    await turn()
    expect(order.toSorted()).toEqual(['appended', 'read'])
    const chunk: readonly LogEntry[] | undefined = (await next).value
    expect(chunk?.[0]?.bytes).toBe(bytes)
  })

  it('sees nothing that is not durable', async () => {
    const fileSystem = new SimulatedFileSystem()
    const log = await openOn(fileSystem)
    fileSystem.running = false
    const appends = [log.append(payloadOf(1)), log.append(payloadOf(2))]
    // The second is written first: neither counts, because the first may still be lost.
    fileSystem.step(() => 1)
    await turn()
    expect(await log.tail()).toBe(0)
    fileSystem.run()
    expect(await Promise.all(appends)).toEqual([1, 2])
    expect((await readAll(log)).map((entry) => entry.sequence)).toEqual([1, 2])
  })

  it('follows across segments, from the past to the tail, with a tail buffer of any size', async () => {
    for (const tailEntriesMax of [1, 3, 1000]) {
      const log = await openOn(new SimulatedFileSystem(), { tailEntriesMax })
      await appendMany(log, 1, 60)
      const seen: LogEntry[] = []
      const reading = (async () => {
        for await (const chunk of log.read(1)) {
          seen.push(...chunk)
          if (seen.length === 120) return
        }
      })()
      await appendMany(log, 61, 120)
      await reading
      expect(seen.map((entry) => entry.sequence)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1))
      expect(seen.every((entry) => isPayload(entry))).toBe(true)
    }
  })

  it('goes on after a trim that left its place, and is told of one that did not', async () => {
    const log = await openOn(new SimulatedFileSystem(), { tailEntriesMax: 1 })
    await appendMany(log, 1, 60)
    const ahead = log.read(50)[Symbol.asyncIterator]()
    const behind = log.read(1)[Symbol.asyncIterator]()
    await ahead.next()
    await behind.next()
    await log.trim(50)
    expect(await log.first()).toBeGreaterThan(10)
    expect(await log.first()).toBeLessThanOrEqual(50)
    expect((await ahead.next()).done).toBe(false)
    await expect(behind.next()).rejects.toMatchObject({ code: 'LOG_TRIMMED' })
  })

  it('ends at close in the middle of a file', async () => {
    const log = await openOn(new SimulatedFileSystem(), { tailEntriesMax: 1 })
    await appendMany(log, 1, 60)
    const reader = log.read(1)[Symbol.asyncIterator]()
    await reader.next()
    const next = reader.next()
    await log.close()
    expect(await next).toEqual({ done: true, value: undefined })
  })
})

describe('trim', () => {
  it('leaves everything from its argument on, whatever it is', async () => {
    const log = await openOn(new SimulatedFileSystem())
    await appendMany(log, 1, 80)
    for (let before = 1; before <= 82; before++) {
      await log.trim(before)
      const first = await log.first()
      expect(first).toBeLessThanOrEqual(Math.min(before, 80))
      expect((await readAll(log, first)).map((entry) => entry.sequence)).toEqual(
        Array.from({ length: 81 - first }, (_, index) => first + index),
      )
    }
    expect(await log.first()).toBeGreaterThan(70)
  })

  it('removes whole segments, and leaves no hole when the power is cut before they are gone', async () => {
    for (let kept = 0; kept < 10; kept++) {
      const fileSystem = new SimulatedFileSystem()
      const log = await openOn(fileSystem)
      await appendMany(log, 1, 80)
      const segments = fileSystem.files().size
      fileSystem.running = false
      void log.trim(60)
      await turn()
      const after = fileSystem.cutPower((below) => Math.min(kept, below - 1))
      expect(after.files().size).toBe(Math.max(segments - kept, fileSystem.files().size))
      const reopened = await openOn(after)
      const entries = await readAll(reopened)
      expect(entries.at(-1)?.sequence).toBe(80)
      expect(entries[0]?.sequence).toBeLessThanOrEqual(60)
    }
  })
})

describe('an id', () => {
  it('is remembered for as many appends as the limit says', async () => {
    const log = await openOn(new SimulatedFileSystem(), { segmentBytes: 10_000_000 })
    expect(await log.append(payloadOf(1), 'first')).toBe(1)
    await Promise.all(
      Array.from({ length: limits.recentIdsMax - 1 }, (_, index) => log.append(payloadOf(1), `${index}`)),
    )
    expect(await log.append(payloadOf(1), 'first')).toBe(1)
    await log.append(payloadOf(1), 'one more')
    expect(await log.append(payloadOf(1), 'first')).toBe(limits.recentIdsMax + 2)
  })

  it('is refused when it is empty or too long', async () => {
    const log = await openOn(new SimulatedFileSystem())
    for (const id of ['', 'x'.repeat(1025)]) {
      await expect(log.append(payloadOf(1), id)).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
    }
  })
})

describe('when writing fails', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })

  it('rejects what is not durable, refuses everything after, and keeps what was acknowledged', async () => {
    // Whatever operation is the first to fail: an entry, zeros ahead of it, or a new segment.
    for (let allowed = 0; allowed < 120; allowed++) {
      const fileSystem = new SimulatedFileSystem()
      const log = await openOn(fileSystem)
      let operations = 0
      fileSystem.fault = (operation) => (operation !== 'read' && ++operations > allowed ? full : undefined)
      const results = await Promise.allSettled(
        Array.from({ length: 60 }, (_, index) => log.append(payloadOf(index + 1))),
      )
      const acknowledged = results.filter((result) => result.status === 'fulfilled').length
      for (const result of results.slice(acknowledged)) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STORAGE_FAILED', cause: full } })
      }
      fileSystem.fault = () => undefined
      const after = await log.append(payloadOf(61)).catch((error: unknown) => error)
      expect(after instanceof StreamyError ? after.code : after).toBe(acknowledged < 60 ? 'STORAGE_FAILED' : 61)
      await log.close()
      const entries = await readAll(await openOn(new SimulatedFileSystem(fileSystem.files())))
      expect(entries.length).toBeGreaterThanOrEqual(acknowledged)
      expect(entries.every((entry) => isPayload(entry))).toBe(true)
    }
  })

  it('tells the reason in the message', async () => {
    const fileSystem = new SimulatedFileSystem()
    const log = await openOn(fileSystem)
    fileSystem.fault = () => full
    await expect(log.append(payloadOf(1))).rejects.toThrow(
      /Writing the log in \/log failed: ENOSPC.*open the database again/,
    )
  })
})

it('refuses appends beyond what may wait', async () => {
  const fileSystem = new SimulatedFileSystem()
  const log = await openOn(fileSystem)
  fileSystem.running = false
  const appends = Array.from({ length: 65_540 }, () => log.append(new Uint8Array(0)))
  await expect(log.append(new Uint8Array(0))).rejects.toMatchObject({ code: 'OVERLOADED' })
  fileSystem.run()
  await Promise.allSettled(appends)
  expect(await log.append(new Uint8Array(0))).toBeGreaterThan(60_000)
})

it('closes once, and waits for the appends before it', async () => {
  const fileSystem = new SimulatedFileSystem()
  const log = await openOn(fileSystem)
  fileSystem.running = false
  const appends = Promise.all([1, 2, 3].map((sequence) => log.append(payloadOf(sequence))))
  const closing = [log.close(), log.close()]
  fileSystem.run()
  await Promise.all(closing)
  expect(await appends).toEqual([1, 2, 3])
  await expect(log.tail()).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
  await expect(log.trim(1)).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
})
