// Verification of a state file before LMDB opens it. LMDB checksums nothing: given a damaged page it finds fewer keys than
// there are, or ends the process. So the tree is walked here first, in the file, and must be what a tree is:
//
//   V1 every page is where it says it is, in bounds, and reached once
//   V2 keys ascend, within and between pages, so that a search finds every one of them
//   V3 every value passes its checksum, which covers its key
//   V4 pages and entries are as many as the meta page counts, so that none is missing
//   V5 no page in use is listed as free, so that the next transaction overwrites nothing
//
// The cost grows with the state, about a second for a million small records, and is paid at open.

import { Damage, LmdbFile, type Tree, type TreeNode, type TreePage } from './lmdb-file.ts'
import { checksumOfState, originalEntry } from './state-key.ts'

/** How many pages are walked before other work of the process has its turn. */
const pagesPerTurn = 256

/** Checks V1 to V5; throws a `Damage` when one does not hold. */
export async function verifyStateFile(path: string): Promise<void> {
  const file = new LmdbFile(path)
  try {
    const used = new Uint8Array(file.pages)
    const { free, main, lastPage } = file.meta
    const freeLists: Buffer[] = []
    await new TreeWalk(file, free, used, compareNumbers, (node) => freeLists.push(file.valueOf(node))).run()
    await new TreeWalk(file, main, used, compareBytes, (node) => checkEntry(node.key, file.valueOf(node))).run()
    for (const list of freeLists) checkFreeList(list, used, lastPage)
  } finally {
    file.close()
  }
}

interface Visit {
  readonly page: number
  readonly depth: number
  /** Keys of the page are not below this, and below `end`. */
  readonly start: Buffer | undefined
  readonly end: Buffer | undefined
}

/** A walk over all pages of one tree. */
class TreeWalk {
  readonly #file: LmdbFile
  readonly #tree: Tree
  readonly #used: Uint8Array
  readonly #compare: (left: Buffer, right: Buffer) => number
  readonly #onEntry: (node: TreeNode) => unknown
  readonly #open: Visit[] = []
  #branchPages = 0
  #leafPages = 0
  #overflowPages = 0
  #entries = 0

  constructor(
    file: LmdbFile,
    tree: Tree,
    used: Uint8Array,
    compare: (left: Buffer, right: Buffer) => number,
    onEntry: (node: TreeNode) => unknown,
  ) {
    this.#file = file
    this.#tree = tree
    this.#used = used
    this.#compare = compare
    this.#onEntry = onEntry
  }

  async run(): Promise<void> {
    const { root, depth } = this.#tree
    if (root !== undefined) this.#open.push({ page: root, depth, start: undefined, end: undefined })
    for (let count = 1; this.#open.length > 0; count++) {
      this.#visit(this.#open.pop() as Visit)
      if (count % pagesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    this.#checkCounts()
  }

  #visit({ page: number, depth, start, end }: Visit): void {
    const page = this.#file.page(number)
    this.#take(number, 1)
    if (page.isLeaf !== (depth === 1)) throw new Damage(number, `it is not of the kind that stands at depth ${depth}`)
    if (page.nodes.length === 0) throw new Damage(number, 'it is empty')
    this.#checkOrder(page, start, end)
    if (page.isLeaf) this.#visitEntries(page)
    else this.#visitChildren(page, depth - 1, start, end)
  }

  #visitEntries(page: TreePage): void {
    this.#leafPages++
    this.#entries += page.nodes.length
    for (const node of page.nodes) {
      if (node.overflow !== undefined) {
        this.#take(node.overflow.page, node.overflow.pages)
        this.#overflowPages += node.overflow.pages
      }
      this.#onEntry(node)
    }
  }

  #visitChildren(page: TreePage, depth: number, start: Buffer | undefined, end: Buffer | undefined): void {
    this.#branchPages++
    for (const [index, node] of page.nodes.entries()) {
      const next = page.nodes[index + 1]
      this.#open.push({
        page: node.child,
        depth,
        start: index === 0 ? start : node.key,
        end: next === undefined ? end : next.key,
      })
    }
  }

  /** V2. The first key of a branch stands for everything below the second, and is not looked at. */
  #checkOrder(page: TreePage, start: Buffer | undefined, end: Buffer | undefined): void {
    const keys = page.nodes.slice(page.isLeaf ? 0 : 1).map((node) => node.key)
    let previous = start
    for (const [index, key] of keys.entries()) {
      const order = previous === undefined ? 1 : this.#compare(key, previous)
      // The first key of a leaf may be the very one that leads to it.
      if (order < 0 || (order === 0 && index > 0)) throw new Damage(page.number, 'its keys are not in order')
      previous = key
    }
    const last = keys.at(-1)
    if (last !== undefined && end !== undefined && this.#compare(last, end) >= 0)
      throw new Damage(page.number, 'its keys are not in order')
  }

  /** V1: every page is reached once. */
  #take(page: number, pages: number): void {
    if (page < 2 || pages < 1 || page + pages > this.#used.length) throw new Damage(page, 'it is outside the file')
    for (let index = page; index < page + pages; index++) {
      if (this.#used[index] !== 0) throw new Damage(index, 'it is used twice')
      this.#used[index] = 1
    }
  }

  /** V4 */
  #checkCounts(): void {
    const { branchPages, leafPages, overflowPages, entries } = this.#tree
    const complete =
      branchPages === this.#branchPages &&
      leafPages === this.#leafPages &&
      overflowPages === this.#overflowPages &&
      entries === this.#entries
    if (!complete) throw new Damage(0, `${entries} entries should be there, and ${this.#entries} are`)
  }
}

/** V3. A value begins with its version, which is its checksum. */
function checkEntry(key: Buffer, value: Buffer): void {
  const stored = value.subarray(8)
  const entry = value.length < 8 ? undefined : originalEntry(key, stored)
  const check = entry === undefined ? undefined : checksumOfState(entry.key, stored)
  if (check === undefined || check !== value.readDoubleLE(0)) {
    throw new Damage(0, `the value of ${JSON.stringify(key.toString().slice(0, 100))} fails its checksum`)
  }
}

/** V5. A list is its length and then page numbers; a negative number is a count of pages from the number behind it on. */
function checkFreeList(list: Buffer, used: Uint8Array, lastPage: number): void {
  const numbers = Array.from({ length: Math.floor(list.length / 8) }, (_, index) =>
    Number(list.readBigInt64LE(index * 8)),
  )
  const length = numbers[0] ?? 0
  if (length < 0 || length >= numbers.length) throw new Damage(0, 'a list of free pages is not valid')
  for (let index = 1; index <= length; index++) {
    const number = numbers[index] ?? 0
    // An empty place, or the count of a range that stands in the next list.
    if (number === 0 || (number < 0 && index === length)) continue
    const first = number < 0 ? (numbers[++index] ?? 0) : number
    const pages = number < 0 ? -number : 1
    // The last pages may be free and not yet in the file.
    if (first < 2 || first + pages - 1 > lastPage)
      throw new Damage(first, 'it is listed as free and is outside the file')
    for (let page = first; page < first + pages; page++) {
      if (used[page] === 1) throw new Damage(page, 'it is in use and listed as free')
    }
  }
}

function compareBytes(left: Buffer, right: Buffer): number {
  return left.compare(right)
}

function compareNumbers(left: Buffer, right: Buffer): number {
  if (left.length !== 8 || right.length !== 8) throw new Damage(0, 'a key of the free pages is not a number')
  const [a, b] = [left.readBigUInt64LE(0), right.readBigUInt64LE(0)]
  return a < b ? -1 : a > b ? 1 : 0
}
