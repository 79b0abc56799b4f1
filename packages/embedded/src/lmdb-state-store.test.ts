// The LMDB state store: the contract; then durability, damage, a full disk and a process that is killed.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as lmdb from 'lmdb'
import { StreamyError } from '@streamy-db/core'
import { testStateStoreConformance } from '@streamy-db/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { LmdbFile } from './lmdb-file.ts'
import { LmdbStateStore } from './lmdb-state-store.ts'
import { ChildProgram } from './testing/child-program.ts'

testStateStoreConformance('LmdbStateStore', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streamy-state-'))
  return {
    open: () => LmdbStateStore.open(join(directory, 'state.mdb')),
    discard: () => rm(directory, { recursive: true }),
    durable: true,
  }
})

describe('LmdbStateStore', () => {
  let directory: string
  let path: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'streamy-state-'))
    path = join(directory, 'state.mdb')
  })

  afterEach(() => rm(directory, { recursive: true }))

  it('refuses a file that is open without a flush for every commit', async () => {
    const careless = lmdb.open({ path, noSync: true, noSubdir: true })
    await expect(LmdbStateStore.open(path)).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('noSync'),
    })
    await careless.close()
  })

  it('refuses keys and values beyond the limits, and then applies nothing', async () => {
    const store = await LmdbStateStore.open(path)
    const good = { key: 'good', value: new Uint8Array(1) }
    for (const key of ['', 'a\0b', 'x'.repeat(5017), 'ü'.repeat(2509)]) {
      await expect(store.advance([good, { key, value: new Uint8Array(1) }])).rejects.toMatchObject({
        code: 'KEY_INVALID',
      })
    }
    const huge = { key: 'huge', value: new Uint8Array(16 * 1024 * 1024 + 1) }
    await expect(store.advance([good, huge])).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' })
    expect(store.get('good')).toBeUndefined()
    await store.close()
  })

  it('grows as it must', async () => {
    const store = await LmdbStateStore.open(path)
    for (let round = 0; round < 8; round++) {
      // A reader is in its snapshot while the file outgrows its map.
      const scan = store.scan('')[Symbol.iterator]()
      scan.next()
      await store.advance(
        Array.from({ length: 8 }, (_, index) => ({
          key: `${round}/${index}`,
          value: new Uint8Array(2 ** 20).fill(round),
        })),
      )
      scan.return?.()
      expect(store.get(`${round}/7`)?.at(-1)).toBe(round)
      expect(store.get('0/0')?.at(-1)).toBe(0)
    }
    await store.close()
  })
})

describe('a damaged state', () => {
  let directory: string
  let path: string
  let whole: Buffer
  const model = new Map<string, Buffer>()
  const usedPages = new Set<number>()

  // A state with a history: leaves, branches, values with pages of their own, long keys, free pages.
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'streamy-state-'))
    path = join(directory, 'state.mdb')
    const store = await LmdbStateStore.open(path)
    for (let round = 0; round < 40; round++) {
      const changes = Array.from({ length: 60 }, (_, index) => {
        const number = (index * 37 + round * 101) % 700
        const key = number % 50 === 0 ? `long/${number}/`.padEnd(1500 + number, 'x') : `Account/${number}`
        const value =
          (number + round) % 5 === 0
            ? undefined
            : Buffer.alloc(number % 40 === 3 ? 9000 + round : 20 + number / 4, round)
        return { key, value }
      })
      await store.advance(changes)
      for (const { key, value } of changes) {
        if (value === undefined) model.delete(key)
        else model.set(key, value)
      }
    }
    await store.close()
    whole = await readFile(path)
    const file = new LmdbFile(path)
    const open = [file.meta.main.root ?? 0]
    for (let number = open.pop(); number !== undefined; number = open.pop()) {
      const page = file.page(number)
      usedPages.add(number)
      if (!page.isLeaf) open.push(...page.nodes.map((node) => node.child))
    }
    file.close()
  })

  afterAll(() => rm(directory, { recursive: true }))

  /** Opens a copy with these bytes and reads it all. */
  async function outcomeOf(bytes: Uint8Array, verify = true): Promise<'right' | 'wrong' | 'reported'> {
    const copy = join(directory, 'copy.mdb')
    await rm(`${copy}-lock`, { force: true })
    await writeFile(copy, bytes)
    let store: LmdbStateStore | undefined
    try {
      store = await LmdbStateStore.open(copy, { verify })
      const { size } = new Map(Array.from(store.scan(''), ({ key, value }) => [key, value]))
      let isRight = true
      for (const [key, value] of model) isRight &&= value.equals(store.get(key) ?? Buffer.of())
      return isRight && size === model.size ? 'right' : 'wrong'
    } catch (error) {
      if (error instanceof StreamyError && error.code === 'STATE_CORRUPT' && error.message.includes(copy))
        return 'reported'
      throw error
    } finally {
      await store?.close()
    }
  }

  it('is reported or is where nothing is: bits all over the file', async () => {
    const outcomes = { right: 0, wrong: 0, reported: 0 }
    const pageSize = 4096
    for (let page = 0; page < whole.length / pageSize; page++) {
      // The head of a page, where its structure is, and somewhere in it; half of what the two hold that LMDB starts from.
      const meta = Array.from({ length: 84 }, (_, index) => 2 * index + page)
      const offsets = page < 2 ? meta : [page % 24, 24 + (page % 60), (page * 997) % pageSize]
      for (const offset of offsets) {
        const flipped = Buffer.from(whole)
        flipped[page * pageSize + offset] = (whole[page * pageSize + offset] ?? 0) ^ (1 << ((page + offset) % 8))
        outcomes[await outcomeOf(flipped)]++
      }
    }
    expect(outcomes.wrong).toBe(0)
    expect(outcomes.reported).toBeGreaterThan(100)
    expect(outcomes.right).toBeGreaterThan(100)
  }, 30_000)

  it('is reported when the file was cut', async () => {
    for (let length = 1; length < whole.length; length += 4096 * 3 - 5) {
      expect(await outcomeOf(whole.subarray(0, length))).toBe('reported')
    }
  })

  it('is reported when it is no state at all', async () => {
    expect(await outcomeOf(Buffer.from('not a state'))).toBe('reported')
    expect(await outcomeOf(Buffer.alloc(whole.length, 0xa5))).toBe('reported')
    expect(await outcomeOf(Buffer.alloc(whole.length))).toBe('reported')
  })

  it('is reported when a page lost its last entry', async () => {
    let pages = 0
    for (let at = 2 * 4096; at < whole.length; at += 4096) {
      const [flags, lower] = [whole.readUInt16LE(at + 18), whole.readUInt16LE(at + 20)]
      // A leaf in use: one that LMDB has freed may hold anything.
      if (flags !== 0x02 || lower < 4 || !usedPages.has(at / 4096)) continue
      const shortened = Buffer.from(whole)
      shortened.writeUInt16LE(lower - 2, at + 20)
      expect(await outcomeOf(shortened)).toBe('reported')
      pages++
    }
    expect(pages).toBeGreaterThan(10)
  })

  it('is reported when a page in use is listed as free', async () => {
    const file = new LmdbFile(path)
    const root = file.meta.free.root ?? 0
    const [list] = file.page(root).nodes
    file.close()
    const listed = Buffer.from(whole)
    // A list is its length and then the pages.
    listed.writeBigUInt64LE(BigInt(file.meta.main.root ?? 0), root * 4096 + (list?.data.byteOffset ?? 0) + 8)
    expect(await outcomeOf(listed)).toBe('reported')
  })

  it('is not used value by value either, when the file was not checked at open', async () => {
    const [key, value] = Array.from(model).find((entry) => entry[1].length > 50) ?? ['', whole]
    const flipped = Buffer.from(whole)
    for (let at = whole.indexOf(value); at >= 0; at = whole.indexOf(value, at + 1)) flipped[at] = (whole[at] ?? 0) ^ 1
    const copy = join(directory, 'unchecked.mdb')
    await writeFile(copy, flipped)
    const store = await LmdbStateStore.open(copy, { verify: false })
    const corrupt = expect.objectContaining({ code: 'STATE_CORRUPT', message: expect.stringContaining(key) })
    expect(() => store.get(key)).toThrow(corrupt)
    expect(() => Array.from(store.scan(key))).toThrow(corrupt)
    await store.close()
  })
})

describe('a process of its own', () => {
  let directory: string
  let program: ChildProgram

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'streamy-state-'))
    program = await ChildProgram.build(
      directory,
      `
      import { LmdbFile } from './lmdb-file.ts'
import { LmdbStateStore } from './index.ts'
      const [path, from] = process.argv.slice(2)
      const store = await LmdbStateStore.open(path)
      try {
        for (let round = Number(from); ; round++) {
          const value = new Uint8Array(2000).fill(round)
          await store.advance(Array.from({ length: 200 }, (_, index) => ({ key: index + '/' + (round % 3 === 0 ? round : ''), value })))
          console.log(round)
        }
      } catch (error) {
        console.log(error.code, await store.advance([]).catch((again) => again.code))
      }
      await store.close()
      `,
    )
  })

  afterAll(() => rm(directory, { recursive: true }))

  /** Whether a state is that of one round, and holds what every acknowledged round left for good. */
  async function isWhole(path: string, acknowledged: number): Promise<boolean> {
    const store = await LmdbStateStore.open(path)
    const all = Array.from({ length: 200 }, (_, index) => index)
    // One transaction each: all values of the last round there is, or none of it.
    let isRight = new Set(all.map((index) => store.get(`${index}/`)?.[0])).size === 1
    for (let round = 0; round <= acknowledged; round += 3) {
      isRight &&= all.every((index) => store.get(`${index}/${round}`)?.[0] === (round & 0xff))
    }
    await store.close()
    return isRight
  }

  it('that is killed loses nothing acknowledged and leaves nothing half done', async () => {
    const path = join(directory, 'killed.mdb')
    let acknowledged = -1
    for (let kill = 0; kill < 5; kill++) {
      const child = program.start([path, `${acknowledged + 1}`])
      await child.printed(3 + kill)
      acknowledged = Number((await child.kill()).at(-1))
      expect(await isWhole(path, acknowledged)).toBe(true)
    }
  }, 30_000)

  it('whose disk is full rejects, refuses to go on, and keeps what was acknowledged', async () => {
    const path = join(directory, 'full.mdb')
    const lines = await program.start([path, '0'], { fileBytesMax: 6_000_000 }).finished()
    expect(lines.at(-1)).toBe('STORAGE_FAILED STORAGE_FAILED')
    expect(lines.length).toBeGreaterThan(3)
    expect(await isWhole(path, Number(lines.at(-2)))).toBe(true)
  })
})
