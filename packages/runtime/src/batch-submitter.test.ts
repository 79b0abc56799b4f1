// The submitter alone, on a log that appends when the test says so. Tests cite the invariants of batch-submitter.ts.

import { actorRef, encodeControlBatch, limits, MemoryLog, openBatch, StreamyError } from '@streamy-db/core'
import type { Log, Outcome, Sequence, Transaction } from '@streamy-db/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { BatchSubmitter, type Waiter } from './batch-submitter.ts'

interface Append {
  readonly bytes: Uint8Array
  readonly resolve: (sequence: Sequence) => void
  readonly reject: (error: unknown) => void
}

const done: Outcome = { kind: 'committed', results: [] }
let appends: Append[]
let failures: Error[]
let submitter: BatchSubmitter

beforeEach(() => {
  appends = []
  failures = []
  submitter = new BatchSubmitter(heldLog(), (error) => failures.push(error))
})

describe('group commit', () => {
  test('appends a lone transaction at the end of its turn', async () => {
    submitter.submit(transaction('a'), undefined)
    expect(appends).toHaveLength(0)
    await turn()
    expect(appends.map(countIn)).toEqual([1])
  })

  test('makes one entry of all that is submitted in one turn', async () => {
    for (const key of ['a', 'b', 'c']) submitter.submit(transaction(key), undefined)
    await turn()
    expect(appends.map(countIn)).toEqual([3])
  })

  test('keeps few appends in flight, and gathers what comes meanwhile', async () => {
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      submitter.submit(transaction(key), undefined)
      await turn()
    }
    expect(appends.map(countIn)).toEqual([1, 1])
    appends[0]!.resolve(1)
    await turn()
    expect(appends.map(countIn)).toEqual([1, 1, 3])
  })

  test('starts the next entry when one is full, in the order of submission (B1)', async () => {
    const count = limits.transactionsPerBatchMax + 2
    for (let number = 0; number < count; number++) submitter.submit(transaction(`${number}`), undefined)
    await turn()
    expect(await appendAll()).toEqual(Array.from({ length: count }, (_, number) => `${number}`))
    expect(appends.length).toBeGreaterThan(1)
    for (const append of appends) expect(countIn(append)).toBeLessThanOrEqual(limits.transactionsPerBatchMax)
  })

  test('starts the next entry when one has too many bytes', async () => {
    for (const key of ['a', 'b', 'c']) submitter.submit(transaction(key, 'x'.repeat(400_000)), undefined)
    await turn()
    expect(appends.map(countIn)).toEqual([2, 1])
    expect(takenKeys()).toEqual(['a', 'b', 'c'])
  })

  test('appends an entry of its own behind all that was submitted', async () => {
    submitter.submit(transaction('a'), undefined)
    submitter.submitEntry(encodeControlBatch('tick', new Uint8Array(0)))
    submitter.submit(transaction('b'), undefined)
    await turn()
    appends[0]!.resolve(1)
    await turn()
    expect(appends.map(({ bytes }) => openBatch(bytes).kind)).toEqual(['transactions', 'tick', 'transactions'])
    expect(takenKeys()).toEqual(['a', 'b'])
  })
})

describe('those who wait', () => {
  test('are handed out once, with their batch (B2)', async () => {
    const waiter = heard()
    submitter.submit(transaction('a'), waiter)
    await turn()
    const { bytes } = appends[0]!
    expect(submitter.take(new Uint8Array(bytes))).toBeUndefined()
    const batch = submitter.take(bytes)
    expect(batch?.waiters).toEqual([waiter])
    expect(submitter.take(bytes)).toBeUndefined()
  })

  test('make it busy until their batch is taken', async () => {
    expect(submitter.idle).toBe(true)
    await submitter.drained()
    submitter.submit(transaction('a'), undefined)
    await turn()
    let drained = false
    const drains = submitter.drained().then(() => (drained = true))
    appends[0]!.resolve(1)
    await turn()
    expect([submitter.idle, drained]).toEqual([false, false])
    submitter.take(appends[0]!.bytes)
    await drains
    expect([submitter.idle, drained]).toEqual([true, true])
  })

  test('are all told when an append fails, once, and nobody is taken on any more (B2)', async () => {
    const waiters = ['first in flight', 'second in flight', 'open'].map(() => heard())
    for (const waiter of waiters) {
      submitter.submit(transaction('a'), waiter)
      await turn()
    }
    const cause = new Error('no space left on device')
    appends[1]!.reject(cause)
    appends[0]!.reject(new Error('another'))
    await turn()
    const failure = expect.objectContaining({ code: 'STORAGE_FAILED', kind: 'user', cause }) as Error
    for (const waiter of waiters) expect(waiter.heard).toEqual([failure])
    expect(failures).toEqual([failure])
    expect(() => submitter.submit(transaction('b'), undefined)).toThrow(failures[0])
    submitter.submitEntry(new Uint8Array(1))
    expect(submitter.take(appends[0]!.bytes)).toBeUndefined()
    await submitter.drained()
    await turn()
    expect(appends).toHaveLength(2)
  })

  test('hear the log’s own error, if it has one', async () => {
    const waiter = heard()
    submitter.submit(transaction('a'), waiter)
    await turn()
    const error = new StreamyError('DATABASE_CLOSED', 'closed')
    appends[0]!.reject(error)
    await turn()
    expect(waiter.heard).toEqual([error])
  })

  test('hear nothing when whoever executes has settled them before', async () => {
    const waiter = heard()
    submitter.submit(transaction('a'), waiter)
    await turn()
    submitter.take(appends[0]!.bytes)?.waiters[0]?.settle(done, 1)
    submitter.fail(new Error('later'))
    expect(waiter.heard).toEqual([done])
  })
})

describe('what it does not take on', () => {
  test('a transaction that no entry could hold, and the others are there', async () => {
    submitter.submit(transaction('a'), undefined)
    expect(() => submitter.submit(transaction('b', 'x'.repeat(800_000)), undefined)).toThrow(
      expect.objectContaining({ code: 'VALUE_TOO_LARGE' }),
    )
    submitter.submit(transaction('c'), undefined)
    await turn()
    expect(takenKeys()).toEqual(['a', 'c'])
    expect(submitter.idle).toBe(true)
  })

  test('a call when too many wait; what nobody waits for has room all the same', async () => {
    const small = transaction('a')
    const waiter = heard()
    for (let call = 0; call < limits.callsQueuedMax; call++) submitter.submit(small, waiter)
    expect(() => submitter.submit(small, waiter)).toThrow(
      expect.objectContaining({
        code: 'OVERLOADED',
        kind: 'retry',
        message: expect.stringMatching(/not sent/) as string,
      }),
    )
    submitter.submit(small, undefined)
    await turn()
    submitter.take(appends[0]!.bytes)
    submitter.submit(small, waiter)
    expect(waiter.heard).toEqual([])
  })
})

test('the entries it makes are those that every log takes', async () => {
  const log = new MemoryLog(() => 0)
  const onLog = new BatchSubmitter(log, (error) => failures.push(error))
  for (const key of ['a', 'b']) onLog.submit(transaction(key), undefined)
  await turn()
  for await (const [entry] of log.read(1)) {
    expect(onLog.take(entry!.bytes)?.transactions.map(keyOf)).toEqual(['a', 'b'])
    break
  }
})

function heldLog(): Log {
  const log = new MemoryLog(() => 0)
  log.append = (bytes) => new Promise((resolve, reject) => appends.push({ bytes, resolve, reject }))
  return log
}

function heard(): Waiter & { readonly heard: (Outcome | Error)[] } {
  const all: (Outcome | Error)[] = []
  return { heard: all, settle: (outcome) => void all.push(outcome), fail: (error) => void all.push(error) }
}

function transaction(key: string, argument = ''): Transaction {
  const calls = [{ ref: actorRef('Type', key), message: 'message', args: [argument] }]
  return { request: undefined, attempt: 1, source: undefined, asserts: [], calls, touches: [] }
}

function countIn({ bytes }: Append): number {
  const batch = openBatch(bytes)
  return batch.kind === 'void' ? 0 : batch.count
}

/** Lets one append after the other succeed, and takes each; the keys of all transactions in that order. */
async function appendAll(): Promise<readonly string[]> {
  const keys: string[] = []
  for (let next = 0; next < appends.length; next++) {
    const { bytes, resolve } = appends[next]!
    keys.push(...(submitter.take(bytes)?.transactions.map(keyOf) ?? []))
    resolve(next + 1)
    await turn()
  }
  return keys
}

function takenKeys(): readonly string[] {
  return appends.flatMap(({ bytes }) => submitter.take(bytes)?.transactions.map(keyOf) ?? [])
}

function keyOf({ calls }: Transaction): string {
  return calls[0]!.ref.key
}

// What was put off to the end of this turn has happened after it.
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
