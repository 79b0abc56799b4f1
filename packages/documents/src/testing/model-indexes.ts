// Indexes ready for use without a catalogue, for the model.

import { catalogueText, type CollectionIndex, parseCatalogue } from '../catalogue/catalogue.ts'
import { declaredIndexes, type IndexOptions } from '../catalogue/index-definition.ts'

/** The indexes of declarations. */
export function modelIndexes(indexes: Readonly<Record<string, IndexOptions>>): readonly CollectionIndex[] {
  const definitions = declaredIndexes(indexes).map((declared, place) => ({
    ...declared,
    epoch: place + 1,
    state: 'ready' as const,
    multikey: false,
    failure: undefined,
  }))
  return parseCatalogue(catalogueText({ nextEpoch: definitions.length + 1, indexes: definitions })).maintained
}
