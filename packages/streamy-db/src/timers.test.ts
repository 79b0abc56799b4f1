// Durable timers, through the face and on a clock that moves when the test says so.

import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Actor, actor, ManualClock, message, open, query, registerActor } from './index.ts'
import type { Database, Incident, OpenOptions, TimerHandle } from './index.ts'

/** Notes what rings, and when. */
@actor()
class Bell extends Actor {
  rung: string[] = []
  handles: TimerHandle[] = []

  @message()
  set(milliseconds: number, name: string): TimerHandle {
    const handle = this.after(milliseconds).ring(name)
    this.handles.push(handle)
    return handle
  }

  @message()
  setMany(milliseconds: readonly number[]): void {
    for (const [index, each] of milliseconds.entries()) this.after(each).ring(`${each}#${index}`)
  }

  @message()
  ring(name: string): void {
    this.rung.push(`${name} at ${this.now}`)
    if (name === 'fails') throw new Error('rang badly')
    if (name.startsWith('again')) this.after(10).ring(name)
  }

  @message()
  say(text: string): void {
    this.rung.push(text)
  }

  @message()
  takeBack(handle: TimerHandle): boolean {
    return this.cancel(handle)
  }

  @message()
  end(): void {
    this.destroy()
  }

  @message()
  setAndFail(): void {
    this.after(1).ring('of a transaction that failed')
    throw new Error('no')
  }

  @query()
  list(): string[] {
    return this.rung
  }
}

/** Moves log time on. */
@actor()
class Pulse extends Actor {
  @message()
  beat(): void {}
}

const actors = [Bell, Pulse]
let clock: ManualClock
let incidents: Incident[]
let root = ''
let db: Database

beforeEach(async () => {
  clock = new ManualClock(1000)
  incidents = []
  root = await mkdtemp(join(tmpdir(), 'streamy-timers-'))
  db = await open(':memory:', options())
})

afterEach(async () => {
  await db.close()
  await rm(root, { recursive: true })
})

describe('a timer', () => {
  test('rings when it is due and not before, at the time of its batch', async () => {
    await db.actor(Bell, 'a').set(100, 'x')
    clock.advance(99)
    expect(await rung('a')).toEqual([])
    clock.advance(50)
    expect(await rung('a')).toEqual(['x at 1149'])
    clock.advance(1000)
    expect(await rung('a')).toEqual(['x at 1149'])
  })

  test('rings before the messages of its batch', async () => {
    await db.actor(Bell, 'a').set(100, 'x')
    clock.advance(100)
    await db.actor(Bell, 'a').say('a message')
    expect(await db.actor(Bell, 'a').list()).toEqual(['x at 1100', 'a message'])
  })

  test('rings in the order of due time, then of being set', async () => {
    await db.actor(Bell, 'a').setMany([30, 10, 20, 10, 30, 0])
    clock.advance(100)
    expect(await rung('a')).toEqual(['0#5', '10#1', '10#3', '20#2', '30#0', '30#4'].map((name) => `${name} at 1100`))
  })

  test('may set the next one', async () => {
    await db.actor(Bell, 'a').set(10, 'again')
    for (let step = 0; step < 3; step++) {
      clock.advance(10)
      await pulse()
    }
    expect(await rung('a')).toEqual(['again at 1010', 'again at 1020', 'again at 1030'])
  })

  test('that fails is gone, leaves no trace, and is reported', async () => {
    await db.actor(Bell, 'a').set(10, 'fails')
    clock.advance(10)
    expect(await rung('a')).toEqual([])
    clock.advance(10)
    expect(await rung('a')).toEqual([])
    expect(incidents).toHaveLength(1)
    expect(incidents[0]).toMatchObject({ kind: 'timer-failed', reason: expect.stringMatching(/rang badly/) })
  })

  test('of a transaction that failed was never set', async () => {
    await expect(db.actor(Bell, 'a').setAndFail()).rejects.toThrow('no')
    clock.advance(10)
    expect(await rung('a')).toEqual([])
    expect(clock.alarms).toBe(0)
  })
})

describe('a timer that is taken back', () => {
  test('does not ring, and can be taken back once', async () => {
    const handle = await db.actor(Bell, 'a').set(10, 'x')
    await db.actor(Bell, 'a').set(10, 'y')
    expect(await db.actor(Bell, 'a').takeBack(handle)).toBe(true)
    expect(await db.actor(Bell, 'a').takeBack(handle)).toBe(false)
    clock.advance(10)
    expect(await rung('a')).toEqual(['y at 1010'])
  })

  test('after it rang is too late', async () => {
    const handle = await db.actor(Bell, 'a').set(10, 'x')
    clock.advance(10)
    expect(await db.actor(Bell, 'a').takeBack(handle)).toBe(false)
  })

  test('by another actor is not taken back', async () => {
    const handle = await db.actor(Bell, 'a').set(10, 'x')
    expect(await db.actor(Bell, 'b').takeBack(handle)).toBe(false)
    clock.advance(10)
    expect(await rung('a')).toEqual(['x at 1010'])
  })

  test('with its actor: destroying it cancels all, also for one of the same key', async () => {
    await db.actor(Bell, 'a').set(10, 'x')
    await db.actor(Bell, 'a').end()
    await db.actor(Bell, 'a').say('new')
    clock.advance(10)
    expect(await rung('a')).toEqual(['new'])
    expect(incidents).toEqual([])
  })
})

describe('in a database where nothing else happens', () => {
  // The incident of a timer that fails tells of its run without a message that would move time on.
  test('a due timer moves log time on by itself', async () => {
    const failed = await reopened()
    await db.actor(Bell, 'a').set(60_000, 'fails')
    expect(clock.alarms).toBe(1)
    clock.advance(60_000)
    expect(await failed.incident).toMatchObject({ kind: 'timer-failed' })
  })

  test('one that is due earlier is not kept waiting by one that was set before', async () => {
    const failed = await reopened()
    await db.actor(Bell, 'a').set(60_000, 'later')
    await db.actor(Bell, 'b').set(10, 'fails')
    expect(clock.alarms).toBe(1)
    clock.advance(10)
    expect(await failed.incident).toMatchObject({ kind: 'timer-failed' })
  })

  test('after a restart it rings by itself, too', async () => {
    await db.close()
    db = await open(join(root, 'data'), options())
    await db.actor(Bell, 'a').set(10, 'fails')
    await db.close()
    clock.advance(10)
    const failed = await reopened(join(root, 'data'))
    expect(await failed.incident).toMatchObject({ kind: 'timer-failed' })
  })

  /** A database of its own, and its first incident. */
  async function reopened(directory = ':memory:'): Promise<{ readonly incident: Promise<Incident> }> {
    await db.close()
    const { promise, resolve } = deferred<Incident>()
    db = await open(directory, { ...options(), onIncident: resolve })
    return { incident: promise }
  }
})

describe('over a restart', () => {
  beforeEach(async () => {
    await db.close()
    db = await open(join(root, 'data'), options())
    await db.actor(Bell, 'a').setMany([50, 10])
  })

  test('a timer is there again, and rings once', async () => {
    await db.close()
    db = await open(join(root, 'data'), options())
    expect(await rung('a')).toEqual([])
    clock.advance(20)
    expect(await rung('a')).toEqual(['10#1 at 1020'])
    await db.close()
    db = await open(join(root, 'data'), options())
    clock.advance(100)
    expect(await rung('a')).toEqual(['10#1 at 1020', '50#0 at 1120'])
  })

  test('a timer that became due meanwhile rings late, and once', async () => {
    await db.close()
    clock.advance(500)
    db = await open(join(root, 'data'), options())
    expect(await rung('a')).toEqual(['10#1 at 1500', '50#0 at 1500'])
  })

  test('that was a crash, the log alone brings it back as it was', async () => {
    clock.advance(20)
    const before = await rung('a')
    await cp(join(root, 'data', 'log'), join(root, 'crashed', 'log'), { recursive: true })
    await db.close()
    db = await open(join(root, 'crashed'), options())
    expect(await rung('a')).toEqual(before)
    clock.advance(100)
    expect(await rung('a')).toEqual(['10#1 at 1020', '50#0 at 1120'])
  })

  test('a timer for a message that the new code no longer has is reported', async () => {
    await db.close()
    class Mute extends Actor {
      rung: string[] = []
      list(): string[] {
        return this.rung
      }
    }
    registerActor(Mute, { name: 'Bell', queries: { list: {} } })
    clock.advance(500)
    db = await open(join(root, 'data'), { ...options(), actors: [Mute, Pulse] })
    await pulse()
    expect(await db.actor(Mute, 'a').list()).toEqual([])
    expect(incidents.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 2 }, () => expect.stringMatching(/Bell.*ring/)),
    )
  })
})

describe('a thousand timers due at once', () => {
  test('on one actor ring all, each once, in their order', async () => {
    await db.actor(Bell, 'a').setMany(Array.from({ length: 1000 }, (_, index) => index % 10))
    clock.advance(100)
    for (let batch = 0; batch < 20; batch++) await pulse()
    const names = (await db.actor(Bell, 'a').list()).map((text) => text.split(' ')[0])
    expect(names).toHaveLength(1000)
    expect(new Set(names).size).toBe(1000)
    expect(names).toEqual(names.toSorted((one, other) => Number(one![0]) - Number(other![0])))
  })

  test('on a thousand actors ring all, each once', async () => {
    const keys = Array.from({ length: 1000 }, (_, index) => `bell-${index}`)
    await Promise.all(keys.map((key) => db.actor(Bell, key).set(10, 'x')))
    clock.advance(100)
    await pulse()
    expect(await Promise.all(keys.map((key) => db.actor(Bell, key).list()))).toEqual(keys.map(() => ['x at 1100']))
  })
})

function options(): OpenOptions {
  return { actors, clock, onIncident: (incident) => incidents.push(incident) }
}

// One batch: whatever is due at its time has run when it is answered.
async function pulse(): Promise<void> {
  await db.actor(Pulse, 'p').beat()
}

async function rung(key: string): Promise<readonly string[]> {
  await pulse()
  return await db.actor(Bell, key).list()
}

function deferred<Value>(): { readonly promise: Promise<Value>; readonly resolve: (value: Value) => void } {
  let resolve!: (value: Value) => void
  const promise = new Promise<Value>((fulfil) => (resolve = fulfil))
  return { promise, resolve }
}
