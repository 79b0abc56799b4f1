// The actor classes of the layer, which a database must be opened with, and the errors that they throw.

import type { ActorClass, ActorErrorClass } from '@streamy-db/actors'
import { EntryActor } from './entry-actor.ts'
import { KvAssertFailed, KvRangeTooLarge, KvTypeMismatch } from './kv-errors.ts'
import { IndexDamaged } from './ordered-index/index-errors.ts'
import { IndexNode } from './ordered-index/index-node.ts'
import { RangeActor } from './range-actor.ts'

/** To be added to the actors that a database is opened with; `streamy-db` does that by itself. */
export const kvActors: readonly ActorClass[] = [EntryActor, RangeActor, IndexNode]

/** Clients of a cluster meet these before their process has made one: `errors` of `connect`; `streamy-db` adds them. */
export const kvErrors: readonly ActorErrorClass[] = [KvAssertFailed, KvRangeTooLarge, KvTypeMismatch, IndexDamaged]
