// Limits of the layers as runs have them: so small that a handful of keys makes trees which split and merge. They belong
// to what the log means, so they are one for a whole run, its judgement included; and they are one for the process, whose
// runs come one after the other.

import { documentLimits } from '@streamy-db/documents'
import { kvLimits } from '@streamy-db/kv'

type Changeable<Limits> = { -readonly [Name in keyof Limits]: number }

/** Runs something with nodes of so many items, and steps of builds of as many documents. */
export async function withLayerLimits(items: number, run: () => Promise<void>): Promise<void> {
  // They are constants to everybody else.
  const [kv, documents] = [kvLimits as Changeable<typeof kvLimits>, documentLimits as Changeable<typeof documentLimits>]
  const before = [{ ...kv }, { ...documents }] as const
  Object.assign(kv, { indexNodeItemsMax: items })
  Object.assign(documents, {
    buildStepDocumentsMax: items,
    clearStepKeysMax: items,
    pageKeysMax: 2 * items,
    pageDocumentsMax: items,
  })
  try {
    await run()
  } finally {
    Object.assign(kv, before[0])
    Object.assign(documents, before[1])
  }
}
