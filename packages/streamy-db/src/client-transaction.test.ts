// `db.transaction`: what it reads is one snapshot, what it sends commits whole or not at all, and a conflict runs it again.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Actor, ActorError, actor, message, open, query } from './index.ts'
import type { Database, DatabaseTransaction } from './index.ts'

class Refused extends ActorError {}

@actor()
class Account extends Actor {
  balance = 0

  @message()
  deposit(amount: number): number {
    if (this.balance + amount < 0) throw new Refused('not enough')
    return (this.balance += amount)
  }

  @message({ touches: (self, to: string) => [self.actor(Account, to)] })
  transfer(to: string, amount: number): void {
    this.deposit(-amount)
    this.actor(Account, to).deposit(amount)
  }

  @message()
  close(): void {
    this.destroy()
  }

  @query()
  value(): number {
    return this.balance
  }

  /** Reads other accounts from within. */
  @query()
  sumWith(others: readonly string[]): number {
    return others.reduce((sum, other) => sum + this.actor(Account, other).value(), this.balance)
  }
}

let db: Database

beforeEach(async () => {
  db = await open(':memory:', { actors: [Account] })
  await Promise.all(['a', 'b', 'c', 'd'].map((key) => db.actor(Account, key).deposit(100)))
})

afterEach(async () => {
  await db.close()
})

describe('a transaction', () => {
  test('commits all that it sent and returns what its function returned', async () => {
    const result = await db.transaction(async (tx) => {
      const value = await tx.actor(Account, 'a').value()
      void tx.actor(Account, 'a').deposit(-30)
      void tx.actor(Account, 'b').deposit(30)
      return value
    })
    expect(result).toBe(100)
    expect(await balances()).toEqual([70, 130, 100, 100])
  })

  test('commits nothing when one message throws, and the caller gets that error', async () => {
    const refused = db.transaction((tx) => {
      void tx.actor(Account, 'b').deposit(30)
      void tx.actor(Account, 'a').deposit(-130)
    })
    await expect(refused).rejects.toBeInstanceOf(Refused)
    expect(await balances()).toEqual([100, 100, 100, 100])
  })

  test('commits nothing when its function throws', async () => {
    const failed = db.transaction(async (tx) => {
      void tx.actor(Account, 'a').deposit(1)
      throw new TypeError('mine')
    })
    await expect(failed).rejects.toThrow(new TypeError('mine'))
    expect(await balances()).toEqual([100, 100, 100, 100])
  })

  test('runs its messages in the order in which they were sent, on the state of their turn', async () => {
    await db.transaction((tx) => {
      void tx.actor(Account, 'a').deposit(900)
      void tx.actor(Account, 'a').deposit(-1000)
    })
    expect(await balances()).toEqual([0, 100, 100, 100])
  })

  test('does not see in its queries what it has sent', async () => {
    const seen = await db.transaction(async (tx) => {
      void tx.actor(Account, 'a').deposit(1)
      return await tx.actor(Account, 'a').value()
    })
    expect(seen).toBe(100)
    expect(await db.actor(Account, 'a').value()).toBe(101)
  })

  test('may only read', async () => {
    const before = db.position
    expect(await db.transaction((tx) => tx.actor(Account, 'a').sumWith(['b', 'c', 'd']))).toBe(400)
    expect(db.position).toBe(before)
  })

  test('may do nothing at all, and need not be asynchronous', async () => {
    expect(await db.transaction(() => 7)).toBe(7)
  })

  test('may be within another, of which it knows nothing', async () => {
    await db.transaction(async (tx) => {
      void tx.actor(Account, 'a').deposit(1)
      await db.transaction((inner) => void inner.actor(Account, 'b').deposit(1))
    })
    expect(await balances()).toEqual([101, 101, 100, 100])
  })
})

describe('a conflict', () => {
  test('runs the function again, and the first attempt leaves no trace', async () => {
    const { seen } = await conflicting('a', async (tx) => await tx.actor(Account, 'a').value())
    expect(seen).toEqual([100, 101])
  })

  test('is one on an actor that a query has read within another', async () => {
    const { seen } = await conflicting('c', async (tx) => await tx.actor(Account, 'a').sumWith(['b', 'c']))
    expect(seen).toEqual([300, 301])
  })

  test('is one on an actor that was not there and is now', async () => {
    const { seen } = await conflicting('new', async (tx) => await tx.actor(Account, 'new').value())
    expect(seen).toEqual([0, 1])
  })

  test('is one on an actor that was destroyed and is there again as it was', async () => {
    const { seen } = await conflicting(
      'a',
      async (tx) => await tx.actor(Account, 'a').value(),
      async () => {
        await db.actor(Account, 'a').close()
        await db.actor(Account, 'a').deposit(100)
      },
    )
    expect(seen).toEqual([100, 100])
  })

  test('is none on an actor that was not read', async () => {
    const { seen } = await conflicting('d', async (tx) => await tx.actor(Account, 'a').sumWith(['b', 'c']))
    expect(seen).toEqual([300])
  })

  test('is none where a message changed nothing', async () => {
    const { seen } = await conflicting(
      'a',
      (tx) => tx.actor(Account, 'a').value(),
      async () => {
        await db.actor(Account, 'a').deposit(0)
      },
    )
    expect(seen).toEqual([100])
  })

  test('is seen by the next query already, even if the function hides that', async () => {
    let attempts = 0
    await db.transaction(async (tx) => {
      attempts += 1
      await tx.actor(Account, 'a').value()
      if (attempts === 1) await db.actor(Account, 'a').deposit(1)
      await tx
        .actor(Account, 'b')
        .value()
        .catch(() => 0)
      void tx.actor(Account, 'c').deposit(1)
    })
    expect(attempts).toBe(2)
    expect(await balances()).toEqual([101, 100, 101, 100])
  })

  test('every time ends in TRANSACTION_CONFLICT, and nothing is written', async () => {
    let attempts = 0
    const endless = db.transaction(async (tx) => {
      attempts += 1
      await tx.actor(Account, 'a').value()
      void tx.actor(Account, 'b').deposit(1)
      await db.actor(Account, 'a').deposit(1)
    })
    await expect(endless).rejects.toMatchObject({
      code: 'TRANSACTION_CONFLICT',
      kind: 'retry',
      message: expect.stringMatching(/32 attempts.*message of an actor/),
    })
    expect(attempts).toBe(32)
    expect(await balances()).toEqual([132, 100, 100, 100])
  })
})

describe('with others writing at the same time', () => {
  test('every attempt sees one snapshot: the sum of all never changes', async () => {
    const names = ['a', 'b', 'c', 'd']
    const sums: number[] = []
    const writers = names.map(async (from, index) => {
      for (let n = 0; n < 100; n++)
        await db
          .actor(Account, from)
          .transfer(names[(index + 1 + n) % 4]!, 1 + (n % 7))
          .catch(() => {})
    })
    const readers = Array.from({ length: 4 }, async () => {
      for (let n = 0; n < 25; n++) await db.transaction(sum).catch(expectConflict)
    })
    await Promise.all([...writers, ...readers])
    expect(sums.length).toBeGreaterThan(50)
    expect(new Set(sums)).toEqual(new Set([400]))

    async function sum(tx: DatabaseTransaction): Promise<void> {
      let total = 0
      for (const name of names) {
        total += await tx.actor(Account, name).value()
        // Lets writers in between two queries.
        await new Promise((resolve) => setImmediate(resolve))
      }
      sums.push(total)
    }
  })

  test('no write skew: of two on call one always stays', async () => {
    for (let round = 0; round < 20; round++) {
      await db.transaction((tx) => {
        void tx.actor(Account, `${round}/x`).deposit(1)
        void tx.actor(Account, `${round}/y`).deposit(1)
      })
      const leave = (me: string): Promise<void> =>
        db.transaction(async (tx) => {
          const onCall =
            (await tx.actor(Account, `${round}/x`).value()) + (await tx.actor(Account, `${round}/y`).value())
          if (onCall > 1) void tx.actor(Account, `${round}/${me}`).deposit(-1)
        })
      await Promise.all([leave('x'), leave('y')])
      expect(await db.actor(Account, `${round}/x`).sumWith([`${round}/y`])).toBe(1)
    }
  })

  test('no lost update: what everybody adds by reading and writing is all there', async () => {
    const add = (): Promise<void> =>
      db.transaction(async (tx) => {
        const value = await tx.actor(Account, 'a').value()
        void tx.actor(Account, 'a').deposit(value + 1 - value)
        if (value < 0) throw new Error('never')
      })
    await Promise.all(Array.from({ length: 20 }, add))
    expect(await db.actor(Account, 'a').value()).toBe(120)
  })
})

describe('wrong use', () => {
  test('a result that is awaited before there is one', async () => {
    const awaited = db.transaction(async (tx) => {
      await tx.actor(Account, 'a').deposit(1)
    })
    await expect(awaited).rejects.toMatchObject({
      code: 'TRANSACTION_INVALID',
      message: expect.stringMatching(/Account\.deposit is buffered.*Do not await/),
    })
    for (const use of [
      (result: Promise<unknown>) => result.catch((error: { code: string }) => error.code),
      (result: Promise<unknown>) =>
        result.then(
          () => '',
          (error: { code: string }) => error.code,
        ),
      (result: Promise<unknown>) =>
        Promise.allSettled([result.finally(() => {})]).then(([end]) => (end as PromiseRejectedResult).reason.code),
    ])
      expect(await db.transaction((tx) => use(tx.actor(Account, 'a').deposit(0)))).toBe('TRANSACTION_INVALID')
    expect(await balances()).toEqual([100, 100, 100, 100])
  })

  test('a transaction that is used after its end', async () => {
    let escaped: DatabaseTransaction | undefined
    await db.transaction((tx) => {
      escaped = tx
    })
    await expect(escaped!.actor(Account, 'a').value()).rejects.toMatchObject({ code: 'TRANSACTION_INVALID' })
    expect(() => escaped!.actor(Account, 'a').deposit(1)).toThrow(
      expect.objectContaining({ code: 'TRANSACTION_INVALID' }),
    )
    expect(await balances()).toEqual([100, 100, 100, 100])
  })

  test('too many actors read', async () => {
    const reading = db.transaction(async (tx) => {
      for (let n = 0; n <= 4096; n++) await tx.actor(Account, `${n}`).value()
    })
    await expect(reading).rejects.toMatchObject({ code: 'TRANSACTION_INVALID', message: expect.stringMatching(/4096/) })
  })
})

/** Runs a transaction that reads, and between its first reading and its commit somebody changes `changed`. */
async function conflicting(
  changed: string,
  read: (tx: DatabaseTransaction) => Promise<number>,
  change = async (): Promise<void> => void (await db.actor(Account, changed).deposit(1)),
): Promise<{ readonly seen: readonly number[] }> {
  const seen: number[] = []
  const before = await db.actor(Account, 'b').value()
  await db.transaction(async (tx) => {
    seen.push(await read(tx))
    void tx.actor(Account, 'b').deposit(1)
    if (seen.length === 1) await change()
  })
  expect(await db.actor(Account, 'b').value()).toBe(before + 1)
  return { seen }
}

async function balances(): Promise<readonly number[]> {
  return await Promise.all(['a', 'b', 'c', 'd'].map((key) => db.actor(Account, key).value()))
}

function expectConflict(error: unknown): void {
  expect(error).toMatchObject({ code: 'TRANSACTION_CONFLICT' })
}
