// Opening and recovering: on storage in memory that can be damaged and whose power is cut. What stops an open database is
// in stopping.test.ts; what real files do is for the tests of the embedded package and of the whole.

import { Actor, actor, message, query, registerActor } from '@streamy-db/actors'
import { CELL_BYTES, encodeControlBatch, progressKey } from '@streamy-db/core'
import type { StateChange, StateStore } from '@streamy-db/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { databaseKey } from './database-record.ts'
import type { Database } from './database.ts'
import { ManualClock } from './manual-clock.ts'
import { openWith } from './open-embedded.ts'
import type { OpenOptions } from './open-options.ts'
import { MemoryDisk } from './testing/memory-disk.ts'

const nothing = new Uint8Array(0)

@actor()
class Counter extends Actor {
  count = 0

  @message()
  add(by: number): number {
    return (this.count += by)
  }

  @message()
  tellOther(): void {
    this.tell(Counter, 'other').add(1)
  }

  @query()
  value(): number {
    return this.count
  }
}

/** The same type in other code. */
class NewCounter extends Actor {
  count = 0
  addMore(by: number): number {
    return (this.count += by)
  }
}
registerActor(NewCounter, { name: 'Counter', messages: { addMore: {} } })

let clock: ManualClock
let disk: MemoryDisk
let db: Database

beforeEach(async () => {
  clock = new ManualClock(1000)
  disk = new MemoryDisk(() => clock.now())
  db = await opened()
})

afterEach(async () => {
  await db.close()
})

describe('after a power cut', () => {
  test('all that was acknowledged is there, flushed or not', async () => {
    await db.actor(Counter, 'a').add(1)
    db = await afterPowerCut()
    await db.actor(Counter, 'a').add(1)
    await db.close()
    db = await opened()
    await db.actor(Counter, 'a').add(1)
    db = await afterPowerCut()
    expect(await db.actor(Counter, 'a').value()).toBe(3)
  })

  test('in the middle of creating the database, it is created', async () => {
    const fresh = new MemoryDisk(() => clock.now())
    fresh.interventions.advance = () => fresh.cutPower()
    void openWith(fresh.open, options())
    await turns()
    fresh.interventions.advance = undefined as never
    const created = await openWith(fresh.open, options())
    expect(await created.actor(Counter, 'a').add(1)).toBe(1)
    await created.close()
  })

  test('in the middle of a flush, the state before it and the log do', async () => {
    await db.close()
    db = await opened({ logBytesMax: 1 })
    await db.actor(Counter, 'a').add(1)
    await turns()
    disk.interventions.advance = () => disk.cutPower()
    const cut = db.actor(Counter, 'a').add(1)
    expect(await cut).toBe(2)
    delete disk.interventions.advance
    db = await opened()
    expect(await db.actor(Counter, 'a').value()).toBe(2)
  })

  test('between flush and trim, what is in both is applied once', async () => {
    await db.close()
    disk.interventions.trim = () => disk.cutPower()
    db = await opened({ logBytesMax: 1 })
    await db.actor(Counter, 'a').add(1)
    await turns()
    delete disk.interventions.trim
    db = await opened()
    expect(await db.actor(Counter, 'a').add(1)).toBe(2)
  })

  test('a tell that was in the log only as what sent it arrives once', async () => {
    let cut = false
    disk.interventions.append = () => {
      // The first entry is the sender, the next one the tell.
      if (cut) disk.cutPower()
      cut = true
    }
    await db.actor(Counter, 'a').tellOther()
    await turns()
    delete disk.interventions.append
    db = await opened()
    await db.actor(Counter, 'a').add(0)
    expect(await db.actor(Counter, 'other').value()).toBe(1)
  })
})

describe('a log that is not the one the state was made of (L6)', () => {
  let entries: readonly Uint8Array[]

  beforeEach(async () => {
    for (let n = 0; n < 3; n++) await db.actor(Counter, 'a').add(1)
    entries = await entriesOf(disk)
    await db.close()
  })

  test('one that is shorter', async () => {
    const older = await diskOf(entries.slice(0, 2), disk.store)
    await expect(openWith(older.open, options())).rejects.toMatchObject(
      refusal('LOG_DIVERGED', /state holds batch 4, the log ends at 2/),
    )
  })

  test('one that is empty', async () => {
    const empty = await diskOf([], disk.store)
    await expect(openWith(empty.open, options())).rejects.toMatchObject(
      refusal('LOG_DIVERGED', /log it was made of is gone/),
    )
    expect(await empty.log.tail()).toBe(0)
  })

  test('one with another entry in the place of the last that was applied', async () => {
    const other = await diskOf([...entries.slice(0, 3), encodeControlBatch('tick', nothing)], disk.store)
    await expect(openWith(other.open, options())).rejects.toMatchObject(refusal('LOG_DIVERGED', /Batch 4/))
  })

  test('one of another database', async () => {
    const other = new MemoryDisk(() => clock.now())
    const created = await openWith(other.open, options())
    for (let n = 0; n < 5; n++) await created.actor(Counter, 'a').add(1)
    const mixed = await diskOf(await entriesOf(other), disk.store)
    await created.close()
    await expect(openWith(mixed.open, options())).rejects.toMatchObject(refusal('LOG_DIVERGED', /same backup/))
  })

  test('one whose beginning was trimmed, without a state', async () => {
    const stateless = await diskOf(entries)
    await stateless.log.trim(3)
    await expect(openWith(stateless.open, options())).rejects.toMatchObject(
      refusal('LOG_DIVERGED', /trimmed.*same backup/),
    )
  })

  test('one that begins with something else', async () => {
    const odd = await diskOf([encodeControlBatch('tick', nothing)])
    await expect(openWith(odd.open, options())).rejects.toMatchObject(refusal('LOG_CORRUPT', /Restore a backup/))
  })

  test('one that cannot be read at its beginning', async () => {
    const damaged = await diskOf([encodeControlBatch('create', new Uint8Array([1, 2, 3]))])
    await expect(openWith(damaged.open, options())).rejects.toMatchObject(refusal('LOG_CORRUPT', /Restore a backup/))
  })
})

describe('other code', () => {
  test('opens a database that was closed, and from then on it is its own', async () => {
    await db.actor(Counter, 'a').add(1)
    await db.close()
    db = await opened({ actors: [NewCounter] })
    expect(await db.actor(NewCounter, 'a').addMore(1)).toBe(2)
    db = await afterPowerCut({ actors: [NewCounter] })
    expect(await db.actor(NewCounter, 'a').addMore(1)).toBe(3)
    await expect(openWith(disk.open, options())).rejects.toMatchObject(refusal('CODE_MISMATCH', /2 log entries/))
  })

  test('is refused after a crash, until the code that wrote the log has finished', async () => {
    await db.actor(Counter, 'a').add(1)
    disk.cutPower()
    await expect(opened({ actors: [NewCounter] })).rejects.toMatchObject(
      refusal('CODE_MISMATCH', /1 log entries.*Counter\.add.*Counter\.addMore/),
    )
    db = await opened()
    expect(await db.actor(Counter, 'a').value()).toBe(1)
    await db.close()
    db = await opened({ actors: [NewCounter] })
    expect(await db.actor(NewCounter, 'a').addMore(1)).toBe(2)
  })
})

describe('a state that is damaged', () => {
  test.each([
    ['what says how far it is', progressKey],
    ['what says which database it is', databaseKey],
  ])('%s', async (_, key) => {
    await db.actor(Counter, 'a').add(1)
    await db.close()
    const changes: StateChange[] = [{ key, value: new Uint8Array([0xff]) }]
    await disk.store.advance(changes)
    const refused = await opened().catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: expect.stringMatching(/_CORRUPT$|FORMAT_UNKNOWN/) })
  })
})

describe('many actors', () => {
  test('more than are kept in memory are flushed, read back, and right', async () => {
    await db.close()
    db = await opened({ cacheBytesMax: 10 * CELL_BYTES, logBytesMax: 1 })
    const keys = Array.from({ length: 200 }, (_, index) => `counter-${index}`)
    for (let round = 1; round <= 3; round++)
      expect(await Promise.all(keys.map((key) => db.actor(Counter, key).add(1)))).toEqual(keys.map(() => round))
    db = await afterPowerCut({ cacheBytesMax: 10 * CELL_BYTES })
    expect(await Promise.all(keys.map((key) => db.actor(Counter, key).value()))).toEqual(keys.map(() => 3))
  })

  test('the log is trimmed behind the state', async () => {
    await db.close()
    db = await opened({ logBytesMax: 1, historyBytesMax: 0 })
    for (let n = 0; n < 20; n++) await db.actor(Counter, 'a').add(1)
    await db.close()
    expect(await disk.log.first()).toBe(await disk.log.tail())
    db = await opened()
    expect(await db.actor(Counter, 'a').value()).toBe(20)
  })
})

function options(more: Partial<OpenOptions> = {}): OpenOptions {
  return { actors: [Counter], clock, ...more }
}

function opened(more?: Partial<OpenOptions>): Promise<Database> {
  return openWith(disk.open, options(more))
}

function afterPowerCut(more?: Partial<OpenOptions>): Promise<Database> {
  disk.cutPower()
  return opened(more)
}

function refusal(code: string, text: RegExp): object {
  return { code, message: expect.stringMatching(text) as string }
}

/** A disk with a log of these entries. */
async function diskOf(entries: readonly Uint8Array[], store?: StateStore): Promise<MemoryDisk> {
  const made = new MemoryDisk(() => clock.now(), store)
  for (const bytes of entries) await made.log.append(bytes)
  return made
}

async function entriesOf(from: MemoryDisk): Promise<readonly Uint8Array[]> {
  for await (const entries of from.log.read(await from.log.first())) return entries.map(({ bytes }) => bytes)
  return []
}

// Lets everything happen that waits for nothing but its turn.
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
