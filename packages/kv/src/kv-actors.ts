// The actor classes of the layer, which a database must be opened with.

import type { ActorClass } from '@streamy-db/actors'
import { EntryActor } from './entry-actor.ts'
import { IndexNode } from './ordered-index/index-node.ts'
import { RangeActor } from './range-actor.ts'

/** To be added to the actors that a database is opened with; `streamy-db` does that by itself. */
export const kvActors: readonly ActorClass[] = [EntryActor, RangeActor, IndexNode]
