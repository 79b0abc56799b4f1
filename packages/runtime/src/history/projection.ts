// Projection: hands changes to a function of the user's, one batch after the other, and writes down how far it is. What
// the function does with them is its own: another database, a search index, a total in memory.
//
//   start ── claim ──▶ applying ◀──────────────────┐
//                        │ apply(changes) ── done ─┘ position moves on, now and then it is saved
//                        └── throws: again, later and later
//
// P1 Changes are applied in order, whole transactions at once, each at least once; after a restart from what was saved.
// P2 `position` is never above what `apply` has come to the end of.

import type { Reference } from '@streamy-db/actors'
import { limits, sequenceOf, StreamyError } from '@streamy-db/core'
import type { Commit, Position } from '@streamy-db/core'
import { asError } from '../as-error.ts'
import type { Clock } from '../clock.ts'
import { changeOf, type ActorOf, type ActorType, type Change } from './change.ts'
import type { HistoryPort, TypeNames } from './history-port.ts'
import type { CommittedStretch } from './history-replay.ts'
import type { ProjectionActor } from './projection-actor.ts'

/** What else `apply` is told. */
export interface ApplyContext {
  /**
   * With these changes everything up to here was given. Who keeps it together with what it makes of the changes, and
   * begins `from` there, applies each exactly once.
   */
  readonly position: Position
  /** These are not changes but actors as they are, to begin with: each without a `before`. */
  readonly snapshot: boolean
  /** Aborts when the projection is closed, which then waits for `apply`. */
  readonly signal: AbortSignal
}

/** What `db.project` is told. */
export interface ProjectOptions<Type extends ActorType = ActorType> {
  /** Types of actors; all of the user's own unless stated. */
  readonly actors?: readonly Type[]
  /** Takes changes in order, at most `limits.commitsAtOnceMax` at once unless one transaction has more. */
  readonly apply: (changes: readonly Change<ActorOf<Type>>[], context: ApplyContext) => Promise<void> | void
  /**
   * Begin behind this position, wherever it was before. Unless stated it goes on where it was; a new one is given all
   * actors as they are, then what changes.
   */
  readonly from?: Position
  /**
   * Told of each error of `apply`, which is then tried again, later each time, and, as attempt 0, of what has ended the
   * projection. Default: written to stderr.
   */
  readonly onError?: (error: Error, attempt: number) => void
}

/** A running projection. */
export interface Projection extends AsyncDisposable {
  readonly name: string
  /** Everything up to here was applied. */
  readonly position: Position
  /** Resolves once everything up to a position was applied. Rejects when the projection ends before. */
  caughtUpTo(position: Position): Promise<void>
  /** Ends it, after the `apply` under way. It goes on where it was when it is started again. */
  close(): Promise<void>
}

/** What a projection runs on. */
export interface ProjectionParts {
  readonly name: string
  readonly port: HistoryPort
  readonly types: TypeNames
  readonly cursor: Reference<ProjectionActor>
  readonly clock: Clock
  readonly options: ProjectOptions
}

const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 30_000

/** A projection; see P1 and P2. */
export class RunningProjection implements Projection {
  readonly #parts: ProjectionParts
  readonly #epoch: number
  readonly #closing = new AbortController()
  readonly #running: Promise<void>
  #waiting: { readonly position: Position; resolve(): void; reject(error: Error): void }[] = []
  #position: Position
  #saved: Position
  #saving: Promise<void> | undefined
  #ended: Error | undefined

  /** Takes the projection over from whoever ran it, and starts. */
  static async start(parts: ProjectionParts): Promise<RunningProjection> {
    const { epoch, position } = await parts.cursor.claim()
    return new RunningProjection(parts, epoch, parts.options.from ?? position)
  }

  private constructor(parts: ProjectionParts, epoch: number, from: Position | undefined) {
    this.#parts = parts
    this.#epoch = epoch
    this.#position = from ?? 0
    this.#saved = this.#position
    this.#running = this.#run(from).then(
      () => this.#end(undefined),
      (error: unknown) => this.#end(asError(error)),
    )
  }

  get name(): string {
    return this.#parts.name
  }

  get position(): Position {
    return this.#position
  }

  caughtUpTo(position: Position): Promise<void> {
    if (position <= this.#position) return Promise.resolve()
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => this.#waiting.push({ position, resolve, reject }))
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
    await this.#saving?.catch(ignore)
    if (this.#position > this.#saved && !isTaken(this.#ended)) await this.#save()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run(from: Position | undefined): Promise<void> {
    const { port, types } = this.#parts
    const { signal } = this.#closing
    const start = from ?? (await this.#applyPresent())
    if (start === undefined) return
    for await (const stretch of port.read(types, start, signal)) {
      for (const changes of inPortions(stretch)) if (!(await this.#apply(changes, stretch, false))) return
      this.#reached(stretch.upTo, stretch.commits.length > 0)
    }
  }

  // Undefined when it was closed meanwhile.
  async #applyPresent(): Promise<Position | undefined> {
    const { port, types } = this.#parts
    const { signal } = this.#closing
    while (!signal.aborted) {
      const { position, commits } = await port.present(types, signal)
      if (!(await this.#applyListed(commits, position))) continue
      this.#reached(position, true)
      return position
    }
    return undefined
  }

  // False when not all could be read: who listed them has gone, or it was closed.
  async #applyListed(commits: AsyncIterable<readonly Commit[]>, position: Position): Promise<boolean> {
    try {
      for await (const some of commits) if (!(await this.#apply(some, { upTo: position }, true))) return false
      return !this.#closing.signal.aborted
    } catch (error) {
      if (!(error instanceof StreamyError) || error.code !== 'SNAPSHOT_EXPIRED') throw error
      return false
    }
  }

  // False when it was closed before they were applied.
  async #apply(
    commits: readonly Commit[],
    { upTo, merged }: Pick<CommittedStretch, 'upTo' | 'merged'>,
    snapshot: boolean,
  ): Promise<boolean> {
    const { apply, onError = this.#report } = this.#parts.options
    const { signal } = this.#closing
    const changes = commits.map((commit) => changeOf(commit, merged))
    const last = commits.at(-1)
    const position = snapshot || last === undefined ? upTo : last.position
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await apply(changes, { position, snapshot, signal })
        if (!snapshot && merged === undefined) this.#reached(position, false)
        return true
      } catch (error) {
        onError(asError(error), attempt)
        await this.#pause(Math.min(RETRY_FIRST_MS * 2 ** (attempt - 1), RETRY_MAX_MS))
      }
    }
    return false
  }

  readonly #report = (error: Error, attempt: number): void => {
    const what = attempt === 0 ? 'has ended' : `failed in attempt ${attempt} and tries again`
    process.stderr.write(`streamy: projection ${this.name} ${what}: ${error.stack ?? error.message}\n`)
  }

  #pause(milliseconds: number): Promise<void> {
    const { clock } = this.#parts
    const { signal } = this.#closing
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = clock.alarm(clock.now() + milliseconds * 1000, done)
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }

  #reached(position: Position, changed: boolean): void {
    this.#position = Math.max(this.#position, position)
    const met = this.#waiting.filter((waiting) => waiting.position <= this.#position)
    this.#waiting = this.#waiting.filter((waiting) => waiting.position > this.#position)
    for (const waiting of met) waiting.resolve()
    // Where nothing changed there is little to gain, and each note of it is a batch of its own.
    const batches = sequenceOf(this.#position) - sequenceOf(this.#saved)
    if (this.#saving === undefined && (changed || batches >= limits.projectionBatchesMax))
      this.#save().catch((error: unknown) => this.#end(asError(error)))
  }

  #save(): Promise<void> {
    this.#saving = this.#advance().finally(() => (this.#saving = undefined))
    return this.#saving
  }

  async #advance(): Promise<void> {
    const position = this.#position
    if (!(await this.#parts.cursor.advance(this.#epoch, position))) throw takenError(this.name)
    this.#saved = position
  }

  // Undefined when it was closed.
  #end(error: Error | undefined): void {
    if (this.#ended === undefined) {
      const { onError = this.#report } = this.#parts.options
      if (error !== undefined) onError(error, 0)
      this.#ended = error ?? closedError(this.name)
    }
    this.#closing.abort()
    for (const waiting of this.#waiting) waiting.reject(this.#ended)
    this.#waiting = []
  }
}

// Whole transactions, so many commits at once.
function* inPortions({ commits }: CommittedStretch): Iterable<readonly Commit[]> {
  for (let start = 0; start < commits.length;) {
    let end = Math.min(start + limits.commitsAtOnceMax, commits.length)
    while (end < commits.length && commits[end]!.position === commits[end - 1]!.position) end += 1
    yield commits.slice(start, end)
    start = end
  }
}

function ignore(): void {}

function isTaken(error: Error | undefined): boolean {
  return error instanceof StreamyError && error.code === 'PROJECTION_TAKEN'
}

function closedError(name: string): StreamyError {
  return new StreamyError('DATABASE_CLOSED', `The projection ${name} was closed. Start it again to go on.`)
}

function takenError(name: string): StreamyError {
  return new StreamyError(
    'PROJECTION_TAKEN',
    `The projection ${name} was started elsewhere, and goes on there. Run each in one place.`,
  )
}
