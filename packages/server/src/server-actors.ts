// The actor classes of the gateway, which every database that is served must be opened with, and the errors they throw.

import type { ActorClass, ActorErrorClass } from '@streamy-db/actors'
import { IdempotencyKeyActor, IdempotencyKeyUsed } from './idempotency/idempotency-key-actor.ts'
import { VersionstampedActor } from './kv-connect/versionstamped-actor.ts'

/** To be added to the actors of a database; `streamy-db` does that by itself. */
export const serverActors: readonly ActorClass[] = [IdempotencyKeyActor, VersionstampedActor]

/** Clients of a cluster meet these before their process has made one: `errors` of `connect`; `streamy-db` adds them. */
export const serverErrors: readonly ActorErrorClass[] = [IdempotencyKeyUsed]
