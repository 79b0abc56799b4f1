// What can go wrong in an index, and reaches the caller of the transaction that met it.

import { ActorError } from '@streamy-db/actors'

/** An index does not hang together: a bug of ours, or somebody has written into its nodes. Nothing was changed. */
export class IndexDamaged extends ActorError<{ readonly tree: string; readonly at: string }> {}

/** The error for a walk that does not arrive. */
export function indexDamaged(tree: string, at: string): IndexDamaged {
  return new IndexDamaged(
    `The index ${tree} does not lead from its root to ${JSON.stringify(at)}. Please report this; nothing was changed.`,
    { tree, at },
  )
}
