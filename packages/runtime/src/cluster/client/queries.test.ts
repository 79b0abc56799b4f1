// What only reads, and client transactions, against a worker that does what the test says.

import { Actor, actor, message, query } from '@streamy-db/actors'
import { actorRef, freeze, limits, partitionOf, positionOf, type Outcome, type Position } from '@streamy-db/core'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ActorDescription } from '../protocol/welcome.ts'
import { rejectionOf } from '../../testing/rejection-of.ts'
import { ScriptedCluster } from '../../testing/scripted-cluster.ts'
import type { ClusterDatabase } from './cluster-database.ts'

@actor()
class Account extends Actor {
  balance = 0

  @message()
  deposit(amount: number): number {
    return (this.balance += amount)
  }

  @query()
  value(): number {
    return this.balance
  }
}

const described: readonly ActorDescription[] = [
  {
    name: 'Account',
    handlers: [
      { name: 'deposit', kind: 'message', touches: false },
      { name: 'transfer', kind: 'message', touches: true },
      { name: 'value', kind: 'query', touches: false },
    ],
  },
]
const end = (sequence: number): Position => positionOf(sequence, 4095)
const done = (...results: number[]): Outcome => ({ kind: 'committed', results })
const conflict: Outcome = {
  kind: 'aborted',
  operation: 0,
  error: { name: 'StreamyError', code: 'ASSERT_FAILED', message: 'changed', data: undefined },
}
const ref = actorRef('Account', 'a')

let cluster: ScriptedCluster
let db: ClusterDatabase
let session: string

beforeEach(async () => {
  cluster = new ScriptedCluster(4, described)
  db = await cluster.connect({ actors: [Account] })
  session = ''
})

/** Answers the query that was asked last. */
async function answer(value: number, position: Position, version: Position | 'absent' = 1): Promise<void> {
  await cluster.turns()
  const { id, session: asker, call } = cluster.asked('query').at(-1)!
  session = asker
  const reads = [{ ref: call.ref, version: version === 'absent' ? undefined : version }]
  await cluster.send(asker, { kind: 'answer', id, position, logTime: cluster.logTime, reads, value })
}

describe('a query', () => {
  test('asks the owner of the actor, and settles with the answer', async () => {
    const value = db.actor(Account, 'a').value()
    await answer(7, end(9))
    expect(await value).toBe(7)
    expect(db.position).toBe(end(9))
    expect(cluster.questions).toMatchObject([
      { partition: partitionOf(ref, 4), question: { freshness: { kind: 'strong' }, call: { message: 'value' } } },
    ])
    expect(cluster.appends).toEqual([])
  })

  test('of session consistency asks for what this client has seen, and no more', async () => {
    const first = db.actor(Account, 'a').value()
    await answer(7, end(9))
    await first
    void db.actor(Account, 'b', { consistency: 'session' }).value()
    await cluster.turns()
    expect(cluster.asked('query')[1]!.freshness).toEqual({ kind: 'since', position: end(9) })
  })

  test('is asked again under its number until its deadline, and at once of a new owner', async () => {
    const value = db.actor(Account, 'a').value()
    const failed = rejectionOf(value)
    await cluster.advance(251)
    await cluster.notice(partitionOf(ref, 4))
    await cluster.notice((partitionOf(ref, 4) + 1) % 4)
    expect(cluster.asked('query').map(({ id }) => id)).toEqual([1, 1, 1])
    await cluster.advance(30_000)
    expect(await failed).toMatchObject({ code: 'DEADLINE_EXCEEDED', requestId: undefined })
  })

  test('rejects with the error of its handler, and the position counts as seen', async () => {
    const value = db.actor(Account, 'a').value()
    const failed = rejectionOf(value)
    await cluster.turns()
    const { id, session: asker } = cluster.asked('query')[0]!
    const error = { name: 'RangeError', message: 'too far', data: undefined }
    await cluster.send(asker, { kind: 'failed', id, position: end(9), logTime: 1, reads: [], error })
    expect(await failed).toBeInstanceOf(RangeError)
    expect(db.position).toBe(end(9))
  })

  test('settles once, whatever else claims to answer it', async () => {
    const value = db.actor(Account, 'a').value()
    await cluster.turns()
    const { id, session: asker } = cluster.asked('query')[0]!
    await cluster.send(asker, { kind: 'footprint', id, touches: [] })
    await cluster.send(asker, { kind: 'record', id, bytes: undefined })
    await answer(7, end(9))
    await answer(8, end(9))
    expect(await value).toBe(7)
  })
})

describe('a transaction', () => {
  test('reads at the position of its first answer, and asserts what it has read at the commit', async () => {
    const result = db.transaction(async (tx) => {
      const first = await tx.actor(Account, 'a').value()
      const second = await tx.actor(Account, 'b').value()
      void tx.actor(Account, 'c').deposit(first + second)
      return 'written'
    })
    await answer(1, end(9), 5)
    await answer(2, end(9), 'absent')
    await cluster.turns()
    expect(cluster.asked('query').map(({ freshness }) => freshness)).toEqual([
      { kind: 'strong' },
      { kind: 'at', position: end(9) },
    ])
    const [transaction] = cluster.transactions
    expect(transaction).toMatchObject({
      asserts: [
        { ref: { key: 'a' }, version: 5 },
        { ref: { key: 'b' }, version: undefined },
      ],
      calls: [{ ref: { key: 'c' }, message: 'deposit', args: [3] }],
    })
    await cluster.reply(transaction!, done(3))
    expect(await result).toBe('written')
  })

  test('reads at one position also what it asks at once', async () => {
    const result = db.transaction(
      async (tx) => await Promise.all(['a', 'b'].map((key) => tx.actor(Account, key).value())),
    )
    await answer(1, end(9))
    await answer(2, end(9))
    expect(await result).toEqual([1, 2])
    expect(cluster.asked('query').map(({ freshness }) => freshness.kind)).toEqual(['strong', 'at'])
    expect(cluster.transactions).toEqual([])
  })

  test('runs again, as a new request, when something it has read was changed before the commit', async () => {
    let runs = 0
    const result = db.transaction(async (tx) => {
      runs += 1
      void tx.actor(Account, 'b').deposit(await tx.actor(Account, 'a').value())
    })
    await answer(1, end(9), 5)
    await cluster.turns()
    cluster.appends[0]!.resolve(1)
    await cluster.reply(cluster.transactions[0]!, conflict)
    await answer(2, end(12), 6)
    await cluster.turns()
    await cluster.reply(cluster.transactions[1]!, done(2))
    await result
    expect(runs).toBe(2)
    expect(cluster.transactions.map(({ request, asserts }) => [request!.sequence, asserts[0]!.version])).toEqual([
      [1, 5],
      [2, 6],
    ])
  })

  test('runs again when its snapshot can be read no more', async () => {
    let runs = 0
    const result = db.transaction(async (tx) => {
      runs += 1
      return [await tx.actor(Account, 'a').value(), await tx.actor(Account, 'b').value()]
    })
    await answer(1, end(9))
    await cluster.turns()
    await cluster.send(session, { kind: 'snapshotGone', id: cluster.asked('query').at(-1)!.id })
    await answer(3, end(20))
    await answer(4, end(20))
    expect(await result).toEqual([3, 4])
    expect(runs).toBe(2)
    const freshness = cluster.asked('query').map((question) => question.freshness)
    expect(freshness[3]).toEqual({ kind: 'at', position: end(20) })
  })

  test('gives up after as many attempts as the limit says', async () => {
    const reading = db.transaction(async (tx) => {
      void tx.actor(Account, 'b').deposit(await tx.actor(Account, 'a').value())
    })
    const conflicts = rejectionOf(reading)
    for (let attempt = 0; attempt < limits.transactionAttemptsMax; attempt++) {
      await answer(1, end(9 + attempt))
      cluster.appends.at(-1)!.resolve(attempt + 1)
      await cluster.reply(cluster.transactions.at(-1)!, conflict)
    }
    expect(await conflicts).toMatchObject({ code: 'TRANSACTION_CONFLICT' })
    expect(cluster.transactions).toHaveLength(limits.transactionAttemptsMax)
  })

  test('is not run again for an ASSERT_FAILED that a handler threw', async () => {
    const failed = rejectionOf(db.transaction((tx) => void tx.actor(Account, 'b').deposit(1)))
    await cluster.turns()
    await cluster.reply(cluster.transactions[0]!, conflict)
    expect(await failed).toMatchObject({
      code: 'ASSERT_FAILED',
    })
  })

  test('asserts what a query had read that failed, since the function may go on from there', async () => {
    void db.transaction(async (tx) => {
      await tx
        .actor(Account, 'a')
        .value()
        .catch(() => {})
      void tx.actor(Account, 'b').deposit(1)
    })
    await cluster.turns()
    const { id, session: asker } = cluster.asked('query')[0]!
    const error = { name: 'Error', message: 'no', data: undefined }
    await cluster.send(asker, { kind: 'failed', id, position: end(9), logTime: 1, reads: [{ ref, version: 4 }], error })
    await cluster.turns()
    expect(cluster.transactions[0]!.asserts).toMatchObject([{ ref: { key: 'a' }, version: 4 }])
  })

  test('takes nothing any more once it has ended', async () => {
    const outside = await db.transaction((tx) => tx)
    await expect(outside.actor(Account, 'a').value()).rejects.toMatchObject({ code: 'TRANSACTION_INVALID' })
    expect(() => outside.actor(Account, 'a').deposit(1)).toThrow(
      expect.objectContaining({ code: 'TRANSACTION_INVALID' }),
    )
  })
})

describe('a client without classes', () => {
  beforeEach(async () => {
    db = await cluster.connect()
  })

  test('knows a query from a message by what the workers say', async () => {
    const account = db.actor<Account>('Account', 'a')
    const value = account.value()
    await answer(7, end(9))
    expect(await value).toBe(7)
    const deposited = account.deposit(5)
    await cluster.turns()
    await cluster.reply(cluster.transactions[0]!, done(12))
    expect(await deposited).toBe(12)
  })

  test('asks for the footprint of a message that declares touches', async () => {
    // Only the name of the message matters here.
    const account = db.actor('Account', 'a') as unknown as { transfer(to: string, amount: number): Promise<void> }
    void account.transfer('b', 1)
    await cluster.turns()
    const { id, transaction, session: asker } = cluster.asked('footprint')[0]!
    expect(transaction).toMatchObject({ request: undefined, calls: [{ message: 'transfer', args: ['b', 1] }] })
    const touches = [{ ref: actorRef('Account', 'b'), mode: 'write' as const }]
    await cluster.send(asker, { kind: 'footprint', id, touches })
    expect(cluster.transactions[0]!.touches).toEqual(touches)
  })

  test('refuses types and messages that the workers do not know, and says which they do', async () => {
    expect(() => db.actor('Acount', 'a')).toThrow(
      expect.objectContaining({ code: 'ACTOR_UNKNOWN', message: expect.stringMatching(/Account/) as string }),
    )
    const account = db.actor('Account', 'a') as unknown as { depsit(amount: number): Promise<number> }
    await expect(account.depsit(1)).rejects.toMatchObject({
      code: 'MESSAGE_UNKNOWN',
      message: expect.stringMatching(/deposit, transfer, value/) as string,
    })
    expect(() => db.actor<Account>('Account', '')).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
    expect(cluster.questions).toEqual([])
  })

  test('can be awaited, compared and printed without sending anything', async () => {
    const account = db.actor<Account>('Account', 'a')
    expect(await (account as unknown as Promise<unknown>)).toBe(account)
    expect(JSON.stringify({ account })).toBe('{"account":{}}')
    expect(account).toEqual(account)
    await cluster.turns()
    expect([cluster.questions, cluster.transactions]).toEqual([[], []])
  })

  test('freezes arguments, and names the one that cannot be', async () => {
    const account = db.actor('Account', 'a') as unknown as { deposit(...args: unknown[]): Promise<number> }
    void account.deposit({ amount: 1 }).catch(() => {})
    await cluster.turns()
    expect(cluster.transactions[0]!.calls[0]!.args).toEqual([freeze({ amount: 1 }, 'it')])
    await expect(account.deposit(() => 1)).rejects.toMatchObject({
      code: 'VALUE_NOT_ENCODABLE',
      message: expect.stringMatching(/argument 1 of Account.deposit/) as string,
    })
  })
})
