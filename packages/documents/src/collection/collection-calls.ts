// Calls of the layer's actors in stored form, each checked before anything is sent: this is where a client's mistakes
// become errors.

import { actorRef, type Call, type Datum, freezeBriefly } from '@streamy-db/core'
import { builderKey, documentKey, uniqueKey } from '../collection-name.ts'
import { textOfId } from '../document-id.ts'
import type { FindQuery } from '../query/find-query.ts'
import type { DocumentOperation } from '../storage/document-operation.ts'
import type { WriteOperation } from '../storage/write-operation.ts'

/** Makes the calls of one collection. */
export class CollectionCalls {
  readonly #collection: string

  constructor(collection: string) {
    this.#collection = collection
  }

  get(id: unknown): Call {
    return this.#document(textOfId(this.#collection, id), 'get', [])
  }

  stored(id: unknown): Call {
    return this.#document(textOfId(this.#collection, id), 'stored', [])
  }

  writeDocument(idText: string, operation: DocumentOperation, touches: readonly string[]): Call {
    return this.#document(idText, 'write', [freezeBriefly(operation, 'a write'), freezeBriefly(touches, 'touches')])
  }

  write(operations: readonly WriteOperation[], touches: readonly string[]): Call {
    const args = [freezeBriefly(operations, 'a list of writes'), freezeBriefly(touches, 'touches')]
    return { ref: actorRef('doc.Writer', this.#collection), message: 'write', args }
  }

  page(query: FindQuery, after: string | undefined, limit: number): Call {
    return this.#reader('page', [freezeBriefly(query, 'a query'), after, limit])
  }

  /** The document of the text of an id. */
  getText(idText: string): Call {
    return this.#document(idText, 'get', [])
  }

  /** A page as part of a transaction. */
  read(query: FindQuery, after: string | undefined, limit: number): Call {
    return this.#reader('read', [freezeBriefly(query, 'a query'), after, limit])
  }

  count(query: FindQuery, after: string | undefined): Call {
    return this.#reader('count', [freezeBriefly(query, 'a query'), after])
  }

  items(epoch: number, after: string | undefined, limit: number): Call {
    return this.#reader('items', [epoch, after, limit])
  }

  time(): Call {
    return this.#reader('time', [])
  }

  /** Whose a key of a unique index is. */
  owner(epoch: number, keyText: string): Call {
    return { ref: actorRef('doc.Unique', uniqueKey(this.#collection, epoch, keyText)), message: 'get', args: [] }
  }

  progress(epoch: number): Call {
    return { ref: actorRef('doc.Builder', builderKey(this.#collection, epoch)), message: 'progress', args: [] }
  }

  catalogueText(): Call {
    return this.#catalogue('text', [])
  }

  declare(declared: string): Call {
    return this.#catalogue('declare', [declared])
  }

  dropIndex(name: string): Call {
    return this.#catalogue('drop', [name])
  }

  #reader(message: string, args: readonly Datum[]): Call {
    return { ref: actorRef('doc.Reader', this.#collection), message, args }
  }

  #document(idText: string, message: string, args: readonly Datum[]): Call {
    return { ref: actorRef('doc.Document', documentKey(this.#collection, idText)), message, args }
  }

  #catalogue(message: string, args: readonly Datum[]): Call {
    return { ref: actorRef('doc.Catalogue', this.#collection), message, args }
  }
}
