// Names of collections and indexes, and the keys of the actors that belong to a collection. A collection is a name:
// nothing is created for it, and an empty one without indexes leaves no trace.
//
//   doc.Document   users/<id>            index.Node   doc.users:0/…    the ids of all documents
//   doc.Catalogue  users                 index.Node   doc.users:3/…    the index of epoch 3
//   doc.Unique     users/3/<key>         doc.Builder  users/3

import { StreamyError } from '@streamy-db/core'
import { documentLimits } from './limits.ts'

const SLASH = '/'

/** Throws OPTIONS_INVALID unless `name` can be one of a collection, or of an index. */
export function checkName(name: unknown, what: 'collection' | 'index'): asserts name is string {
  if (typeof name === 'string' && /^[A-Za-z_][\w.-]*$/.test(name) && name.length <= documentLimits.nameBytesMax) return
  throw new StreamyError(
    'OPTIONS_INVALID',
    `${JSON.stringify(name)} is no name of ${what === 'index' ? 'an index' : 'a collection'}: use letters, digits, ` +
      `dots, dashes and underscores, a letter first, and at most ${documentLimits.nameBytesMax} of them.`,
  )
}

/** The key of a document's actor. */
export function documentKey(collection: string, idText: string): string {
  return collection + SLASH + idText
}

/** The collection of an actor that is named like this. */
export function collectionOf(actorKey: string): string {
  return actorKey.slice(0, actorKey.indexOf(SLASH))
}

/** What stands behind the collection in the key of an actor: the id of a document. */
export function idTextOf(actorKey: string): string {
  return actorKey.slice(actorKey.indexOf(SLASH) + 1)
}

/** The epoch of the index of all documents by their ids. */
export const primaryEpoch = 0

/** The ordered index of an epoch of a collection. */
export function treeOf(collection: string, epoch: number): string {
  return `doc.${collection}:${epoch}`
}

/** The key of the actor of a value in a unique index. */
export function uniqueKey(collection: string, epoch: number, keyText: string): string {
  return `${collection}/${epoch}/${keyText}`
}

/** The key of the actor that builds or clears an index. */
export function builderKey(collection: string, epoch: number): string {
  return `${collection}/${epoch}`
}

/** The epoch in such a key. */
export function epochOf(actorKey: string): number {
  return Number(actorKey.slice(actorKey.indexOf(SLASH) + 1))
}
