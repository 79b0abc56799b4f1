// Direct writes: a write whose filter names an `_id` concerns one document, whose actor can run it without anybody looking
// for it.

import { DocumentInvalid } from '../document-errors.ts'
import { textOfId } from '../document-id.ts'
import { filterOfText } from '../filter/filter.ts'
import { conjunctsOf } from '../query/conjuncts.ts'
import type { DocumentOperation, DocumentResult } from '../storage/document-operation.ts'
import { upsertBase } from '../storage/upsert-base.ts'
import type { WriteOperation, WriteOutcome } from '../storage/write-operation.ts'

/** A write of one document. */
export interface DirectWrite {
  readonly idText: string
  readonly operation: DocumentOperation
  /** Of the document that the write inserts if there is none. */
  readonly id: unknown
}

/** The direct form of a write; undefined when it has none. */
export function directWrite(operation: WriteOperation): DirectWrite | undefined {
  if (operation.kind === 'insert' || (operation.kind === 'replace' && operation.newId !== undefined)) return undefined
  const { filter } = operation.target
  const { filter: conditions } = filterOfText(filter)
  const { list, complete } = conjunctsOf(conditions)
  const named = list.find(({ path, operator }) => path === '_id' && operator === '$eq')
  const idText = named && idTextOf(operation.collection, named.argument)
  if (named === undefined || idText === undefined) return undefined
  const others = complete && list.length === 1 ? {} : { filter }
  const common = { ...others, returns: operation.returns }
  return { idText, id: named.argument, operation: documentOperation(operation, common, conditions) }
}

/** What a direct write came to, as any other. */
export function directOutcome({ id }: DirectWrite, result: DocumentResult): WriteOutcome {
  const { matched, modified, inserted, document } = result
  return {
    matched: matched ? 1 : 0,
    modified: modified && !inserted ? 1 : 0,
    insertedId: inserted ? id : undefined,
    document,
  }
}

function documentOperation(
  operation: Exclude<WriteOperation, { readonly kind: 'insert' }>,
  common: Pick<DocumentOperation, 'returns'> & { readonly filter?: string },
  conditions: Readonly<Record<string, unknown>>,
): DocumentOperation {
  if (operation.kind === 'delete') return { ...common, kind: 'delete' }
  if (operation.kind === 'replace') return { ...common, kind: 'replace', document: operation.document }
  const { update, newId } = operation
  const upsert = newId === undefined ? {} : { upsert: upsertBase(conditions, undefined, newId) }
  return { ...common, kind: 'update', update, ...upsert }
}

// Undefined for what can be no id: no document has it, as whoever looks for one will find.
function idTextOf(collection: string, id: unknown): string | undefined {
  try {
    return textOfId(collection, id)
  } catch (error) {
    if (error instanceof DocumentInvalid) return undefined
    throw error
  }
}
