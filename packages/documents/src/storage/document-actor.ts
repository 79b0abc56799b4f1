// DocumentActor: one document of a collection. A write of it and of all its index keys is one handler, and so one
// transaction. What the write does depends on the document as it is there, under its lock: nothing that a client has read
// before decides it.
//
// D1 The index of all ids lists the document exactly when the actor exists.
// D2 Each maintained index lists exactly the keys that the document has in it; each unique key of them has an entry that
//    names it. While an index is being built, documents that the builder has not passed may be missing.
// D3 A message that finds or leaves no document leaves no actor.

import { Actor, reads, registerActor, type TouchScope } from '@streamy-db/actors'
import type { ActorRef, Position, Touch } from '@streamy-db/core'
import { CatalogueActor } from '../catalogue/catalogue-actor.ts'
import { collectionOf, idTextOf } from '../collection-name.ts'
import {
  DocumentInvalid,
  DuplicateKey,
  FilterInvalid,
  IndexConflict,
  IndexKeyInvalid,
  UpdateInvalid,
} from '../document-errors.ts'
import { documentsVersion } from './documents-version.ts'
import { outcomeOf } from './document-outcome.ts'
import type { DocumentOperation, DocumentResult } from './document-operation.ts'
import { schemaFor } from './document-schemas.ts'
import { duplicateKey } from './duplicate-key.ts'
import { IndexMaintenance, type UniqueConflict } from './index-maintenance.ts'

/** A document with the position of its last write. */
export interface StoredDocument {
  readonly document: unknown
  readonly position: Position
}

/** A document; see D1 to D3. */
export class DocumentActor extends Actor {
  document: unknown = undefined
  /** Of the last write; 0 when there is none. */
  writtenAt = 0

  /** The document; undefined when there is none. */
  get(): unknown {
    return this.document
  }

  /** The document and when it was written. */
  stored(): StoredDocument | undefined {
    return this.writtenAt === 0 ? undefined : { document: this.document, position: this.writtenAt }
  }

  /** `get` as a message, for transactions that hold what they read. */
  read(): unknown {
    const { document } = this
    if (this.writtenAt === 0) this.destroy()
    return document
  }

  /** Runs one write. `touches` names what it is believed to need beyond the document. Throws DuplicateKey and others. */
  write(operation: DocumentOperation, touches: readonly string[]): DocumentResult {
    const result = this.run(operation, touches)
    const [conflict] = result.conflicts
    if (conflict !== undefined) throw duplicateKey(this.key, conflict)
    return result
  }

  /** Runs one write of several; unique keys that others have are answered, for `settle` to claim in the end. */
  begin(operation: DocumentOperation): DocumentResult {
    return this.run(operation, undeclared)
  }

  /** Claims what another document had when this one changed. Throws DuplicateKey when it still has. */
  settle(): void {
    const { document } = this
    if (document === undefined) return this.destroy()
    const [conflict] = this.maintenance(undeclared).claimAgain(document)
    if (conflict !== undefined) throw duplicateKey(this.key, conflict)
  }

  /** Puts the document into an index that is being built; answers the first unique key that another has. */
  build(epoch: number): UniqueConflict | undefined {
    const { document } = this
    if (document !== undefined) return this.maintenance(undeclared).build(epoch, document)[0]
    this.destroy()
    return undefined
  }

  private run(operation: DocumentOperation, touches: readonly string[]): DocumentResult {
    const { document: before } = this
    const { matched, modified, after } = outcomeOf(this, operation, before, schemaFor(this, collectionOf(this.key)))
    if (!modified) {
      if (before === undefined) this.destroy()
      return {
        matched,
        modified,
        inserted: false,
        document: shown(operation, before, before),
        conflicts: [],
        strayed: [],
      }
    }
    const maintenance = this.maintenance(touches)
    const conflicts = maintenance.change(before, after)
    if (after === undefined) this.destroy()
    else {
      this.document = after
      this.writtenAt = this.position
    }
    const inserted = before === undefined
    return {
      matched,
      modified,
      inserted,
      document: shown(operation, before, after),
      conflicts,
      strayed: maintenance.strayed,
    }
  }

  private maintenance(touches: readonly string[]): IndexMaintenance {
    return new IndexMaintenance(this, collectionOf(this.key), idTextOf(this.key), touches)
  }
}

registerActor(DocumentActor, {
  name: 'doc.Document',
  version: documentsVersion,
  errors: [DocumentInvalid, DuplicateKey, FilterInvalid, IndexConflict, IndexKeyInvalid, UpdateInvalid],
  messages: {
    read: {},
    write: { touches: (self, _operation, touches) => namedTouches(self, touches) },
    begin: {},
    settle: {},
    build: { touches: (self) => [reads(self.actor(CatalogueActor, collectionOf(self.key)))] },
  },
  queries: { get: {}, stored: {} },
})

const undeclared: readonly string[] = []

// `d` a document, `u` an entry of a unique index, `n` a node of an ordered one; and every write reads the catalogue.
function namedTouches(self: TouchScope, touches: readonly string[]): (ActorRef | Touch)[] {
  const types: Readonly<Record<string, string>> = { d: 'doc.Document', u: 'doc.Unique', n: 'index.Node' }
  return [
    reads(self.actor(CatalogueActor, collectionOf(self.key))),
    ...touches.map((touch) => self.actor(types[touch[0]!] ?? 'doc.Document', touch.slice(1))),
  ]
}

function shown({ returns }: DocumentOperation, before: unknown, after: unknown): unknown {
  return returns === 'before' ? before : returns === 'after' ? after : undefined
}
