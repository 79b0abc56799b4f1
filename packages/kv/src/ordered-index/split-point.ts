// Where a full node splits, and which fence stands between the two halves.

/** Share of a node's items that stay, or go, when it was filled from one end. */
const ONE_SIDED = 0.9

/**
 * How many of `items` stay in the left half, given that `item` does not fit any more. Keys that come in order fill one
 * end: then the other half is left nearly full, since nothing will be added to it.
 */
export function splitPoint(items: readonly string[], item: string): number {
  const { length } = items
  if (item > items[length - 1]!) return Math.floor(length * ONE_SIDED)
  if (item < items[0]!) return Math.ceil(length * (1 - ONE_SIDED))
  return length >>> 1
}

/** The shortest text above `below` and not above `above`: fences name nodes, so they are kept short. */
export function fenceBetween(below: string, above: string): string {
  let same = 0
  while (below.charCodeAt(same) === above.charCodeAt(same)) same += 1
  return above.slice(0, same + 1)
}
