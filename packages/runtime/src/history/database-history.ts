// DatabaseHistory: `at`, `changes` and `project` of a database, and what layers use of its past, over a history port.

import type { ActorClass, Reference } from '@streamy-db/actors'
import { StreamyError, thaw } from '@streamy-db/core'
import type { Position } from '@streamy-db/core'
import type { Clock } from '../clock.ts'
import type { LayerChangesOptions, LayerSnapshot, LayerChanges } from '../layer-port.ts'
import { AbortableIterator } from './abortable-iterator.ts'
import { changeOf, type ActorOf, type ActorType, type Change, type ChangesOptions } from './change.ts'
import type { HistoryPort, TypeNames } from './history-port.ts'
import { checkPosition } from './moment.ts'
import { PastView, type ViewReferences } from './past-view.ts'
import type { ProjectionActor } from './projection-actor.ts'
import { type Projection, type ProjectOptions, RunningProjection } from './projection.ts'

/** What a database lends. */
export interface DatabaseHistoryParts {
  readonly port: HistoryPort
  readonly clock: Clock
  readonly references: ViewReferences
  /** The name of a type of actors. Throws ACTOR_UNKNOWN. */
  readonly nameOf: (type: ActorClass | string) => string
  readonly cursor: (name: string) => Reference<ProjectionActor>
  /** Throws when the database is closed or has failed. */
  readonly assertOpen: () => void
}

/** The past of a database as its users see it. */
export class DatabaseHistory {
  readonly #parts: DatabaseHistoryParts
  readonly #projections = new Map<string, Promise<RunningProjection>>()

  constructor(parts: DatabaseHistoryParts) {
    this.#parts = parts
  }

  async at(moment: Position | Date): Promise<PastView> {
    this.#parts.assertOpen()
    return new PastView(await this.#parts.port.snapshot(moment), this.#parts.references)
  }

  changes<const Type extends ActorType = ActorType>(
    options: ChangesOptions<Type> = {},
  ): AsyncIterableIterator<Change<ActorOf<Type>>> {
    const { actors, from, signal } = options
    this.#parts.assertOpen()
    if (from !== undefined) checkPosition('from', from)
    const types = this.#types(actors)
    const { port } = this.#parts
    const start = from ?? port.now()
    // What the classes say of the fields is what their actors have.
    const generate = (aborting: AbortSignal): AsyncGenerator<Change<ActorOf<Type>>> =>
      changesOf(port, types, start, aborting) as AsyncGenerator<Change<ActorOf<Type>>>
    return new AbortableIterator(generate, signal)
  }

  async project<const Type extends ActorType = ActorType>(
    name: string,
    options: ProjectOptions<Type>,
  ): Promise<Projection> {
    this.#parts.assertOpen()
    if (typeof options?.apply !== 'function')
      throw new StreamyError(
        'OPTIONS_INVALID',
        `The projection ${name} needs a function: db.project('totals', { apply: async (changes) => {} }).`,
      )
    if (options.from !== undefined) checkPosition('from', options.from)
    const { port, clock } = this.#parts
    const cursor = this.#parts.cursor(name)
    const types = this.#types(options.actors)
    const before = await this.#projections.get(name)?.catch(() => undefined)
    await before?.close()
    // What is given to it is what its types say; see `changes`.
    const parts = { name, port, types, cursor, clock, options: options as unknown as ProjectOptions }
    const started = RunningProjection.start(parts)
    this.#projections.set(name, started)
    return await started
  }

  /** Ends what was started. */
  async close(): Promise<void> {
    for (const started of this.#projections.values())
      await (await started.catch(() => undefined))?.close().catch(ignore)
  }

  /** For layers: the commits of some types, as their fields. */
  layerChanges({ types, from, signal }: LayerChangesOptions): AsyncIterableIterator<LayerChanges> {
    const { port } = this.#parts
    return new AbortableIterator((aborting) => layerChangesOf(port, new Set(types), from, aborting), signal)
  }

  /** For layers: a snapshot of the past. */
  async layerSnapshot(moment: Position | Date): Promise<LayerSnapshot> {
    this.#parts.assertOpen()
    const snapshot = await this.#parts.port.snapshot(moment)
    const { position } = snapshot
    return { position, query: async (call) => thaw(await snapshot.query(call)), close: () => snapshot.close() }
  }

  #types(actors: readonly ActorType[] | undefined): TypeNames {
    return actors === undefined ? undefined : new Set(actors.map((type) => this.#parts.nameOf(type)))
  }
}

async function* changesOf(
  port: HistoryPort,
  types: TypeNames,
  start: Position | Promise<Position>,
  signal: AbortSignal,
): AsyncGenerator<Change> {
  for await (const { commits, merged } of port.read(types, await start, signal))
    for (const commit of commits) yield changeOf(commit, merged)
}

async function* layerChangesOf(
  port: HistoryPort,
  types: ReadonlySet<string>,
  from: Position,
  signal: AbortSignal,
): AsyncGenerator<LayerChanges> {
  for await (const { commits, upTo } of port.read(types, from, signal)) {
    yield { changes: commits.map((commit) => changeOf(commit)), upTo }
  }
}

function ignore(): void {}
