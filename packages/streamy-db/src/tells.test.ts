// Tells: one-way messages that run exactly once, each in a transaction of its own, if and only if the transaction that
// sent them committed.

import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Actor, actor, message, open, query, registerActor } from './index.ts'
import type { Database, Incident, OpenOptions } from './index.ts'

const KIB = 1024

@actor()
class Mailbox extends Actor {
  received: string[] = []

  @message()
  receive(letter: string): void {
    this.received.push(letter)
  }

  @message()
  refuse(letter: string): void {
    this.received.push(letter)
    throw new Error(`${this.key} refuses ${letter}`)
  }

  @query()
  letters(): string[] {
    return this.received
  }
}

@actor()
class Sender extends Actor {
  sent = 0

  @message()
  send(to: readonly string[], letter: string): number {
    for (const each of to) this.tell(Mailbox, each).receive(letter)
    return ++this.sent
  }

  @message()
  sendAndFail(to: string, letter: string): void {
    this.tell(Mailbox, to).receive(letter)
    throw new Error('changed my mind')
  }

  /** Goes on after a call that sent something and failed. */
  @message()
  sendThrough(other: string, to: string): void {
    try {
      this.actor(Sender, other).sendAndFail(to, 'undone')
    } catch {
      this.tell(Mailbox, to).receive('kept')
    }
  }

  @message()
  sendRefused(to: string): void {
    this.sent += 1
    this.tell(Mailbox, to).refuse('letter')
  }

  @message()
  destroyAfterSending(to: string): void {
    this.tell(Mailbox, to).receive('farewell')
    this.destroy()
  }

  @message()
  sendLarge(to: string, bytes: number): void {
    this.sent += 1
    this.tell(Large, to).receive('x'.repeat(bytes), 'x'.repeat(bytes))
  }

  @query()
  count(): number {
    return this.sent
  }
}

@actor()
class Large extends Actor {
  bytes = 0

  @message()
  receive(first: string, second: string): void {
    this.bytes += first.length + second.length
  }

  @query()
  size(): number {
    return this.bytes
  }
}

/** Two of them never stop to tell each other something. */
@actor()
class Gossip extends Actor {
  heard = 0

  @message()
  hear(from: string): void {
    this.heard += 1
    this.tell(Gossip, from).hear(this.key)
  }

  @query()
  times(): number {
    return this.heard
  }
}

const actors = [Mailbox, Sender, Large, Gossip]
let incidents: Incident[]
let root = ''
let db: Database

beforeEach(async () => {
  incidents = []
  root = await mkdtemp(join(tmpdir(), 'streamy-tells-'))
  db = await open(join(root, 'data'), options())
})

afterEach(async () => {
  await db.close()
  await rm(root, { recursive: true })
})

describe('a tell', () => {
  test('arrives once, after the message that sent it was answered', async () => {
    await db.actor(Sender, 's').send(['a', 'b', 'a'], 'hello')
    await settle()
    expect(await db.actor(Mailbox, 'a').letters()).toEqual(['hello', 'hello'])
    expect(await db.actor(Mailbox, 'b').letters()).toEqual(['hello'])
  })

  test('of a message that failed is never sent', async () => {
    await expect(db.actor(Sender, 's').sendAndFail('a', 'no')).rejects.toThrow('changed my mind')
    await settle()
    expect(await db.actor(Mailbox, 'a').letters()).toEqual([])
  })

  test('of a call that failed within one that went on is never sent', async () => {
    await db.actor(Sender, 's').sendThrough('t', 'a')
    await settle()
    expect(await db.actor(Mailbox, 'a').letters()).toEqual(['kept'])
  })

  test('outlives its sender', async () => {
    await db.actor(Sender, 's').destroyAfterSending('a')
    await settle()
    expect(await db.actor(Mailbox, 'a').letters()).toEqual(['farewell'])
  })

  test('that is refused is reported, and what its sender did stays', async () => {
    await db.actor(Sender, 's').sendRefused('a')
    await settle()
    expect(await db.actor(Mailbox, 'a').letters()).toEqual([])
    expect(await db.actor(Sender, 's').count()).toBe(1)
    expect(incidents).toEqual([{ kind: 'tell-failed', position: expect.any(Number), reason: 'a refuses letter' }])
  })

  test('too large for a transaction aborts its sender, and the database goes on', async () => {
    const refused = db.actor(Sender, 's').sendLarge('a', 400 * KIB)
    await expect(refused).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' })
    expect(await db.actor(Sender, 's').count()).toBe(0)
    await db.actor(Sender, 's').sendLarge('a', 300 * KIB)
    await settle()
    expect(await db.actor(Large, 'a').size()).toBe(600 * KIB)
  })

  test('is one of a thousand in its transaction, all of which arrive', async () => {
    const to = Array.from({ length: 1000 }, (_, index) => `box-${index}`)
    await db.actor(Sender, 's').send(to, 'hello')
    await settle()
    expect(await Promise.all(to.map((each) => db.actor(Mailbox, each).letters()))).toEqual(to.map(() => ['hello']))
  })
})

describe('over a restart', () => {
  test('each arrives once, however much of it was done when the log ended', async () => {
    for (let crash = 0; crash < 10; crash++) {
      const letters = Array.from({ length: crash }, (_, index) => `${crash}/${index}`)
      await Promise.all(letters.map((letter) => db.actor(Sender, 's').send([`a${crash}`], letter)))
      const crashed = join(root, `crashed-${crash}`)
      await cp(join(root, 'data', 'log'), join(crashed, 'log'), { recursive: true })
      await db.close()
      await rm(join(root, 'data'), { recursive: true })
      await cp(crashed, join(root, 'data'), { recursive: true })
      db = await open(join(root, 'data'), options())
      await settle()
      for (let n = 0; n <= crash; n++) expect(await db.actor(Mailbox, `a${n}`).letters()).toHaveLength(n)
    }
  })

  test('one for a message that the new code no longer has is reported', async () => {
    await db.actor(Sender, 's').send(['a'], 'hello')
    await db.close()
    class Closed extends Actor {
      received: string[] = []
      letters(): string[] {
        return this.received
      }
    }
    registerActor(Closed, { name: 'Mailbox', queries: { letters: {} } })
    db = await open(join(root, 'data'), { ...options(), actors: [Closed, Sender, Gossip, Large] })
    await settle()
    const letters = await db.actor(Closed, 'a').letters()
    // It was still in the outbox, or it had arrived before the database was closed.
    expect(letters.length + incidents.length).toBe(1)
  })
})

describe('tells without an end', () => {
  test('keep nobody from closing, and what is closed can be opened by other code', async () => {
    for (let pair = 0; pair < 8; pair++) await db.actor(Gossip, `${pair}/a`).hear(`${pair}/b`)
    await db.close()
    const others = [Mailbox, Sender, Gossip]
    db = await open(join(root, 'data'), { ...options(), actors: others })
    const before = await db.actor(Gossip, '0/a').times()
    await settle()
    expect(await db.actor(Gossip, '0/a').times()).toBeGreaterThan(before)
  })
})

function options(): OpenOptions {
  return { actors, onIncident: (incident) => incidents.push(incident) }
}

// A tell is appended when its sender is executed, so it is ahead of the message sent next; one of its own tells, too.
async function settle(): Promise<void> {
  for (let batch = 0; batch < 4; batch++) await db.actor(Sender, 'settle').send([], '')
}
