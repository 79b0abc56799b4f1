// What can be wrong with a directory: damage is reported with a typed error that says what to do, never silently used,
// and where nothing was lost the directory opens again once it is mended.

import { cp, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Actor, actor, message, open, query } from './index.ts'
import type { Database } from './index.ts'

@actor()
class Counter extends Actor {
  count = 0

  @message()
  add(by: number): number {
    return (this.count += by)
  }

  @query()
  value(): number {
    return this.count
  }
}

/** The same with another message: other code. */
@actor('Counter')
class NewCounter extends Actor {
  count = 0

  @message()
  subtract(by: number): number {
    return (this.count -= by)
  }
}

const actors = [Counter]
const keys = Array.from({ length: 40 }, (_, index) => `counter-${index}`)
const filled = keys.map((_, index) => index + 1)
const diverged = { code: 'LOG_DIVERGED', message: expect.stringMatching(/same backup/) as string }
let root = ''
let directory = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'streamy-storage-'))
  directory = join(root, 'data')
})

afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

describe('a directory that is open', () => {
  test('is refused to a second opener, and the first goes on', async () => {
    await using db = await open(directory, { actors })
    await expect(open(directory, { actors })).rejects.toMatchObject({
      code: 'DATABASE_LOCKED',
      kind: 'user',
      message: expect.stringMatching(new RegExp(`${directory}.*${process.pid}.*Close it`)),
    })
    expect(await db.actor(Counter, 'a').add(1)).toBe(1)
  })

  test('is free again after it was closed, and after an opening that failed', async () => {
    await (await open(directory, { actors })).close()
    await writeFile(join(directory, 'streamy.json'), '{"product":"streamy","format":99}')
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(open(directory, { actors })).rejects.toMatchObject({ code: 'FORMAT_UNKNOWN' })
  })
})

test('a place where no directory can be', async () => {
  await writeFile(join(root, 'file'), '')
  await expect(open(join(root, 'file', 'data'), { actors })).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringMatching(/file.*directory that can be written/),
  })
})

describe('a damaged log', () => {
  test('any byte of an entry', async () => {
    await fill()
    const segment = await onlySegment()
    const intact = await readFile(segment)
    // Between the header of the file and the mark that was made when it was closed; behind that are only zeros.
    const end = intact.findLastIndex((byte) => byte !== 0) - 64
    for (let offset = 64; offset <= end; offset += Math.ceil(end / 40)) {
      const damaged = Buffer.from(intact)
      damaged[offset]! ^= 0x10
      await writeFile(segment, damaged)
      await expect(open(directory, { actors })).rejects.toMatchObject({
        code: 'LOG_CORRUPT',
        message: expect.stringContaining(segment),
      })
    }
    await writeFile(segment, intact)
    expect(await countersIn(directory)).toEqual(filled)
  })

  test('an end that is cut off', async () => {
    await fill()
    const segment = await onlySegment()
    const intact = await readFile(segment)
    const end = intact.findLastIndex((byte) => byte !== 0)
    await truncate(segment, end - 100)
    await expect(open(directory, { actors })).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
    await writeFile(segment, intact)
    expect(await countersIn(directory)).toEqual(filled)
  })
})

describe('a damaged state', () => {
  test('any byte of the file is either reported or makes no difference', { timeout: 30_000 }, async () => {
    await fill()
    const file = join(directory, 'state.mdb')
    const intact = await readFile(file)
    const reported: Error[] = []
    const undamaged: unknown[] = []
    for (let part = 0; part < 40; part++) {
      const damaged = Buffer.from(intact)
      const offset = Math.floor((part / 40) * intact.length)
      damaged.fill(0xa5, offset, offset + 64)
      await writeFile(file, damaged)
      const found: unknown = await countersIn(directory).catch((error: unknown) => error)
      if (found instanceof Error) reported.push(found)
      else undamaged.push(found)
    }
    expect(reported.length).toBeGreaterThan(0)
    expect(undamaged).toEqual(undamaged.map(() => filled))
    for (const error of reported)
      expect(error).toMatchObject({ code: 'STATE_CORRUPT', message: expect.stringContaining('state.mdb') })
    await writeFile(file, intact)
    expect(await countersIn(directory)).toEqual(filled)
  })

  test('a state that is gone is made again from the log', async () => {
    await fill()
    await rm(join(directory, 'state.mdb'))
    expect(await countersIn(directory)).toEqual(filled)
  })
})

describe('a log and a state that do not belong together', () => {
  test('a log that is gone', async () => {
    await fill()
    await rm(join(directory, 'log'), { recursive: true })
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(open(directory, { actors })).rejects.toMatchObject(diverged)
  })

  test('a log of another database', async () => {
    await fill()
    const other = join(root, 'other')
    const db = await open(other, { actors })
    await db.actor(Counter, 'a').add(1)
    await db.close()
    await rm(join(directory, 'log'), { recursive: true })
    await cp(join(other, 'log'), join(directory, 'log'), { recursive: true })
    await expect(open(directory, { actors })).rejects.toMatchObject(diverged)
  })

  test('a log from an older backup', async () => {
    await fill()
    const backup = join(root, 'backup')
    await cp(join(directory, 'log'), backup, { recursive: true })
    await fill()
    await rm(join(directory, 'log'), { recursive: true })
    await cp(backup, join(directory, 'log'), { recursive: true })
    await expect(open(directory, { actors })).rejects.toMatchObject(diverged)
  })

  test('a log that went another way after a backup', async () => {
    await fill()
    const fork = join(root, 'fork')
    await cp(directory, fork, { recursive: true, filter: (path) => !/lock/.test(path) })
    await fill()
    const db = await open(fork, { actors })
    for (let entry = 0; entry < 200; entry++) await db.actor(Counter, 'b').add(1)
    await db.close()
    await rm(join(directory, 'log'), { recursive: true })
    await cp(join(fork, 'log'), join(directory, 'log'), { recursive: true })
    await expect(open(directory, { actors })).rejects.toMatchObject(diverged)
  })
})

describe('other code', () => {
  test('must not replay what it did not write', async () => {
    const crashed = join(root, 'crashed')
    const db = await open(directory, { actors })
    await addToAll(db)
    await cp(join(directory, 'log'), join(crashed, 'log'), { recursive: true })
    await db.close()
    await expect(open(crashed, { actors: [NewCounter] })).rejects.toMatchObject({
      code: 'CODE_MISMATCH',
      message: expect.stringMatching(/not closed.*with the code that wrote them.*Counter\.add.*Counter\.subtract/),
    })
    expect(await countersIn(crashed)).toEqual(filled)
    const changed = await open(crashed, { actors: [NewCounter] })
    expect(await changed.actor(NewCounter, keys[0]!).subtract(1)).toBe(0)
    await changed.close()
  })
})

async function fill(): Promise<void> {
  const db = await open(directory, { actors })
  await addToAll(db)
  await db.close()
}

/** Brings every counter up by what makes it its own number, or by nothing when it is there already. */
async function addToAll(db: Database): Promise<void> {
  for (const [index, key] of keys.entries()) {
    const missing = index + 1 - (await db.actor(Counter, key).value())
    await db.actor(Counter, key).add(missing)
  }
}

/** What every counter in the database at `place` holds. */
async function countersIn(place: string): Promise<readonly number[]> {
  await using db = await open(place, { actors })
  return await Promise.all(keys.map((key) => db.actor(Counter, key).value()))
}

async function onlySegment(): Promise<string> {
  const [name, ...rest] = (await readdir(join(directory, 'log'))).filter((each) => each.endsWith('.segment'))
  expect(rest).toEqual([])
  return join(directory, 'log', name!)
}
