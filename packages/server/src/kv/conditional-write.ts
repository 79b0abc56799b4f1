// Writes of one entry under preconditions: each becomes a transaction with an assert, so that nothing can come between the
// look at the entry and the write.

import type { Kv, KvEntryAssert, KvKey, KvUpdate, KvVersion } from '@streamy-db/kv'
import { StreamyError } from '@streamy-db/core'
import { serverLimits } from '../limits.ts'
import { holds, type Preconditions } from './entry-tag.ts'

/** What a write came to. */
export type Written =
  | { readonly ok: true; readonly version: KvVersion; readonly created: boolean }
  /** The entry is not as demanded; its version, if there is one. */
  | { readonly ok: false; readonly version: KvVersion | undefined }

/** Writes if the preconditions hold. Rejects with TRANSACTION_CONFLICT when the entry keeps changing. */
export async function writeIf(kv: Kv, key: KvKey, preconditions: Preconditions, update: KvUpdate): Promise<Written> {
  for (let attempt = 0; attempt < serverLimits.conditionalWriteTriesMax; attempt++) {
    const exact = exactAssert(key, preconditions)
    const found = exact === undefined ? await kv.get(key) : undefined
    if (found !== undefined && !holds(preconditions, found.version)) return { ok: false, version: found.version }
    const assert: KvEntryAssert = exact ?? { key, version: found?.version }
    const result = await kv.transact({ asserts: [assert], updates: [update] })
    if (result.ok) return { ok: true, version: result.version, created: demandsAbsence(assert) }
    if (exact !== undefined) return { ok: false, version: result.failed.entry?.version }
  }
  throw new StreamyError('TRANSACTION_CONFLICT', 'The entry changes all the time. Nothing was written; try again.')
}

// Most preconditions say all there is to say about the entry, and then nothing has to be read first.
function exactAssert(key: KvKey, { ifMatch, ifNoneMatch }: Preconditions): KvEntryAssert | undefined {
  if (ifNoneMatch === undefined && ifMatch === 'any') return { key, exists: true }
  if (ifNoneMatch === undefined && ifMatch?.length === 1 && isVersion(ifMatch[0]!)) return { key, version: ifMatch[0]! }
  if (ifNoneMatch === 'any' && ifMatch === undefined) return { key, exists: false }
  return undefined
}

function demandsAbsence(assert: KvEntryAssert): boolean {
  return assert.exists === false || ('version' in assert && assert.version === undefined)
}

// A tag that is no version matches nothing; that is found out by looking.
function isVersion(tag: string): boolean {
  return /^0{6}[0-9a-f]{14}$/.test(tag) && Number.isSafeInteger(Number.parseInt(tag, 16))
}
