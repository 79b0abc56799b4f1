// The bytes of an LMDB file, data version 2, as far as a check of it needs them: meta pages, tree pages and their nodes.
// It reads the file itself, not LMDB's map of it, and trusts nothing: what does not fit is a `Damage`, never a crash.
// All numbers are little-endian, as on every machine this runs on.
//
//   page:  number (8)  transaction (8)  pad (2)  flags (2)  lower (2)  upper (2)  pointers (2 each) ... nodes
//   meta:  the two first pages; transaction N writes page N % 2, and the one with the higher transaction counts

import fs from 'node:fs'

/** What is wrong, and on which page. */
export class Damage extends Error {
  readonly page: number

  constructor(page: number, reason: string) {
    super(reason)
    this.page = page
  }
}

/** A tree as its meta page describes it. */
export interface Tree {
  readonly flags: number
  readonly depth: number
  readonly branchPages: number
  readonly leafPages: number
  readonly overflowPages: number
  readonly entries: number
  /** Its root page; undefined when the tree is empty. */
  readonly root: number | undefined
}

/** What a meta page says. */
export interface Meta {
  readonly pageSize: number
  readonly transaction: number
  readonly lastPage: number
  /** The tree of free pages. */
  readonly free: Tree
  readonly main: Tree
}

/** A page of a tree. */
export interface TreePage {
  readonly number: number
  readonly isLeaf: boolean
  readonly nodes: readonly TreeNode[]
}

/** One entry of a page: `data` of a leaf, or the `child` of a branch. */
export interface TreeNode {
  readonly key: Buffer
  readonly child: number
  /** Of a leaf: the value, or where it is when it has pages of its own. */
  readonly data: Buffer
  readonly overflow: { readonly page: number; readonly pages: number; readonly size: number } | undefined
}

const pageHeaderBytes = 24
const nodeHeaderBytes = 8
const metaMagic = 0xbeefc0de
const dataVersion = 2
/** Flags of the two trees as the state store makes them: integer keys in a file (not a directory), and versions. */
const freeTreeFlags = 0x4008
const mainTreeFlags = 0x100
const noRoot = 0xffff_ffff_ffff_ffffn
const pageFlags = { branch: 0x01, leaf: 0x02, overflow: 0x04, meta: 0x08 }
const nodeIsOverflow = 0x01

/** An LMDB file, open for reading. */
export class LmdbFile {
  readonly #fd: number
  /** How many pages the file has; the last ones of the state may be missing when they are free. */
  readonly pages: number
  /** The meta page that counts. */
  readonly meta: Meta

  constructor(path: string) {
    this.#fd = fs.openSync(path, 'r')
    try {
      this.meta = this.#readMeta()
      this.pages = Math.floor(fs.fstatSync(this.#fd).size / this.meta.pageSize)
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    fs.closeSync(this.#fd)
  }

  /** The page of a tree with this number. */
  page(number: number): TreePage {
    const bytes = this.#read(number, 1)
    this.#assertHeader(bytes, number)
    const flags = bytes.readUInt16LE(18)
    if (flags !== pageFlags.branch && flags !== pageFlags.leaf) throw new Damage(number, `it has the flags ${flags}`)
    const isLeaf = flags === pageFlags.leaf
    const lower = bytes.readUInt16LE(20)
    const upper = bytes.readUInt16LE(22)
    if (lower % 2 !== 0 || lower > upper || upper > bytes.length - pageHeaderBytes)
      throw new Damage(number, 'its bounds are not valid')
    const nodes: TreeNode[] = []
    for (let index = 0; index < lower / 2; index++) {
      const offset = bytes.readUInt16LE(pageHeaderBytes + 2 * index)
      if (offset < upper) throw new Damage(number, 'it points to an entry outside')
      nodes.push(decodeNode(bytes, number, pageHeaderBytes + offset, isLeaf))
    }
    return { number, isLeaf, nodes }
  }

  /** The value of a node, wherever it is. */
  valueOf(node: TreeNode): Buffer {
    if (node.overflow === undefined) return node.data
    const { page, pages, size } = node.overflow
    const bytes = this.#read(page, pages)
    this.#assertHeader(bytes, page)
    const isOverflow = bytes.readUInt16LE(18) === pageFlags.overflow && bytes.readUInt32LE(20) === pages
    if (!isOverflow || size > bytes.length - pageHeaderBytes)
      throw new Damage(page, 'it does not hold the value it should')
    return bytes.subarray(pageHeaderBytes, pageHeaderBytes + size)
  }

  #readMeta(): Meta {
    const first = this.#readMetaAt(0, 0)
    const second = this.#readMetaAt(1, first.pageSize)
    if (first.pageSize !== second.pageSize) throw new Damage(0, 'the two meta pages disagree about the size of a page')
    const meta = first.transaction > second.transaction ? first : second
    const [even, odd] = [first.transaction, second.transaction]
    // Were the number of one damaged, the state of the transaction before could be taken for the newest.
    const consecutive = even % 2 === 0 && Math.abs(even - odd) === 1
    if (!consecutive && (even !== 0 || odd !== 0))
      throw new Damage(0, `the meta pages are of transactions ${even} and ${odd}`)
    return meta
  }

  #readMetaAt(number: number, offset: number): Meta {
    const bytes = Buffer.alloc(512)
    fs.readSync(this.#fd, bytes, 0, bytes.length, offset)
    const isMeta = bytes.readUInt16LE(18) === pageFlags.meta && bytes.readUInt32LE(24) === metaMagic
    if (!isMeta || bytes.readUInt32LE(28) !== dataVersion)
      throw new Damage(number, 'it is not a meta page of a version known here')
    const pageSize = bytes.readUInt32LE(48)
    const isPowerOfTwo = (pageSize & (pageSize - 1)) === 0
    if (!isPowerOfTwo || pageSize < 512 || pageSize > 65_536)
      throw new Damage(number, `it gives a page ${pageSize} bytes`)
    const mapSize = readNumber(bytes, 40)
    const lastPage = readNumber(bytes, 144)
    const isMapped = (lastPage + 1) * pageSize <= mapSize && mapSize % pageSize === 0 && mapSize <= 2 ** 46
    if (readNumber(bytes, 32) !== 0 || !isMapped) throw new Damage(number, 'its map is not valid')
    const [free, main] = [decodeTree(bytes, 48), decodeTree(bytes, 96)]
    // A state that was never written to has no flags of its tree yet.
    const isKnown = main.flags === mainTreeFlags || (main.flags === 0 && main.root === undefined)
    if (free.flags !== freeTreeFlags || !isKnown) throw new Damage(number, 'its trees have flags they should not have')
    return { pageSize, transaction: readNumber(bytes, 152), lastPage, free, main }
  }

  #read(page: number, pages: number): Buffer {
    const { pageSize, lastPage } = this.meta
    if (page < 2 || pages < 1 || page + pages - 1 > lastPage) throw new Damage(page, 'it is outside the file')
    if (page + pages > this.pages) throw new Damage(page, 'the file ends before it does; it was cut')
    const bytes = Buffer.allocUnsafeSlow(pages * pageSize)
    fs.readSync(this.#fd, bytes, 0, bytes.length, page * pageSize)
    return bytes
  }

  #assertHeader(bytes: Buffer, number: number): void {
    if (readNumber(bytes, 0) !== number) throw new Damage(number, 'another page stands in its place')
    if (readNumber(bytes, 8) > this.meta.transaction) throw new Damage(number, 'it is of a transaction that never was')
  }
}

function decodeNode(bytes: Buffer, page: number, offset: number, isLeaf: boolean): TreeNode {
  if (offset + nodeHeaderBytes > bytes.length) throw new Damage(page, 'an entry reaches beyond it')
  const low = bytes.readUInt32LE(offset)
  const flags = bytes.readUInt16LE(offset + 4)
  const keyEnd = offset + nodeHeaderBytes + bytes.readUInt16LE(offset + 6)
  if (keyEnd > bytes.length) throw new Damage(page, 'a key reaches beyond it')
  const key = bytes.subarray(offset + nodeHeaderBytes, keyEnd)
  // A branch keeps the top of the child's number where a leaf keeps the flags.
  if (!isLeaf) return { key, child: low + flags * 2 ** 32, data: key, overflow: undefined }
  if (flags !== 0 && flags !== nodeIsOverflow) throw new Damage(page, `an entry has the flags ${flags}`)
  const size = flags === nodeIsOverflow ? 24 : low
  if (keyEnd + size > bytes.length) throw new Damage(page, 'a value reaches beyond it')
  const data = bytes.subarray(keyEnd, keyEnd + size)
  if (flags === 0) return { key, child: 0, data, overflow: undefined }
  return { key, child: 0, data, overflow: { page: readNumber(data, 0), pages: readNumber(data, 16), size: low } }
}

function decodeTree(bytes: Buffer, offset: number): Tree {
  const root = bytes.readBigUInt64LE(offset + 40)
  return {
    flags: bytes.readUInt16LE(offset + 4),
    depth: bytes.readUInt16LE(offset + 6),
    branchPages: readNumber(bytes, offset + 8),
    leafPages: readNumber(bytes, offset + 16),
    overflowPages: readNumber(bytes, offset + 24),
    entries: readNumber(bytes, offset + 32),
    root: root === noRoot ? undefined : Number(root),
  }
}

/** Eight bytes as a number; what a double cannot hold is no number that could be right, and rounding leaves it so. */
function readNumber(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32
}
