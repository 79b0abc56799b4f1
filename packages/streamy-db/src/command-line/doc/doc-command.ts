// `streamy doc`: documents of a collection, on the command line.

import { UsageError } from '../command.ts'
import type { Command, CommandInput } from '../command.ts'
import { accessOf, accessOptions, type ServerAccess } from '../server-access.ts'
import { createIndex, dropIndex, listIndexes } from './change-indexes.ts'
import { exportDocuments } from './export-documents.ts'
import { importDocuments } from './import-documents.ts'
import { aggregateDocuments, countDocuments, findDocuments, getDocument } from './read-documents.ts'
import { watchDocuments } from './watch-documents.ts'
import { deleteDocuments, insertDocument, updateDocuments } from './write-documents.ts'

/** One of the things that the command does. Answers the exit code. */
export type DocAction = (access: ServerAccess, collection: string, input: CommandInput) => Promise<number>

const actions = new Map<string, DocAction>([
  ['get', getDocument],
  ['find', findDocuments],
  ['count', countDocuments],
  ['aggregate', aggregateDocuments],
  ['insert', insertDocument],
  ['update', updateDocuments],
  ['delete', deleteDocuments],
  ['watch', watchDocuments],
  ['import', importDocuments],
  ['export', exportDocuments],
  ['indexes', listIndexes],
  ['create-index', createIndex],
  ['drop-index', dropIndex],
])

export const docCommand: Command = {
  name: 'doc',
  usage:
    'doc get|find|count|aggregate|insert|update|delete|watch|import|export|indexes|create-index|drop-index COLLECTION … (--url URL | --data DIRECTORY | --nats URL --name NAME)',
  summary: 'Reads and writes documents, as JSON.',
  details: `
streamy doc get COLLECTION ID                  prints the document; ~42 is a number
streamy doc find COLLECTION [FILTER]           prints the documents that it matches, one a line
streamy doc count COLLECTION [FILTER]
streamy doc aggregate COLLECTION PIPELINE      prints what a pipeline makes of the documents, one a line
streamy doc insert COLLECTION DOCUMENT         inserts it, and prints its _id
streamy doc update COLLECTION FILTER UPDATE    changes the first document that the filter matches, or --many
streamy doc delete COLLECTION FILTER           deletes the first document that the filter matches, or --many
streamy doc watch COLLECTION [FILTER]          prints what each transaction changes, one a line
streamy doc import COLLECTION [FILE]           writes the document of each line, over the one of its _id
streamy doc export COLLECTION [FILE]           writes such lines, page by page
streamy doc indexes COLLECTION                 prints the indexes, one a line
streamy doc create-index COLLECTION NAME OPTIONS   declares one, {"keys": {"org": 1}, "unique": true}, and waits until it is built
streamy doc drop-index COLLECTION NAME

Filters, updates and pipelines are JSON: '{"age": {"$gte": 18}}'. A FILE that is left out is stdin, or stdout. Values that
JSON does not know are written as {"$bigint":"5"}, {"$bytes":"AP8="}, {"$date":"2026-01-01T00:00:00Z"}.

Exit codes: 0 done; 1 failed; 2 the command line is wrong; 3 the answer is no: there is no such document.
`,
  options: {
    sort: { type: 'string', help: 'find, update, delete: paths with 1 or -1, as JSON' },
    limit: { type: 'string', help: 'find, export: documents, at most' },
    projection: { type: 'string', help: 'find: paths with 1 or 0, as JSON' },
    hint: { type: 'string', help: 'find, count, update, delete: name of the index to use' },
    'allow-scan': { type: 'boolean', help: 'find, aggregate: looks at any number of documents without an index' },
    from: { type: 'string', help: 'watch: goes on behind this position' },
    many: { type: 'boolean', help: 'update, delete: all documents that the filter matches' },
    upsert: { type: 'boolean', help: 'update: inserts a document where there is none' },
    ...accessOptions,
  },
  run: async (input) => {
    const [name = '', collection, ...positionals] = input.positionals
    const action = actions.get(name)
    if (action === undefined || collection === undefined)
      throw new UsageError(`Say what to do and where: streamy doc ${[...actions.keys()].join('|')} COLLECTION …`)
    const access = await accessOf(input)
    try {
      return await action(access, collection, { values: input.values, positionals })
    } finally {
      await access.close()
    }
  },
}
