// The different values at a path of documents, in the order of values.

import { compareValues } from '../index-keys/compare-values.ts'
import { keyBytesOf } from '../index-keys/index-key-codec.ts'
import { valuesAt } from '../index-keys/path-values.ts'

/** Each value once; of lists, their items. Documents that have none, or null, add none. */
export async function distinctValues(path: string, documents: AsyncIterable<unknown>): Promise<unknown[]> {
  const parts = path.split('.')
  const found = new Map<string, unknown>()
  for await (const document of documents) {
    const { values, throughArray } = valuesAt(document, parts)
    for (const value of values)
      if (value !== undefined && value !== null && !(throughArray && Array.isArray(value)))
        found.set(Buffer.from(keyBytesOf(value)).toString('latin1'), value)
  }
  return [...found.values()].sort(compareValues)
}
