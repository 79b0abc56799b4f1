// Limits of the document layer, with what happens when they are reached. What they rest on is in the core's limits.

import { assert, limits } from '@streamy-db/core'

/** All limits of the layer; sizes in bytes unless the name says otherwise. */
export const documentLimits = {
  /** UTF-8 bytes of the name of a collection or an index; refused with OPTIONS_INVALID. */
  nameBytesMax: 64,
  /** One document once encoded; refused with DocumentInvalid. Half the core's limit, so that an answer can hold it. */
  documentBytesMax: limits.valueBytesMax / 2,
  /** Nesting of objects and arrays in one document; refused with DocumentInvalid. Below the core's, which frames it. */
  documentDepthMax: 48,
  /** An `_id` as an index key; refused with DocumentInvalid. */
  idBytesMax: 512,
  /** The fields of one index key; refused with IndexKeyInvalid. */
  indexKeyBytesMax: 1024,
  /** Keys that one document has in one index, through its arrays; refused with IndexKeyInvalid. */
  indexKeysPerDocumentMax: 256,
  /** Indexes of one collection; refused with OPTIONS_INVALID. */
  indexesMax: 64,
  /** Fields of one index; refused with OPTIONS_INVALID. */
  indexFieldsMax: 16,
  /** Magnitude of a bigint in an index key; refused with IndexKeyInvalid. */
  bigintBytesMax: 255,
  /** One filter or update in stored form; refused with FilterInvalid or UpdateInvalid. */
  filterBytesMax: 64 * 1024,
  /** Nesting of a filter; refused with FilterInvalid. */
  filterDepthMax: 32,
  /** Characters of a regular expression; refused with FilterInvalid. */
  patternLengthMax: 1024,
  /** Ranges of an index that one query visits, through `$in`; beyond it fewer fields of the index are used. */
  rangesPerPlanMax: 256,
  /** Documents that one operation may write; it aborts with TooManyDocuments. */
  documentsPerWriteMax: 1000,
  /** Documents that one write sorts to find its first, without an index; it aborts with TooManyDocuments. */
  sortedWriteMax: 10_000,
  /** Operations of one transaction; refused with TRANSACTION_INVALID. */
  operationsPerTransactionMax: limits.callsPerTransactionMax,
  /** Documents that a query looks at without an index before it is refused with ScanRefused, unless `allowScan`. */
  scanDocumentsMax: 10_000,
  /** Documents that a query holds to sort them, or an aggregation to work on; it fails with TooManyDocuments. */
  documentsInMemoryMax: 250_000,
  /** Documents in one page of a cursor; the iteration asks for the next page by itself. */
  pageDocumentsMax: 500,
  /** Index keys that are looked at for one page of a cursor; a page may then hold fewer documents, or none. */
  pageKeysMax: 4000,
  /** Documents that one step of an index build works on. */
  buildStepDocumentsMax: 64,
  /** Keys that one step of the removal of an index takes out. */
  clearStepKeysMax: 256,
  /** How long a client predicts by one reading of a catalogue, in milliseconds; then it reads it again. */
  catalogueKeptMs: 10_000,
  /** Compiled filters, plans and catalogues that one process remembers, each; it forgets the oldest. */
  compiledMax: 1024,
  /** Characters of the text of one of them; what is longer is compiled each time. */
  compiledTextMax: 8192,
} as const

assert(
  2 * (documentLimits.indexKeyBytesMax + documentLimits.idBytesMax) + documentLimits.nameBytesMax + 64 <
    limits.keyBytesMax,
  'an index key fits the key of a node, also where each of its bytes takes two',
)
assert(documentLimits.documentDepthMax + 8 < limits.valueDepthMax, 'a document fits a list of results')
