// Random writes as operations in stored form.

import { filterText } from '../filter/filter.ts'
import { sortSpecOf } from '../query/sort-documents.ts'
import type { WriteOperation, WriteTarget } from '../storage/write-operation.ts'
import { updateText } from '../update/apply-update.ts'
import type { RandomWrite } from './document-arbitraries.ts'

/** The operation of a write; `newId` names what an upsert inserts. */
export function operationOf(collection: string, write: RandomWrite, newId: string): WriteOperation {
  const common = { collection, returns: 'nothing' } as const
  if (write.kind === 'insert') return { ...common, kind: 'insert', document: write.document }
  const target: WriteTarget = {
    filter: filterText(write.filter),
    many: write.kind !== 'replace' && write.many,
    sort: sortSpecOf(write.sort),
    hint: undefined,
  }
  switch (write.kind) {
    case 'update':
      return {
        ...common,
        kind: 'update',
        target,
        update: updateText(write.update),
        newId: write.upsert ? newId : undefined,
      }
    case 'replace':
      return { ...common, kind: 'replace', target, document: write.document, newId: write.upsert ? newId : undefined }
    default:
      return { ...common, kind: 'delete', target }
  }
}
