// Connects to a cluster: finds the database by its name, opens its log, and puts a client together around both. It knows
// ports only; what is behind them is for whoever calls it.

import { ActorRegistry, createProgram, registerError } from '@streamy-db/actors'
import type { Log, MessageBus, Random } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import { ProjectionActor } from '../../history/projection-actor.ts'
import { patienceFrom } from '../patience.ts'
import { Intake } from '../protocol/intake.ts'
import { workersUnreachable } from './client-errors.ts'
import { clientLimits } from './client-limits.ts'
import { checkConnectOptions, type ConnectOptions } from './client-options.ts'
import { ClusterClient } from './cluster-client.ts'
import { ClusterDatabase } from './cluster-database.ts'
import { ClusterHistory } from './cluster-history.ts'
import { Greeter } from './greeter.ts'
import { KnownActors } from './known-actors.ts'

/** What a client stands on. */
export interface ClusterParts {
  readonly bus: MessageBus
  readonly clock: Clock
  /** Fills bytes that nobody can guess: they tell sessions apart. */
  readonly randomness: Pick<Random, 'fill'>
  /** Opens the log of a database; the client closes it. */
  readonly openLog: (databaseId: string) => Promise<Log>
  /** Ends what the ports stand on, once the client has let go of them. */
  readonly shutDown?: () => Promise<void>
}

/**
 * Connects to the database `name`. Rejects with OPTIONS_INVALID, REGISTRATION_INVALID, WORKERS_UNREACHABLE when no worker
 * answered within `deadlineMs`, and with what opening the log throws.
 */
export async function connectCluster(parts: ClusterParts, options: ConnectOptions): Promise<ClusterDatabase> {
  checkConnectOptions(options)
  const { name, actors = [], errors = [], deadlineMs = clientLimits.deadlineMs } = options
  const { askAgainMs = clientLimits.askAgainMs, sessionPrefix = 'client' } = options
  const { callsPendingMax = clientLimits.callsPendingMax } = options
  const { bus, clock, openLog, shutDown = async () => {} } = parts
  const registry = new ActorRegistry([...actors, ProjectionActor])
  for (const errorClass of errors) registerError(errorClass)
  const intake = new Intake(bus)
  const session = `${sessionPrefix}.${sessionToken(parts)}`
  const shared = { bus, clock, intake, session, patience: patienceFrom(askAgainMs) }
  const greeter = new Greeter({ ...shared, name })
  try {
    const greetedAt = clock.now()
    const welcome = await greeter.greet(greetedAt + deadlineMs * 1000, () => workersUnreachable(name))
    const log = await openLog(welcome.databaseId)
    const client = new ClusterClient({ ...shared, log, greeter, welcome, greetedAt, sessionPrefix, callsPendingMax })
    const program = createProgram(registry)
    const known = new KnownActors({ registry, program }, welcome.actors)
    const past = new ClusterHistory({ client, program, deadline: () => clock.now() + deadlineMs * 1000 })
    return new ClusterDatabase({ client, actors: known, clock, intake, past, deadlineMs, shutDown })
  } catch (error) {
    greeter.close(workersUnreachable(name))
    throw error
  }
}

function sessionToken({ randomness }: ClusterParts): string {
  const bytes = new Uint8Array(16)
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- it is no array, and fills the bytes
  randomness.fill(bytes)
  return Buffer.from(bytes).toString('hex')
}
