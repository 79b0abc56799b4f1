// Indexes ready for use without a catalogue, for the model.

import { catalogueText, type CollectionIndex, parseCatalogue } from '../catalogue/catalogue.ts'
import {
  type DeclaredIndex,
  declaredIndexes,
  type IndexDefinition,
  type IndexOptions,
} from '../catalogue/index-definition.ts'

/** The indexes of declarations. */
export function modelIndexes(indexes: Readonly<Record<string, IndexOptions>>): readonly CollectionIndex[] {
  const definitions = declaredIndexes(indexes).map(definitionOf)
  return parseCatalogue(catalogueText({ nextEpoch: definitions.length + 1, indexes: definitions })).maintained
}

function definitionOf(declared: DeclaredIndex, place: number): IndexDefinition {
  return { ...declared, epoch: place + 1, state: 'ready', multikey: false, failure: undefined }
}
