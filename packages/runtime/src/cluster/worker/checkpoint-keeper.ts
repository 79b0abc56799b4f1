// CheckpointKeeper: one worker's part in checkpoints (DESIGN §8). The owner of partition 0 asks for one when enough was
// logged since the last; every owner saves its partitions as of that entry; whoever finds that all are there completes it
// and trims the log behind.
//
//   bytes logged --> `checkpoint` entry --> saved by every owner --> complete --> log trimmed, kept messages let go

import {
  ByteReader,
  ByteWriter,
  MalformedBytes,
  StreamyError,
  decodeView,
  partitionPrefixes,
  viewKey,
} from '@streamy-db/core'
import type { Log, MessageBus, PartitionId, Sequence, StateStore, View } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import type { DatabaseRecord } from '../../database-record.ts'
import type { CheckpointHead } from './checkpoint-format.ts'
import type { Checkpoints } from './checkpoints.ts'
import type { LogAppender } from './log-appender.ts'
import type { Replica } from './replica.ts'

/** What a keeper works with. */
export interface CheckpointKeeperOptions {
  readonly checkpoints: Checkpoints
  readonly log: Log
  readonly appender: LogAppender
  readonly bus: MessageBus
  readonly clock: Clock
  readonly address: string
  readonly database: DatabaseRecord
  readonly firstView: View
  /** Bytes of log from one checkpoint to the next. */
  readonly checkpointBytes: number
  readonly replicas: () => readonly Replica[]
  /** Told of a checkpoint that could not be saved; the next one will do. */
  readonly onTrouble: (error: unknown) => void
}

// Then whoever waits makes do with an older one.
const FRESH_WAIT_US = 10_000_000
const ASK_AGAIN_US = 4_000_000

/** One worker's part in checkpoints. */
export class CheckpointKeeper {
  readonly #options: CheckpointKeeperOptions
  readonly #unlisten: () => void
  readonly #saving = new Set<Promise<void>>()
  readonly #waiting = new Set<{ readonly after: Sequence; readonly tell: (complete: boolean) => void }>()
  #bytes = 0
  // The newest that is known to be complete.
  #newest: Sequence = 0
  readonly #stopping = new AbortController()
  #asked = false
  #stopped = false

  constructor(options: CheckpointKeeperOptions) {
    this.#options = options
    this.#unlisten = options.bus.listen(options.address, (bytes) => this.#completed(bytes))
  }

  /** Takes note of an executed entry; asks for a checkpoint when it is time and this worker is the one to ask. */
  executed(replica: Replica, bytes: number): void {
    if (this.#stopped || !replica.engine.ownership.isOwner(0)) return
    this.#bytes += bytes
    if (this.#bytes >= this.#options.checkpointBytes) this.ask()
  }

  /** Asks for a checkpoint, unless one was asked for and has not come. */
  ask(): void {
    if (this.#asked || this.#stopped) return
    this.#asked = true
    this.#bytes = 0
    this.#options.appender
      .checkpoint()
      .catch((error: unknown) => this.#options.onTrouble(error))
      .finally(() => (this.#asked = false))
  }

  /** Asks for a checkpoint and resolves when one at or behind `after` is complete; with false when there is none in time. */
  async fresh(after: Sequence): Promise<boolean> {
    const { clock, checkpoints } = this.#options
    const complete = new Promise<boolean>((tell) => {
      const waiting = { after, tell }
      this.#waiting.add(waiting)
      clock.alarm(clock.now() + FRESH_WAIT_US, () => {
        this.#waiting.delete(waiting)
        tell(false)
      })
    })
    this.#askUntil(complete)
    const newest = (await checkpoints.complete()).at(-1) ?? 0
    return newest >= after || (await complete)
  }

  // One that somebody could not save is abandoned for the next.
  #askUntil(complete: Promise<boolean>): void {
    const { clock } = this.#options
    let over = false
    void complete.finally(() => (over = true))
    const again = (): void => {
      if (over || this.#stopped) return
      this.ask()
      clock.alarm(clock.now() + ASK_AGAIN_US, again)
    }
    again()
  }

  /** A replica has come to a checkpoint entry. */
  begin(replica: Replica, sequence: Sequence): void {
    this.#bytes = 0
    if (this.#stopped) return
    const owned = replica.engine.ownership.live
    if (owned.length === 0) return
    const saving = this.#save(replica, sequence, owned)
      .catch((error: unknown) => {
        if (!this.#stopped) this.#options.onTrouble(error)
      })
      .finally(() => this.#saving.delete(saving))
    this.#saving.add(saving)
  }

  /** Ends it, and gives up what is being saved: the state that it waits for may never come. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopping.abort()
    this.#unlisten()
    for (const { tell } of this.#waiting) tell(false)
    await Promise.all(this.#saving)
  }

  async #save(replica: Replica, sequence: Sequence, owned: readonly PartitionId[]): Promise<void> {
    const { checkpoints } = this.#options
    let last: CheckpointHead | undefined
    await replica.checkpoint(
      sequence,
      async (store) => {
        for (const partition of owned) {
          last = this.#head(replica, store, partition)
          await checkpoints.save(last, this.#entriesOf(store, partition))
        }
      },
      this.#stopping.signal,
    )
    if (last !== undefined && (await checkpoints.completeIfWhole(last))) await this.#finish(sequence)
  }

  #head(replica: Replica, store: StateStore, partition: PartitionId): CheckpointHead {
    const { database, firstView } = this.#options
    const view = store.get(viewKey)
    return {
      database,
      progress: replica.engine.captured,
      view: view === undefined ? firstView : decodeView(new ByteReader(view)),
      partition,
    }
  }

  *#entriesOf(
    store: StateStore,
    partition: PartitionId,
  ): Iterable<{ readonly key: string; readonly value: Uint8Array }> {
    for (const prefix of partitionPrefixes(partition))
      for (const entry of store.scan(prefix)) {
        if (this.#stopped) throw new StreamyError('DATABASE_CLOSED', 'The worker stops: the checkpoint is given up.')
        yield entry
      }
  }

  async #finish(sequence: Sequence): Promise<void> {
    const { bus, address, checkpoints, log } = this.#options
    const out = new ByteWriter()
    out.varint(sequence)
    bus.send(address, out.take())
    const oldest = await checkpoints.collect()
    if (oldest !== undefined) await log.trim(oldest)
  }

  #completed(bytes: Uint8Array): void {
    const sequence = readSequence(bytes)
    if (sequence === undefined) return
    for (const waiting of this.#waiting) {
      if (sequence < waiting.after) continue
      this.#waiting.delete(waiting)
      waiting.tell(true)
    }
    if (sequence > this.#newest) this.#advance(sequence)
  }

  // Who began at the one before may still be replaying what lies between: as the log is kept for that, messages are.
  #advance(sequence: Sequence): void {
    for (const { engine } of this.#options.replicas()) engine.trimMessages(this.#newest)
    this.#newest = sequence
  }
}

function readSequence(bytes: Uint8Array): Sequence | undefined {
  try {
    const reader = new ByteReader(bytes)
    const sequence = reader.varint()
    reader.finish()
    return sequence
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}
