// Names of the nodes of an index, which are keys of actors. A node is named by its level and its low fence, so its right
// neighbour is named by its high fence, and an inner node needs to hold nothing but the low fences of its children:
//
//   tree/          the root, at whatever level it is
//   tree/0/        the first leaf below an inner root          tree/1/user   the node of level 1 from `user` on

const SLASH = '/'

/** What a name says. */
export interface NodeName {
  readonly tree: string
  /** The low fence: no key of the node is below it. */
  readonly low: string
  readonly isRoot: boolean
}

/** The name of an index's root. */
export function rootName(tree: string): string {
  return tree + SLASH
}

/** The name of a node that is not the root. */
export function nodeName(tree: string, level: number, low: string): string {
  return `${tree}/${level}/${low}`
}

/** Takes a name apart. */
export function parseNodeName(name: string): NodeName {
  const first = name.indexOf(SLASH)
  const second = name.indexOf(SLASH, first + 1)
  const tree = name.slice(0, first)
  return second < 0 ? { tree, low: '', isRoot: true } : { tree, low: name.slice(second + 1), isRoot: false }
}

/** Whether a name, which is not a root's, is a leaf's. */
export function isLeafName(name: string): boolean {
  return name.startsWith('/0/', name.indexOf(SLASH))
}
