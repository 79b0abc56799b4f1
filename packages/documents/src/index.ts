// Public face of the document layer, by name.

export { Collection } from './collection/collection.ts'
export { documentActors, documentErrors } from './document-actors.ts'
export { documentLimits } from './limits.ts'
