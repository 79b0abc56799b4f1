// The settings of a stream: made, read back and compared, because a server silently drops what it does not know, and
// because somebody may have changed them since. What they should be is for the callers.

import { setTimeout as delay } from 'node:timers/promises'
import { StreamyError } from '@streamy-db/core'
import { JetStreamError, serverErrors, type JetStreamApi, type StreamConfig, type StreamInfo } from './jetstream-api.ts'
import { jetstreamLimits } from './jetstream-limits.ts'

const RETRY_MS = 250
// A cluster that has just started answers with these until its servers have found each other.
const notYet: ReadonlySet<number> = new Set([serverErrors.noSuitablePeers, serverErrors.insufficientResources])

/**
 * Makes the stream, or takes the one that is there with the same settings. Waits for a cluster that is still coming up.
 * Throws STREAM_MISMATCH when the server keeps other settings than these, STORAGE_FULL when it has no room for it.
 */
export async function createStream(api: JetStreamApi, config: StreamConfig): Promise<StreamInfo> {
  const info = await onceAvailable(() => createOrTake(api, config)).catch((error: unknown) => {
    throw explained(error, config)
  })
  assertSettings(config, info)
  return info
}

/** Repeats `call`, which must not mind, until it is answered: a cluster may be coming up or changing its leader. */
export async function onceAvailable<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  const deadline = performance.now() + jetstreamLimits.availableWithinMs
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!mayPass(error) || performance.now() > deadline) throw error
    }
    await delay(RETRY_MS)
  }
}

/** Throws STREAM_MISMATCH unless the stream has all of `expected`. */
export function assertSettings(expected: Partial<StreamConfig>, info: StreamInfo): void {
  const differences = differencesIn(expected, info.config)
  if (differences.length === 0) return
  throw new StreamyError(
    'STREAM_MISMATCH',
    `Stream ${info.config.name} is not set up as Streamy needs it: ${differences.join(', ')}. Somebody changed it, or ` +
      'this server does not know the setting: put it right with the nats command line, or upgrade the server.',
  )
}

/** What differs, as text; a setting that is false or zero may be left out. */
export function differencesIn(expected: Partial<StreamConfig>, actual: Partial<StreamConfig>): readonly string[] {
  const kept = new Map<string, unknown>(Object.entries(actual))
  return Object.entries(expected).flatMap(([name, value]) => {
    const found = kept.get(name)
    const same = JSON.stringify(found) === JSON.stringify(value) || (isNothing(found) && isNothing(value))
    return same ? [] : [`${name} is ${JSON.stringify(found ?? null)} instead of ${JSON.stringify(value)}`]
  })
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === false || value === 0
}

async function createOrTake(api: JetStreamApi, config: StreamConfig): Promise<StreamInfo> {
  try {
    return await api.createStream(config)
  } catch (error) {
    const isThere = error instanceof JetStreamError && error.serverError === serverErrors.streamNameInUse
    const info = isThere ? await api.streamInfo(config.name) : undefined
    if (info === undefined) throw error
    return info
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof JetStreamError && notYet.has(error.serverError)) return true
  return error instanceof StreamyError && error.code === 'SERVER_UNAVAILABLE'
}

function explained(error: unknown, { name, num_replicas: replicas, max_bytes: bytes }: StreamConfig): unknown {
  if (error instanceof StreamyError && error.code === 'PERMISSION_DENIED')
    return new StreamyError(
      'PERMISSION_DENIED',
      `Stream ${name} is not there, and this user may not make it. Make the database once as an operator: createDatabase(servers, { name: … }).`,
      { cause: error },
    )
  if (!(error instanceof JetStreamError)) return error
  if (notYet.has(error.serverError) || error.serverError === serverErrors.notClustered) {
    const text = `The cluster has no ${replicas} servers with room for stream ${name}: ${error.description}. Start more, or ask for fewer replicas.`
    return new StreamyError('SERVER_UNSUITABLE', text, { cause: error })
  }
  if (
    error.serverError === serverErrors.insufficientStorage ||
    error.serverError === serverErrors.resourceLimitsExceeded
  ) {
    const text = `The server has no ${bytes} bytes for stream ${name}: ${error.description}. Raise its max_file_store or the account's limit, or ask for fewer bytes.`
    return new StreamyError('STORAGE_FULL', text, { cause: error })
  }
  return error
}
