// WorkerDesk: the front desk and the reply desk of a worker, and what they read from: its replicas.

import { endOfBatch, sequenceOf } from '@streamy-db/core'
import type {
  ActorRecord,
  ActorRef,
  Call,
  Effects,
  LogTime,
  PartitionId,
  Position,
  RecordedOutcome,
  Touch,
  Transaction,
} from '@streamy-db/core'
import type { MayEnd } from '../ending.ts'
import { FrontDesk } from '../front-desk/front-desk.ts'
import type { FrontDeskOptions } from '../front-desk/front-desk.ts'
import type { FrontDeskHost, PartitionReader, RecordedRequest, SnapshotAnswer } from '../front-desk/front-desk-host.ts'
import { ReplyDesk } from '../front-desk/reply-desk.ts'
import type { ClientDesk, ClusterWorker } from './cluster-worker.ts'
import type { Replica } from './replica.ts'

/** What the desks need beside the worker. */
export interface WorkerDeskOptions extends Omit<FrontDeskOptions, 'host'> {
  readonly databaseId: string
  readonly partitions: number
}

/** Answers clients for one worker. */
export class WorkerDesk implements ClientDesk, FrontDeskHost {
  readonly databaseId: string
  readonly partitions: number
  readonly #worker: ClusterWorker
  readonly #front: FrontDesk
  readonly #replies: ReplyDesk

  constructor(worker: ClusterWorker, options: WorkerDeskOptions) {
    this.#worker = worker
    this.databaseId = options.databaseId
    this.partitions = options.partitions
    this.#front = new FrontDesk({ ...options, host: this })
    this.#replies = new ReplyDesk(options.bus, options.databaseId)
  }

  serve(partitions: readonly PartitionId[]): void {
    this.#front.own(partitions)
  }

  reply(replies: Effects['replies'], logTime: LogTime): void {
    this.#replies.send(replies, logTime)
  }

  close(): void {
    this.#front.close()
  }

  barrier(): Promise<Position> {
    return this.#worker.barrier()
  }

  async reader(partition: PartitionId, position: Position, ending: MayEnd): Promise<PartitionReader | undefined> {
    const replica = this.#worker.serving(partition)
    if (replica === undefined) return undefined
    await replica.whenResolved(sequenceOf(position), ending)
    if (ending.aborted) return undefined
    // Whoever was evicted meanwhile has read it in the log before it came this far.
    return !replica.stopped && replica.engine.ownership.isOwner(partition) ? new ReplicaReader(replica) : undefined
  }

  current(partition: PartitionId): PartitionReader | undefined {
    const replica = this.#worker.serving(partition)
    return replica === undefined ? undefined : new ReplicaReader(replica)
  }
}

class ReplicaReader implements PartitionReader {
  readonly #replica: Replica

  constructor(replica: Replica) {
    this.#replica = replica
  }

  get position(): Position {
    return endOfBatch(this.#replica.engine.resolvedBatch)
  }

  get logTime(): LogTime {
    const { engine } = this.#replica
    return engine.logTimeAt(engine.resolvedBatch)
  }

  query(call: Call, at: Position, fetched: ReadonlyMap<string, ActorRecord | undefined>): SnapshotAnswer {
    return this.#replica.engine.queryAt(call, sequenceOf(at), fetched)
  }

  record(ref: ActorRef, at: Position): { readonly bytes: Uint8Array | undefined } | 'gone' {
    return this.#replica.engine.recordAt(ref, sequenceOf(at))
  }

  outcome(request: RecordedRequest, home: PartitionId): RecordedOutcome | undefined {
    return this.#replica.engine.outcome(home, request)
  }

  predict(transaction: Transaction): readonly Touch[] {
    return this.#replica.engine.predict(transaction)
  }
}
