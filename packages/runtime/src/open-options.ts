// What `open` can be told, and the check of it: plain JavaScript has no compiler to say that an option is wrong.

import type { ActorClass, ActorErrorClass } from '@streamy-db/actors'
import { StreamyError } from '@streamy-db/core'
import type { Incident, Position } from '@streamy-db/core'
import type { Clock } from './clock.ts'

/** What `open` can be told. Only `actors` must be given. */
export interface OpenOptions {
  /** Every actor class that is called, told or touched. */
  readonly actors: readonly ActorClass[]
  /** Error classes that may arrive before this process has made one itself. */
  readonly errors?: readonly ActorErrorClass[]
  /**
   * Bytes of actors kept in memory, by estimate and within a factor of two, beside those changed since the state was last
   * written; the rest are read from disk when needed. Default a quarter of what the heap may grow to.
   */
  readonly cacheBytesMax?: number
  /** Bytes of log after which the state is brought up to date on disk, which bounds recovery. Default 64 MiB. */
  readonly logBytesMax?: number
  /**
   * How far back `at` and `changes` reach, in milliseconds of log time; default a day. What lies further back is let go of
   * when the state is brought up to date.
   */
  readonly historyMs?: number
  /**
   * Bytes of log that are kept for it, at most, which bounds how far back it reaches before `historyMs` does; default
   * 256 MiB. With 0 the past is kept only as far as a recovery would need it.
   */
  readonly historyBytesMax?: number
  /** Positions to abort as poisoned, because their handlers stopped the worker. Use once, then take it out again. */
  readonly skip?: readonly Position[]
  /** Told of what went wrong where nobody waits: timers and tells that threw. Default: written to stderr. */
  readonly onIncident?: (incident: Incident) => void
  /** Time; for tests. */
  readonly clock?: Clock
}

/** Throws OPTIONS_INVALID for a directory or options that `open` cannot work with. */
export function checkOptions(directory: string, options: OpenOptions | undefined): asserts options is OpenOptions {
  if (typeof directory !== 'string' || directory === '')
    throw invalid("open needs a directory, or ':memory:': open('./data', { actors: [Account] }).")
  if (!Array.isArray(options?.actors))
    throw invalid('open needs the actor classes: open(directory, { actors: [Account] }).')
  const { cacheBytesMax = 1, logBytesMax = 1, historyMs = 1, historyBytesMax = 1, skip = [] } = options
  checkCount('cacheBytesMax', cacheBytesMax)
  checkCount('logBytesMax', logBytesMax)
  if (historyMs !== 0) checkCount('historyMs', historyMs)
  if (historyBytesMax !== 0) checkCount('historyBytesMax', historyBytesMax)
  for (const position of skip) checkCount('skip', position)
}

function checkCount(name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && Number(value) > 0) return
  throw invalid(`The option ${name} has the value ${String(value)}. Give whole numbers above zero.`)
}

function invalid(message: string): StreamyError {
  return new StreamyError('OPTIONS_INVALID', message)
}
