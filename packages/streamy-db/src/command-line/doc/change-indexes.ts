// `streamy doc indexes`, `create-index` and `drop-index`. A build goes on in the database by itself; whoever has declared an
// index waits here until it is ready, and may break that off.

import { setTimeout as delay } from 'node:timers/promises'
import { UsageError } from '../command.ts'
import { Progress } from '../progress.ts'
import type { ServerAccess } from '../server-access.ts'
import { writeOut } from '../write-out.ts'
import { collectionPath, jsonArgument } from './collection-request.ts'
import type { DocAction } from './doc-command.ts'

const LOOK_AGAIN_MS = 100

// What a server tells of an index, as far as it matters here.
interface ListedIndex {
  readonly name: string
  readonly state: 'building' | 'ready' | 'failed'
  readonly failure: string | null
  readonly documentsBuilt: number | null
}

/** Prints the indexes, one a line. */
export const listIndexes: DocAction = async (access, collection) => {
  const lines = (await indexesOf(access, collection)).map((index) => `${JSON.stringify(index)}\n`)
  await writeOut(lines.join(''))
  return 0
}

/** Declares an index, and waits until it is built. */
export const createIndex: DocAction = async (access, collection, { positionals }) => {
  const [name, options] = positionals
  if (name === undefined) throw new UsageError('Name the index: streamy doc create-index COLLECTION NAME OPTIONS')
  const body = JSON.stringify(jsonArgument(options, 'the options'))
  const headers = { 'content-type': 'application/json' }
  await (await access.send(indexPath(collection, name), { method: 'PUT', headers, body })).arrayBuffer()
  const progress = new Progress('documents indexed')
  try {
    for (let passed = 0; ; await delay(LOOK_AGAIN_MS)) {
      const index = (await indexesOf(access, collection)).find((each) => each.name === name)
      if (index === undefined) throw new Error(`Index ${name} was dropped before it was built.`)
      if (index.failure !== null) throw new Error(`Index ${name} was not built: ${index.failure}`)
      const built = index.documentsBuilt ?? passed
      progress.add(Math.max(0, built - passed))
      passed = Math.max(built, passed)
      if (index.state === 'ready') return 0
    }
  } finally {
    progress.end()
  }
}

/** Drops an index. */
export const dropIndex: DocAction = async (access, collection, { positionals }) => {
  const [name] = positionals
  if (name === undefined) throw new UsageError('Name the index: streamy doc drop-index COLLECTION NAME')
  await access.send(indexPath(collection, name), { method: 'DELETE' })
  return 0
}

async function indexesOf(access: ServerAccess, collection: string): Promise<readonly ListedIndex[]> {
  const response = await access.send(`${collectionPath(collection)}/indexes`)
  return ((await response.json()) as { readonly indexes: readonly ListedIndex[] }).indexes
}

function indexPath(collection: string, name: string): string {
  return `${collectionPath(collection)}/indexes/${encodeURIComponent(name)}`
}
