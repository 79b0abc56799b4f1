// ClusterLayerPort: what layers use of a database on a cluster: transactions of several calls with all their results, and
// queries at one position. How calls reach the workers is for `cluster-client.ts`.

import { decodeError } from '@streamy-db/actors'
import { limits, StreamyError, thaw, type Call, type Position } from '@streamy-db/core'
import type { DatabaseHistory } from '../../history/database-history.ts'
import type {
  Executed,
  ExecuteOptions,
  LayerChanges,
  LayerChangesOptions,
  LayerPort,
  LayerSnapshot,
  NamedCall,
} from '../../layer-port.ts'
import type { ClusterClient } from './cluster-client.ts'
import { mergedTouches } from './draft.ts'
import type { KnownActors } from './known-actors.ts'
import { SnapshotReads, type SnapshotAnswer } from './snapshot-reads.ts'

/** What the port is put together from. */
export interface ClusterLayerPortParts {
  readonly client: ClusterClient
  readonly actors: KnownActors
  readonly history: DatabaseHistory
  /** By the clock. */
  readonly now: () => number
  /** By the clock, for a call that is made now. */
  readonly deadline: () => number
}

/** A cluster as layers see it. */
export class ClusterLayerPort implements LayerPort {
  readonly #parts: ClusterLayerPortParts

  constructor(parts: ClusterLayerPortParts) {
    this.#parts = parts
  }

  get partitions(): number {
    return this.#parts.client.partitions
  }

  now(): number {
    return this.#parts.now()
  }

  async execute(calls: readonly Call[], { idempotencyKey }: ExecuteOptions = {}): Promise<Executed> {
    const { client, actors, now, deadline } = this.#parts
    const footprints = calls.map((call) => actors.footprint(call))
    const touches = mergedTouches(footprints.flatMap((footprint) => footprint.touches))
    const asksFootprint = footprints.some((footprint) => footprint.asksFootprint)
    const draft = { asserts: [], calls, touches }
    const options = { now: now(), deadline: deadline(), asksFootprint, idempotencyKey }
    const { outcome, position } = await client.submitted(draft, options)
    if (outcome.kind === 'aborted') throw decodeError(outcome.error)
    return { results: outcome.results.map(thaw), position }
  }

  // The position that the first call fixes may be flushed over before the others have read it; then all begin again.
  async query(calls: readonly Call[]): Promise<readonly unknown[]> {
    for (let attempt = 0; attempt < limits.transactionAttemptsMax; attempt++) {
      const answers = await this.#queryOnce(calls)
      if (answers !== undefined) return answers.map(valueOf)
    }
    throw expired()
  }

  nameCall(type: string, key: string, message: string, args: readonly unknown[]): NamedCall {
    return this.#parts.actors.nameCall(type, key, message, args)
  }

  async snapshot(): Promise<LayerSnapshot> {
    this.#parts.client.assertOpen()
    return new ClusterLayerSnapshot(this.#reads())
  }

  snapshotAt(moment: Position | Date): Promise<LayerSnapshot> {
    return this.#parts.history.layerSnapshot(moment)
  }

  changes(options: LayerChangesOptions): AsyncIterableIterator<LayerChanges> {
    return this.#parts.history.layerChanges(options)
  }

  // Undefined when their position could be read no more.
  async #queryOnce(calls: readonly Call[]): Promise<readonly SnapshotAnswer[] | undefined> {
    const reads = this.#reads()
    const answers = await Promise.all(calls.map((call) => reads.query(call)))
    const found = answers.filter((answer) => answer !== undefined)
    return found.length === answers.length ? found : undefined
  }

  #reads(): SnapshotReads {
    const { client, deadline } = this.#parts
    return new SnapshotReads((call, freshness) => client.query(call, freshness, deadline()))
  }
}

// Nothing is held for it anywhere: workers can read a position until they flush over it.
class ClusterLayerSnapshot implements LayerSnapshot {
  readonly #reads: SnapshotReads
  #closed = false

  constructor(reads: SnapshotReads) {
    this.#reads = reads
  }

  get position(): LayerSnapshot['position'] {
    return this.#reads.position
  }

  async query(call: Call): Promise<unknown> {
    if (this.#closed) throw expired()
    const answer = await this.#reads.query(call)
    if (answer === undefined) throw expired()
    return valueOf(answer)
  }

  close(): void {
    this.#closed = true
  }
}

function valueOf(answer: SnapshotAnswer): unknown {
  if (answer.kind === 'answer') return thaw(answer.value)
  throw decodeError(answer.error)
}

function expired(): StreamyError {
  return new StreamyError(
    'SNAPSHOT_EXPIRED',
    'The snapshot was closed, or the workers have flushed newer state over it. Open another and read again.',
  )
}
