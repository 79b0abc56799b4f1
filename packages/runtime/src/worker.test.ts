// The worker alone: when it acts by itself and when it does not. What it executes is an engine with a real program.

import { crc32 } from 'node:zlib'
import { Actor, actor, ActorRegistry, createProgram, message } from '@streamy-db/actors'
import { actorRef, encodeControlBatch, Engine, MemoryLog, MemoryStateStore, openBatch } from '@streamy-db/core'
import type { Incident, Outcome, Transaction } from '@streamy-db/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BatchSubmitter, type Waiter } from './batch-submitter.ts'
import { ManualClock } from './manual-clock.ts'
import { StateFlusher } from './state-flusher.ts'
import { Worker } from './worker.ts'

@actor()
class Alarm extends Actor {
  rung = 0

  @message()
  set(milliseconds: number): void {
    this.after(milliseconds).ring()
  }

  @message()
  ring(): void {
    this.rung += 1
    throw new Error('ring')
  }

  @message()
  tellItself(): void {
    this.tell(Alarm, this.key).ring()
  }
}

const program = createProgram(new ActorRegistry([Alarm]))
let clock: ManualClock
let log: MemoryLog
let incidents: Incident[]
let failures: Error[]
let submitter: BatchSubmitter
let worker: Worker

beforeEach(() => {
  clock = new ManualClock(1000)
  log = new MemoryLog(() => clock.now())
  incidents = []
  failures = []
  assemble()
})

afterEach(async () => {
  await worker.stop()
})

describe('ticks', () => {
  test('one is appended when a timer is due and nothing else is under way, and none before', async () => {
    await worker.start()
    await send('set', 100)
    clock.advance(99)
    await turns()
    expect(await kinds()).toEqual(['transactions'])
    clock.advance(1)
    await turns()
    expect(await kinds()).toEqual(['transactions', 'tick'])
    expect(incidents.map(({ kind }) => kind)).toEqual(['timer-failed'])
    expect(clock.alarms).toBe(0)
  })

  test('none is appended where entries under way move log time on', async () => {
    await worker.start()
    await send('set', 100)
    const sent = send('set', 1000)
    clock.advance(100)
    await sent
    await turns()
    const tick = (await kinds()).filter((kind) => kind === 'tick')
    expect(tick.length).toBeLessThanOrEqual(1)
    expect(incidents).toHaveLength(1)
  })

  test('the alarm is set for the earliest timer, also when that was set later', async () => {
    await worker.start()
    for (const delay of [1000, 10, 500]) await send('set', delay)
    expect(clock.alarms).toBe(1)
    clock.advance(10)
    await turns()
    expect(incidents).toHaveLength(1)
    clock.advance(490)
    await turns()
    expect(incidents).toHaveLength(2)
  })

  test('none is appended by a worker that settles or has stopped', async () => {
    await worker.start()
    await send('set', 10)
    worker.settle()
    expect(clock.alarms).toBe(0)
    await worker.stop()
    clock.advance(10)
    await turns()
    expect(await kinds()).toEqual(['transactions'])
  })
})

describe('starting', () => {
  test('replays without repeating what it did: no incidents, no tells, no ticks', async () => {
    await worker.start()
    await send('tellItself')
    await send('set', 10)
    clock.advance(10)
    await turns()
    expect(incidents.map(({ kind }) => kind)).toEqual(['tell-failed', 'timer-failed'])
    const before = await kinds()
    const { position } = worker
    await worker.stop()
    assemble()
    await worker.start()
    await turns()
    expect(await kinds()).toEqual(before)
    expect(incidents).toHaveLength(2)
    expect(worker.position).toBe(position)
  })

  test('appends the tells that the log holds as what sent them only', async () => {
    await worker.start()
    worker.settle()
    await send('tellItself')
    await worker.stop()
    expect(await kinds()).toEqual(['transactions'])
    assemble()
    await worker.start()
    await turns()
    expect(await kinds()).toEqual(['transactions', 'transactions'])
    expect(incidents.map(({ kind }) => kind)).toEqual(['tell-failed'])
  })

  test('rejects with what stops the replay', async () => {
    await log.append(unknownVersion())
    await expect(worker.start()).rejects.toMatchObject({ code: 'FORMAT_UNKNOWN' })
  })
})

describe('failing', () => {
  test('is told once, with what stopped it', async () => {
    await worker.start()
    await log.append(unknownVersion())
    await turns()
    expect(failures).toEqual([expect.objectContaining({ code: 'FORMAT_UNKNOWN' })])
  })

  test('tells those whose batch it could not execute', async () => {
    await worker.start()
    await log.append(unknownVersion())
    await expect(send('ring')).rejects.toMatchObject({ code: expect.stringMatching(/FORMAT_UNKNOWN|STORAGE_FAILED/) })
  })
})

function assemble(): void {
  const store = new MemoryStateStore()
  const engine = new Engine({ program, store, partitions: 1, seed: 'seed', owned: () => true })
  const onFailure = (error: Error): void => {
    failures.push(error)
    submitter.fail(error)
  }
  submitter = new BatchSubmitter(log, onFailure)
  const policy = { changedActorsMax: 1000, changedBytesMax: 0, logBytesMax: 1_000_000, replacedRecordsMax: Infinity }
  const flusher = new StateFlusher({ engine, store, log, policy, onFailure })
  const onIncident = (incident: Incident): number => incidents.push(incident)
  worker = new Worker({ log, engine, submitter, flusher, clock, onIncident, onFailure })
}

/** Sends a message and waits for its outcome. */
function send(name: string, ...args: readonly number[]): Promise<Outcome> {
  const calls = [{ ref: actorRef('Alarm', 'a'), message: name, args }]
  const transaction: Transaction = {
    request: undefined,
    attempt: 1,
    source: undefined,
    asserts: [],
    calls,
    touches: [],
  }
  return new Promise((resolve, reject) => {
    const waiter: Waiter = { settle: resolve, fail: reject }
    submitter.submit(transaction, waiter)
  })
}

async function kinds(): Promise<readonly string[]> {
  for await (const entries of log.read(1)) return entries.map(({ bytes }) => openBatch(bytes).kind)
  return []
}

function unknownVersion(): Uint8Array {
  const bytes = Buffer.from(encodeControlBatch('tick', new Uint8Array(0)))
  bytes[5] = 99
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0)
  return bytes
}

// Lets everything happen that waits for nothing but its turn.
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
