// What tests of whole clusters use: collections as plain lists, and the writes that they take.

export type { Plain } from '../plain-object.ts'
export { CollectionModel } from './collection-model.ts'
export type { RandomQuery, RandomWrite } from './document-arbitraries.ts'
export { modelIndexes } from './model-indexes.ts'
