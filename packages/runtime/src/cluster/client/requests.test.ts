// A client's requests against a log and a worker that do what the test says: what is lost, repeated, late or refused.

import { Actor, actor, ActorError, message, query } from '@streamy-db/actors'
import { actorRef, freeze, partitionOf, positionOf, StreamyError, type Outcome } from '@streamy-db/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { addresses } from '../protocol/addresses.ts'
import { rejectionOf } from '../../testing/rejection-of.ts'
import { ScriptedCluster } from '../../testing/scripted-cluster.ts'
import { DeadlineExceeded } from './client-errors.ts'
import { clientLimits } from './client-limits.ts'
import type { ClusterDatabase } from './cluster-database.ts'

class Refused extends ActorError<{ balance: number }> {}

@actor()
class Account extends Actor {
  balance = 0

  @message()
  deposit(amount: number): number {
    return (this.balance += amount)
  }

  @message({ touches: (self, to: string) => [self.actor(Account, to)] })
  transfer(to: string, amount: number): void {
    this.actor(Account, to).deposit(amount)
  }

  @query()
  value(): number {
    return this.balance
  }
}

let cluster: ScriptedCluster
let db: ClusterDatabase

beforeEach(async () => {
  cluster = new ScriptedCluster()
  db = await cluster.connect({ actors: [Account], errors: [Refused] })
})

const done = (...results: number[]): Outcome => ({ kind: 'committed', results })

describe('a request', () => {
  test('is an entry with session, sequence and what the client has seen, and settles with its reply', async () => {
    const deposited = db.actor(Account, 'a').deposit(5)
    await cluster.turns()
    const [transaction] = cluster.transactions
    expect(transaction).toMatchObject({ attempt: 1, source: undefined, asserts: [], touches: [] })
    expect(transaction!.request).toEqual({
      session: expect.stringMatching(/^client\.[0-9a-f]{32}$/) as string,
      sequence: 1,
      suffix: '',
      answeredBelow: 1,
      seenTime: cluster.logTime,
    })
    await cluster.reply(transaction!, done(5))
    expect(await deposited).toBe(5)
    expect(db.position).toBe(positionOf(11, 1))
  })

  test('settles though the log has not acknowledged it: the reply shows that it is there', async () => {
    const deposited = db.actor(Account, 'a').deposit(5)
    await cluster.turns()
    await cluster.reply(cluster.transactions[0]!, done(5))
    expect(await deposited).toBe(5)
    cluster.appends[0]!.reject(new Error('no acknowledgement'))
    await cluster.turns()
  })

  test('rejects with the error of its handler', async () => {
    const deposited = db.actor(Account, 'a').deposit(5)
    const failed = rejectionOf(deposited)
    await cluster.turns()
    const refusal = { name: 'Refused', code: 'ACTOR_ERROR', message: 'no', data: freeze({ balance: 0 }, 'data') }
    await cluster.reply(cluster.transactions[0]!, { kind: 'aborted', operation: 0, error: refusal })
    expect(await failed).toSatisfy((error) => error instanceof Refused && error.data.balance === 0)
  })

  test('shares an entry with all others of its turn, and few entries are under way', async () => {
    const sent = ['a', 'b', 'c'].map((key) => db.actor(Account, key).deposit(1))
    await cluster.turns()
    expect(cluster.appends.map(({ transactions }) => transactions.length)).toEqual([3])
    for (const key of ['d', 'e', 'f']) {
      sent.push(db.actor(Account, key).deposit(1))
      await cluster.turns()
    }
    expect(cluster.appends.map(({ transactions }) => transactions.length)).toEqual([3, 1])
    cluster.appends[1]!.resolve(2)
    await cluster.turns()
    expect(cluster.appends.map(({ transactions }) => transactions.length)).toEqual([3, 1, 2])
    expect(new Set(cluster.appends.map(({ id }) => id)).size).toBe(3)
    for (const transaction of cluster.transactions) await cluster.reply(transaction, done(1))
    await Promise.all(sent)
  })

  test('names in the index of its entry what its class declares it touches', async () => {
    void db.actor(Account, 'a').transfer('b', 1)
    await cluster.turns()
    expect(cluster.transactions[0]!.touches).toEqual([{ ref: actorRef('Account', 'b'), mode: 'write' }])
    expect(cluster.asked('footprint')).toEqual([])
  })

  test('declares nothing where its touches throw: the message decides what comes of it', async () => {
    // Plain JavaScript has no compiler that says so.
    void db.actor(Account, 'a').transfer('' as string, 1)
    await cluster.turns()
    expect(cluster.transactions[0]!.touches).toEqual([])
  })
})

describe('a repeated reply', () => {
  test('settles nobody twice, nor anybody else', async () => {
    const first = db.actor(Account, 'a').deposit(5)
    await cluster.turns()
    cluster.appends[0]!.resolve(1)
    const [transaction] = cluster.transactions
    await cluster.reply(transaction!, done(5))
    await cluster.reply(transaction!, done(99))
    const second = db.actor(Account, 'a').deposit(6)
    await cluster.turns()
    await cluster.reply(transaction!, done(99))
    await cluster.reply(cluster.transactions[1]!, done(11))
    expect([await first, await second]).toEqual([5, 11])
  })
})

describe('answered below', () => {
  const below = (): number[] => cluster.transactions.map(({ request }) => request!.answeredBelow)
  const send = async (): Promise<void> => {
    void db.actor(Account, 'a').deposit(1)
    await cluster.turns()
    cluster.appends.at(-1)!.resolve(cluster.appends.length)
    await cluster.turns()
  }

  test('never passes a request without an answer, however many later ones have theirs', async () => {
    for (let number = 0; number < 4; number++) await send()
    await cluster.reply(cluster.transactions[2]!, done(1))
    await send()
    await cluster.reply(cluster.transactions[0]!, done(1))
    await send()
    await cluster.reply(cluster.transactions[1]!, done(1))
    await send()
    for (const transaction of cluster.transactions.slice(3)) await cluster.reply(transaction, done(1))
    await send()
    expect(below()).toEqual([1, 1, 1, 1, 1, 2, 4, 8])
  })

  test('passes a request that nobody waits for any more, and one that was never sent', async () => {
    void db
      .actor(Account, 'a', { deadlineMs: 100 })
      .deposit(1)
      .catch(() => {})
    await cluster.turns()
    cluster.appends[0]!.resolve(1)
    await cluster.advance(101)
    await send()
    // @ts-expect-error what the compiler forbids, plain JavaScript can do
    await expect(db.actor(Account, 'a').deposit('x'.repeat(500_000), 'y'.repeat(500_000))).rejects.toMatchObject({
      code: 'VALUE_TOO_LARGE',
    })
    await cluster.reply(cluster.transactions[1]!, done(1))
    await send()
    expect(below()).toEqual([1, 2, 4])
    expect(cluster.transactions.map(({ request }) => request!.sequence)).toEqual([1, 2, 4])
  })
})

describe('a deadline', () => {
  test('ends a request that may or may not have happened, by name', async () => {
    const deposited = db.actor(Account, 'a', { deadlineMs: 1000 }).deposit(5)
    const failed = rejectionOf(deposited)
    await cluster.turns()
    await cluster.advance(1001)
    expect(await failed).toSatisfy(
      (error) =>
        error instanceof DeadlineExceeded &&
        error.code === 'DEADLINE_EXCEEDED' &&
        error.kind === 'retry' &&
        error.requestId === `${cluster.session}/1` &&
        error.message.includes('may or may not have happened'),
    )
    await cluster.reply(cluster.transactions[0]!, done(5))
    await cluster.advance(5000)
    expect(cluster.asked('outcomes').length).toBeLessThanOrEqual(3)
  })

  test('is the client’s own by default', async () => {
    const deposited = db.actor(Account, 'a').deposit(5)
    let ended = false
    const failed = rejectionOf(deposited.finally(() => (ended = true)))
    await cluster.advance(clientLimits.deadlineMs - 1)
    expect(ended).toBe(false)
    await cluster.advance(2)
    expect(await failed).toMatchObject({ code: 'DEADLINE_EXCEEDED' })
  })

  test.each([0, -1, 1.5, 240_001, Number.NaN])('of %d is refused', (deadlineMs) => {
    expect(() => db.actor(Account, 'a', { deadlineMs })).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }))
  })
})

describe('what the log refuses', () => {
  test('may or may not have happened, and others go on', async () => {
    const first = db.actor(Account, 'a').deposit(5)
    const cause = new StreamyError('STORAGE_FAILED', 'no acknowledgement')
    const failed = rejectionOf(first)
    await cluster.turns()
    cluster.appends[0]!.reject(cause)
    expect(await failed).toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringMatching(/may or may not have happened/) as string,
      cause,
    })
    const second = db.actor(Account, 'a').deposit(6)
    await cluster.turns()
    expect(cluster.transactions[1]!.request!.answeredBelow).toBe(2)
    await cluster.reply(cluster.transactions[1]!, done(6))
    expect(await second).toBe(6)
  })

  test('for want of room has not happened', async () => {
    const refused = db.actor(Account, 'a').deposit(5)
    const full = new StreamyError('OVERLOADED', 'the log is full; this entry was not taken')
    const failed = rejectionOf(refused)
    await cluster.turns()
    cluster.appends[0]!.reject(full)
    expect(await failed).toBe(full)
  })
})

describe('back-pressure', () => {
  test('refuses what would be one call too many, and takes calls again when some are answered', async () => {
    const narrow = await cluster.connect({ actors: [Account], callsPendingMax: 3 })
    const reference = narrow.actor(Account, 'a')
    const calls = [reference.deposit(1), reference.deposit(1), reference.value()]
    for (const call of calls) call.catch(() => {})
    await expect(reference.deposit(1)).rejects.toMatchObject({
      code: 'OVERLOADED',
      kind: 'retry',
      message: expect.stringMatching(/not sent/) as string,
    })
    await cluster.turns()
    expect(cluster.transactions).toHaveLength(2)
    await cluster.reply(cluster.transactions[0]!, done(1))
    expect(await calls[0]).toBe(1)
    reference.deposit(1).catch(() => {})
    await expect(reference.deposit(1)).rejects.toMatchObject({ code: 'OVERLOADED' })
  })
})

describe('a message that has missed', () => {
  test('asks for its footprint first from then on (F5), of the owner of home', async () => {
    const first = db.actor(Account, 'a').deposit(1)
    await cluster.turns()
    await cluster.reply(cluster.transactions[0]!, done(1), { missed: true })
    await first
    void db.actor(Account, 'b').deposit(2)
    await cluster.turns()
    const [{ partition, question }] = cluster.questions as [(typeof cluster.questions)[0]]
    expect(partition).toBe(partitionOf(actorRef('Account', 'b'), 4))
    expect(question).toMatchObject({ kind: 'footprint', transaction: { calls: [{ message: 'deposit', args: [2] }] } })
    expect(cluster.transactions).toHaveLength(1)
    const touches = [{ ref: actorRef('Account', 'c'), mode: 'read' as const }]
    await cluster.send(cluster.session, { kind: 'footprint', id: cluster.asked('footprint')[0]!.id, touches })
    cluster.appends[0]!.resolve(1)
    await cluster.turns()
    expect(cluster.transactions[1]!.touches).toEqual(touches)
  })

  test('is sent at once again when its footprint is told to be what it declares, several times in a row', async () => {
    const deposit = async (number: number, missed = false): Promise<void> => {
      const deposited = db.actor(Account, 'a').deposit(1)
      await cluster.turns()
      for (const { id } of cluster.asked('footprint').slice(told))
        await cluster.send(cluster.session, { kind: 'footprint', id, touches: [] })
      told = cluster.asked('footprint').length
      cluster.appends[number]!.resolve(number + 1)
      await cluster.reply(cluster.transactions[number]!, done(number + 1), { missed })
      await deposited
    }
    let told = 0
    await deposit(0, true)
    for (let time = 1; time <= clientLimits.footprintsInVainMax + 1; time++) await deposit(time)
    expect(told).toBe(clientLimits.footprintsInVainMax)
  })

  test('is sent without when nobody says in time', async () => {
    const first = db.actor(Account, 'a').deposit(1)
    await cluster.turns()
    await cluster.reply(cluster.transactions[0]!, done(1), { missed: true })
    await first
    cluster.appends[0]!.resolve(1)
    void db.actor(Account, 'b').deposit(2)
    await cluster.turns()
    await cluster.advance(1001)
    expect(cluster.transactions[1]!.touches).toEqual([])
  })

  test('is sent without when what is foreseen does not fit an entry', async () => {
    const first = db.actor(Account, 'a').deposit(1)
    await cluster.turns()
    await cluster.reply(cluster.transactions[0]!, done(1), { missed: true })
    await first
    cluster.appends[0]!.resolve(1)
    void db.actor(Account, 'b').deposit(2)
    await cluster.turns()
    const touches = Array.from({ length: 300 }, (_, number) => ({
      ref: actorRef('Account', `${number}`.padStart(4000, 'k')),
      mode: 'read' as const,
    }))
    await cluster.send(cluster.session, { kind: 'footprint', id: cluster.asked('footprint')[0]!.id, touches })
    expect(cluster.transactions[1]!.touches).toEqual([])
    expect(cluster.transactions[1]!.request!.answeredBelow).toBe(3)
  })
})

describe('an idempotency key', () => {
  test('makes session and sequence functions of the key, and keeps the outcome', async () => {
    const reference = db.actor(Account, 'a', { idempotencyKey: 'order 7' })
    const [first, second] = [reference.deposit(5), reference.deposit(5)]
    await cluster.turns()
    expect(cluster.transactions).toHaveLength(1)
    const [transaction] = cluster.transactions
    expect(transaction!.request).toMatchObject({ sequence: 1, answeredBelow: 0 })
    expect(transaction!.request!.session).toMatch(/^client\.key-[0-9a-f]{40}$/)
    cluster.appends[0]!.resolve(1)
    await cluster.reply(transaction!, done(5))
    expect([await first, await second]).toEqual([5, 5])
    const other = await cluster.connect({ actors: [Account] })
    void other.actor(Account, 'a', { idempotencyKey: 'order 7' }).deposit(5)
    void other.actor(Account, 'a', { idempotencyKey: 'order 8' }).deposit(5)
    await cluster.turns()
    const sessions = cluster.transactions.map(({ request }) => request!.session)
    expect([sessions[1] === sessions[0], sessions[2] === sessions[0]]).toEqual([true, false])
  })

  test('asks again under its own session', async () => {
    void db.actor(Account, 'a', { idempotencyKey: 'order 7' }).deposit(5)
    await cluster.turns()
    await cluster.advance(251)
    expect(cluster.asked('outcomes')).toEqual([{ kind: 'outcomes', session: cluster.session, sequences: [1] }])
  })
})

describe('the log time that a request carries', () => {
  test('is asked for first when the last one seen is old, with one hello for all who wait', async () => {
    await cluster.advance(clientLimits.seenTimeAgeMaxUs / 1000 + 1)
    cluster.logTime += 300_000_000
    const hellos = cluster.hellos
    const sent = ['a', 'b'].map((key) => db.actor(Account, key).deposit(1))
    await cluster.turns()
    expect(cluster.hellos).toBe(hellos + 1)
    expect(cluster.transactions.map(({ request }) => request!.seenTime)).toEqual([cluster.logTime, cluster.logTime])
    for (const transaction of cluster.transactions) await cluster.reply(transaction, done(1))
    await Promise.all(sent)
  })

  test('is not waited for beyond the deadline, and then nothing was sent', async () => {
    await cluster.advance(clientLimits.seenTimeAgeMaxUs / 1000 + 1)
    cluster.welcomes = false
    const deposited = db.actor(Account, 'a', { deadlineMs: 1000 }).deposit(1)
    const failed = rejectionOf(deposited)
    for (let slice = 0; slice < 6; slice++) await cluster.advance(251)
    expect(await failed).toMatchObject({ code: 'DEADLINE_EXCEEDED', requestId: undefined })
    expect(cluster.transactions).toEqual([])
  })
})

describe('bytes that are no message', () => {
  test('are dropped and counted', async () => {
    const deposited = db.actor(Account, 'a').deposit(5)
    await cluster.turns()
    const address = addresses.reply('db', cluster.session)
    await cluster.sendBytes(address, Uint8Array.of(1, 0, 1))
    await cluster.sendBytes(address, new Uint8Array(0))
    await cluster.sendBytes(addresses.notice('db'), Uint8Array.of(9, 9))
    expect(db.malformedMessages).toBe(3)
    await cluster.reply(cluster.transactions[0]!, done(5))
    expect(await deposited).toBe(5)
  })
})

describe('closing', () => {
  test('waits for what was sent, refuses what comes after, and lets go of the log once', async () => {
    const deposited = db.actor(Account, 'a').deposit(5)
    await cluster.turns()
    const closing = db.close()
    await expect(db.actor(Account, 'a').deposit(1)).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
    await expect(db.actor(Account, 'a').value()).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
    await expect(db.transaction(() => 7)).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
    await cluster.turns()
    expect(cluster.closedLogs).toBe(0)
    await cluster.reply(cluster.transactions[0]!, done(5))
    expect(await deposited).toBe(5)
    await closing
    await db.close()
    expect(cluster.closedLogs).toBe(1)
    expect(cluster.clock.alarms).toBe(0)
  })

  test('ends no later than the deadlines of what waits', async () => {
    const failed = rejectionOf(db.actor(Account, 'a').deposit(5))
    const closing = db.close()
    await cluster.advance(30_001)
    expect(await failed).toMatchObject({ code: 'DEADLINE_EXCEEDED' })
    await closing
  })
})
