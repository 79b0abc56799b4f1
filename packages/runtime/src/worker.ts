// Worker: follows the log with one engine and does what the engine wants done: answers callers, appends tells, flushes
// state, and appends a tick when a timer is due and nothing else moves log time on. Embedded there is one, with every
// partition.
//
//   log --entries--> engine --effects--> waiters, submitter, incidents
//                      '--state--> flusher --> store

import { StreamyError, encodeControlBatch, indexOf } from '@streamy-db/core'
import type { Effects, Engine, Incident, Log, LogEntry, LogTime, Position, Sequence } from '@streamy-db/core'
import type { BatchSubmitter, SubmittedBatch } from './batch-submitter.ts'
import type { Clock } from './clock.ts'
import type { ChangeFeed } from './history/change-feed.ts'
import type { StateFlusher } from './state-flusher.ts'

/** What a worker works with. */
export interface WorkerOptions {
  readonly log: Log
  readonly engine: Engine
  readonly submitter: BatchSubmitter
  readonly flusher: StateFlusher
  /** Told of every batch that was executed. */
  readonly feed?: Pick<ChangeFeed, 'executed'>
  readonly clock: Clock
  /** Told of every incident, once it happened for good; never while old entries are replayed. */
  readonly onIncident: (incident: Incident) => void
  /** Told once when the worker stops because of an error. */
  readonly onFailure: (error: Error) => void
}

const noBody = new Uint8Array(0)

/** Executes the log. */
export class Worker {
  readonly #options: WorkerOptions
  readonly #stopping = new AbortController()
  /** `replaying` and `settling`: what the engine wants appended has to wait, see `#perform`. */
  #phase: 'replaying' | 'live' | 'settling' = 'replaying'
  #alarm: { readonly due: LogTime; readonly cancel: () => void } | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  /** The position of the last transaction that was executed. */
  get position(): Position {
    return this.#options.engine.resolved
  }

  /** Replays what the log holds beyond the state, then goes on in the background. Rejects when replay fails. */
  async start(): Promise<void> {
    const { log, engine } = this.#options
    const tail = await log.tail()
    const caughtUp = engine.next > tail ? Promise.resolve() : this.#follow(tail)
    await caughtUp
    this.#phase = 'live'
    engine.askAgain()
    this.#perform(engine.takeEffects())
    this.#running = this.#follow(Infinity).catch((error: unknown) => this.#options.onFailure(asError(error)))
    this.#armTick()
  }

  /** Starts nothing by itself any more: tells and timers stay in the state, for the next opening. */
  settle(): void {
    this.#phase = 'settling'
    this.#alarm?.cancel()
    this.#alarm = undefined
  }

  /** Stops following; what was delivered has been executed. */
  async stop(): Promise<void> {
    this.settle()
    this.#stopping.abort()
    await this.#running
  }

  async #follow(last: Sequence): Promise<void> {
    const { log, engine, flusher } = this.#options
    for await (const entries of log.read(engine.next, this.#stopping.signal)) {
      for (const entry of entries) {
        this.#execute(entry)
        const full = flusher.poll()
        if (full !== undefined) await full
      }
      if (engine.next > last) return
    }
  }

  #execute(entry: LogEntry): void {
    const { engine, submitter, flusher, feed } = this.#options
    const batch = submitter.take(entry.bytes)
    if (batch === undefined) engine.deliver(entry)
    else this.#executeSubmitted(entry, batch)
    flusher.executed(entry.bytes.length)
    feed?.executed()
    this.#perform(engine.takeEffects())
    this.#armTick()
  }

  // Each waiter is told as its outcome comes: replies kept to the end of a batch of thousands would cost more to the
  // garbage collector than to make. The callers go on when the batch is through.
  #executeSubmitted(entry: LogEntry, { transactions, waiters }: SubmittedBatch): void {
    try {
      this.#options.engine.deliver(entry, transactions, (outcome, position, counted) =>
        waiters[indexOf(position) - 1]?.settle(outcome, counted),
      )
    } catch (error) {
      for (const waiter of waiters) waiter?.fail(asError(error))
      throw error
    }
  }

  // Replies are not looked at: to a batch of this run they went at once, and nobody waits for one of an earlier run.
  #perform({ submissions, incidents }: Effects): void {
    // While old entries are replayed the log may hold what the engine wants appended: it asks again when it is live. A
    // worker that settles leaves it in the outbox, or one tell after another would keep it from ending.
    if (this.#phase !== 'live') return
    for (const transaction of submissions) this.#options.submitter.submit(transaction, undefined)
    for (const incident of incidents) this.#options.onIncident(incident)
  }

  // Log time moves only with entries, so a due timer in an idle database needs one. In a busy one the entries under way
  // do it, or else the alarm is set again when the first of them was executed.
  #armTick(): void {
    const due = this.#options.engine.nextTimerDue
    if (this.#phase !== 'live' || due === undefined) return
    if (this.#alarm !== undefined && this.#alarm.due <= due) return
    this.#alarm?.cancel()
    const { clock, submitter } = this.#options
    const cancel = clock.alarm(due, () => {
      this.#alarm = undefined
      if (submitter.idle) submitter.submitEntry(encodeControlBatch('tick', noBody))
    })
    this.#alarm = { due, cancel }
  }
}

function asError(error: unknown): Error {
  if (error instanceof Error) return error
  return new StreamyError('DATABASE_FAILED', 'The worker stopped. Look at the cause, then open again.', {
    cause: error,
  })
}
