// Options with what the layers need added: their actors, and the errors that these throw. What is no list, or no options
// at all, is left for whoever takes the options to refuse.

import type { ActorClass, ActorErrorClass } from '@streamy-db/actors'
import { kvActors, kvErrors } from '@streamy-db/kv'
import { serverActors, serverErrors } from '@streamy-db/server'

const layerActors = [...kvActors, ...serverActors]
const layerErrors = [...kvErrors, ...serverErrors]

interface LayerOptions {
  readonly actors?: readonly ActorClass[]
  readonly errors?: readonly ActorErrorClass[]
}

/** The options, with the layers' actors and errors behind those that are given. */
export function withLayers<Options extends LayerOptions>(options: Options): Options {
  // Plain JavaScript may pass anything.
  if (typeof options !== 'object' || options === null) return options
  const { actors, errors = [] } = options
  return { ...options, actors: behind(actors, layerActors), errors: behind(errors, layerErrors) }
}

function behind<Class>(given: readonly Class[] | undefined, layers: readonly Class[]): readonly Class[] | undefined {
  return Array.isArray(given) ? [...(given as readonly Class[]), ...layers] : given
}
