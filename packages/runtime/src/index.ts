// Public face of the runtime, by name.

export { systemClock, type Clock } from './clock.ts'
export type { ActorReferences, Database, DatabaseTransaction, ReferenceOptions } from './database.ts'
export { open, type OpenOptions } from './open-embedded.ts'
