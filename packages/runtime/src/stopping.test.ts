// What stops an open database: a handler that overflows the stack, storage that fails, a log that cannot be read. Whatever
// it is, what was acknowledged is there when the database is opened again.

import { crc32 } from 'node:zlib'
import { Actor, actor, message, query } from '@streamy-db/actors'
import { encodeControlBatch } from '@streamy-db/core'
import type { Incident, Position } from '@streamy-db/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from './database.ts'
import { ManualClock } from './manual-clock.ts'
import { openWith } from './open-embedded.ts'
import type { OpenOptions } from './open-options.ts'
import { MemoryDisk } from './testing/memory-disk.ts'

@actor()
class Counter extends Actor {
  count = 0

  @message()
  add(by: number): number {
    return (this.count += by)
  }

  /** Does not end before the stack does. */
  @message()
  recurse(): number {
    this.count += 1000
    return this.recurse() + 1
  }

  @message()
  catchRecursion(): string {
    try {
      this.actor(Counter, 'other').recurse()
    } catch {
      return 'survived'
    }
    return 'never'
  }

  @message()
  recurseLater(milliseconds: number): void {
    this.after(milliseconds).recurse()
  }

  @query()
  value(): number {
    return this.count
  }

  @query()
  recurseInQuery(): number {
    return this.recurseInQuery() + 1
  }
}

let clock: ManualClock
let disk: MemoryDisk
let incidents: Incident[]
let db: Database

beforeEach(async () => {
  clock = new ManualClock(1000)
  disk = new MemoryDisk(() => clock.now())
  incidents = []
  db = await opened()
})

afterEach(async () => {
  await db.close()
})

describe('a handler that overflows the stack', () => {
  test('stops the database, which names the position, and skipping it lets everything else be', async () => {
    await db.actor(Counter, 'a').add(1)
    const acknowledged = db.position
    // One batch: before the poison, the poison, and behind it.
    const calls = [db.actor(Counter, 'a').add(1), db.actor(Counter, 'a').recurse(), db.actor(Counter, 'b').add(1)]
    const [before, ...failures] = await Promise.all(calls.map((call) => call.catch((error: unknown) => error)))
    // It is durable and has run, and so it will again.
    expect(before).toBe(2)
    for (const failure of failures) expect(failure).toMatchObject({ code: 'HANDLER_FATAL' })
    const position = positionIn(failures[0])
    expect(position).toBeGreaterThan(acknowledged)
    const stopped = { code: 'DATABASE_FAILED', message: expect.stringMatching(new RegExp(`skip: \\[${position}\\]`)) }
    await expect(db.actor(Counter, 'a').add(1)).rejects.toMatchObject(stopped)
    await expect(db.actor(Counter, 'a').value()).rejects.toMatchObject(stopped)
    await expect(db.transaction(() => 1)).rejects.toMatchObject(stopped)
    await db.close()
    await expect(opened()).rejects.toMatchObject(refusal('HANDLER_FATAL', new RegExp(`skip: \\[${position}\\]`)))
    db = await opened({ skip: [position] })
    expect(await db.actor(Counter, 'a').value()).toBe(2)
    expect(await db.actor(Counter, 'b').value()).toBe(1)
    await db.close()
    db = await opened()
    expect(await db.actor(Counter, 'a').add(1)).toBe(3)
  })

  test('is not an outcome even for a handler that catches it', async () => {
    const failure: unknown = await db
      .actor(Counter, 'a')
      .catchRecursion()
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'HANDLER_FATAL' })
    await db.close()
    db = await opened({ skip: [positionIn(failure)] })
    expect(await db.actor(Counter, 'other').value()).toBe(0)
  })

  test('in a timer stops it too, and can be skipped like a message', async () => {
    await db.actor(Counter, 'a').add(1)
    await db.actor(Counter, 'a').recurseLater(10)
    clock.advance(10)
    const failure: unknown = await db
      .actor(Counter, 'b')
      .add(1)
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'DATABASE_FAILED', message: expect.stringMatching(/Counter\.recurse/) })
    await db.close()
    await expect(opened()).rejects.toMatchObject(refusal('HANDLER_FATAL', new RegExp(`${positionIn(failure)}`)))
    db = await opened({ skip: [positionIn(failure)] })
    expect(await db.actor(Counter, 'a').value()).toBe(1)
  })

  test('in a query fails that query alone', async () => {
    await expect(db.actor(Counter, 'a').recurseInQuery()).rejects.toMatchObject({ code: 'HANDLER_FATAL' })
    expect(await db.actor(Counter, 'a').add(1)).toBe(1)
  })
})

describe('storage that fails', () => {
  const full = new Error('ENOSPC: no space left on device')

  test('at an append: calls in flight fail, later ones are refused, and what was acknowledged is there', async () => {
    await db.actor(Counter, 'a').add(1)
    disk.interventions.append = () => Promise.reject(full)
    await expect(db.actor(Counter, 'a').add(1)).rejects.toMatchObject({ code: 'STORAGE_FAILED', cause: full })
    await expect(db.actor(Counter, 'a').add(1)).rejects.toMatchObject({
      code: 'DATABASE_FAILED',
      kind: 'user',
      message: expect.stringMatching(/safe.*may or may not.*open it again/),
    })
    await db.close()
    delete disk.interventions.append
    db = await opened()
    expect(await db.actor(Counter, 'a').add(1)).toBe(2)
  })

  test('at a flush in the background: the database stops, and what was acknowledged is there', async () => {
    await db.close()
    db = await opened({ logBytesMax: 1 })
    disk.interventions.advance = () => Promise.reject(full)
    expect(await db.actor(Counter, 'a').add(1)).toBe(1)
    await turns()
    await expect(db.actor(Counter, 'a').add(1)).rejects.toMatchObject({ code: 'DATABASE_FAILED' })
    await db.close()
    delete disk.interventions.advance
    db = await opened()
    expect(await db.actor(Counter, 'a').add(1)).toBe(2)
  })

  test('at the flush of closing: closing says so, and what was acknowledged is there', async () => {
    expect(await db.actor(Counter, 'a').add(1)).toBe(1)
    disk.interventions.advance = () => Promise.reject(full)
    await expect(db.close()).rejects.toBe(full)
    delete disk.interventions.advance
    db = await opened()
    expect(await db.actor(Counter, 'a').add(1)).toBe(2)
  })

  test('at a flush while it recovers: it refuses, and later all is there', async () => {
    for (let n = 0; n < 3; n++) await db.actor(Counter, `${n}`).add(n)
    disk.cutPower()
    disk.interventions.advance = () => Promise.reject(full)
    const recovered = await opened({ logBytesMax: 1 })
    await turns()
    await expect(recovered.actor(Counter, '0').add(1)).rejects.toMatchObject({ code: 'DATABASE_FAILED' })
    await recovered.close()
    delete disk.interventions.advance
    db = await opened()
    expect(await db.actor(Counter, '0').add(1)).toBe(1)
  })
})

describe('what is in the log and cannot be executed', () => {
  test('an entry that is void changes nothing and is reported', async () => {
    await db.actor(Counter, 'a').add(1)
    await disk.log.append(new Uint8Array([1, 2, 3]))
    expect(await db.actor(Counter, 'a').add(1)).toBe(2)
    expect(incidents).toEqual([{ kind: 'void-batch', position: expect.any(Number), reason: expect.any(String) }])
    disk.cutPower()
    db = await opened()
    expect(await db.actor(Counter, 'a').value()).toBe(2)
    // It is old news while the log is replayed.
    expect(incidents).toHaveLength(1)
  })

  test('an entry of an unknown version stops the database', async () => {
    await disk.log.append(unknownVersion())
    await expect(db.actor(Counter, 'a').add(1)).rejects.toMatchObject({ code: expect.stringMatching(/FAILED|FORMAT/) })
    await db.close()
    await expect(opened()).rejects.toMatchObject(refusal('FORMAT_UNKNOWN', /release of Streamy that knows it/))
  })
})

function opened(more: Partial<OpenOptions> = {}): Promise<Database> {
  const onIncident = (incident: Incident): number => incidents.push(incident)
  return openWith(disk.open, { actors: [Counter], clock, onIncident, ...more })
}

function refusal(code: string, text: RegExp): object {
  return { code, message: expect.stringMatching(text) as string }
}

function unknownVersion(): Uint8Array {
  const bytes = Buffer.from(encodeControlBatch('tick', new Uint8Array(0)))
  bytes[5] = 99
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0)
  return bytes
}

function positionIn(error: unknown): Position {
  return Number(/skip: \[(\d+)\]/.exec((error as Error).message)?.[1])
}

// Lets everything happen that waits for nothing but its turn.
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
