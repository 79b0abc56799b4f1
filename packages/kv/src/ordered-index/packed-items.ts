// Packed items: an ascending list of strings in one string, each item followed by NUL. A node of the index keeps its
// items like this because a string is a scalar: inserting a key copies a few kilobytes of text and serialises nothing.
// Places in a list are offsets of the first character of an item, or the length of the list behind the last one.

const END = '\0'

/** The list of ascending `items`, none of which holds a NUL. */
export function packItems(items: readonly string[]): string {
  return items.length === 0 ? '' : items.join(END) + END
}

/** The items of a list. */
export function unpackItems(list: string): string[] {
  return list === '' ? [] : list.slice(0, -1).split(END)
}

/** The place of the first item that is not below `key`. */
export function placeOf(list: string, key: string): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const start = startOf(list, middle)
    const end = list.indexOf(END, start)
    if (list.slice(start, end) < key) low = end + 1
    else high = start
  }
  return low
}

/** The item at a place; undefined behind the last one. */
export function itemAt(list: string, place: number): string | undefined {
  return place === list.length ? undefined : list.slice(place, list.indexOf(END, place))
}

/** The item before a place; undefined before the first one. */
export function itemBefore(list: string, place: number): string | undefined {
  return place === 0 ? undefined : list.slice(startOf(list, place - 1), place - 1)
}

/** The list with `key` at its place. */
export function withItem(list: string, place: number, key: string): string {
  return `${list.slice(0, place)}${key}${END}${list.slice(place)}`
}

/** The list without the item at a place. */
export function withoutItem(list: string, place: number): string {
  return list.slice(0, place) + list.slice(list.indexOf(END, place) + 1)
}

/** At most `limit` items at or above `from` and below `to`: the lowest ones, or, descending, the highest. */
export function itemsBetween(
  list: string,
  from: string,
  to: string | undefined,
  limit: number,
  descending: boolean,
): string[] {
  const start = placeOf(list, from)
  const end = to === undefined ? list.length : Math.max(start, placeOf(list, to))
  return descending ? lastItems(list, start, end, limit) : firstItems(list, start, end, limit)
}

function firstItems(list: string, start: number, end: number, limit: number): string[] {
  const items: string[] = []
  for (let place = start; place < end && items.length < limit;) {
    const stop = list.indexOf(END, place)
    items.push(list.slice(place, stop))
    place = stop + 1
  }
  return items
}

function lastItems(list: string, start: number, end: number, limit: number): string[] {
  const items: string[] = []
  for (let place = end; place > start && items.length < limit;) {
    const first = startOf(list, place - 1)
    items.push(list.slice(first, place - 1))
    place = first
  }
  return items
}

// The start of the item that the character at `offset`, or the NUL there, belongs to.
function startOf(list: string, offset: number): number {
  return offset === 0 ? 0 : list.lastIndexOf(END, offset - 1) + 1
}
