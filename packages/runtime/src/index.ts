// Public face of the runtime, by name.

export { systemClock, type Clock } from './clock.ts'
export type { ActorReferences, Database, DatabaseTransaction, ReferenceOptions } from './database.ts'
export { layerPort, layerPortOf, type Executed, type LayerPort, type LayerSnapshot } from './layer-port.ts'
export { ManualClock } from './manual-clock.ts'
export { open } from './open-embedded.ts'
export type { OpenOptions } from './open-options.ts'
