// Options with what the layers need added: their actors, and the errors that these throw. What is no list, or no options
// at all, is left for whoever takes the options to refuse.

import type { ActorClass, ActorErrorClass } from '@streamy-db/actors'
import { type CollectionDefinition, documentActorsOf, documentErrors } from '@streamy-db/documents'
import { kvActors, kvErrors } from '@streamy-db/kv'
import { serverActors, serverErrors } from '@streamy-db/server'

/** What the layers add to options. */
export interface LayerOptions {
  /**
   * Collections whose schemas hold wherever their documents are written: what an update makes of a document is validated
   * in its transaction, and so is what handlers write. Workers and clients of a cluster name the same.
   */
  readonly collections?: readonly CollectionDefinition[]
}

interface CoreOptions {
  readonly actors?: readonly ActorClass[]
  readonly errors?: readonly ActorErrorClass[]
}

/** The options, with the layers' actors and errors behind those that are given. */
export function withLayers<Options extends CoreOptions & LayerOptions>(options: Options): Options {
  // Plain JavaScript may pass anything.
  if (typeof options !== 'object' || options === null) return options
  const { actors, errors = [] } = options
  const layers = [...kvActors, ...documentActorsOf(collectionsOf(options)), ...serverActors]
  return {
    ...options,
    actors: behind(actors, layers),
    errors: behind(errors, [...kvErrors, ...documentErrors, ...serverErrors]),
  }
}

/** The collections that options name. */
export function collectionsOf(options: LayerOptions): readonly CollectionDefinition[] {
  return options?.collections ?? []
}

function behind<Class>(given: readonly Class[] | undefined, layers: readonly Class[]): readonly Class[] | undefined {
  return Array.isArray(given) ? [...(given as readonly Class[]), ...layers] : given
}
