// The conformance suite of the checkpoint store contract (`checkpoint-store.ts`): every implementation passes these tests.
// What is particular to one implementation (crashes, damage) is tested beside it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkpointPartName, type CheckpointStore } from '../checkpoint-store.ts'
import { StreamyError } from '../errors.ts'

/** One checkpoint store under test, empty at first. */
export interface CheckpointStoreFixture {
  /** Opens the store; called again after `close` for a store that keeps its objects, with the same objects expected. */
  open(): Promise<CheckpointStore>
  /** Removes what the store left behind. */
  discard(): Promise<void>
  /** Whether objects survive `close` and another `open`. */
  readonly durable: boolean
}

/** Runs the suite against the stores that `create` makes. */
export function testCheckpointStoreConformance(
  implementation: string,
  create: () => Promise<CheckpointStoreFixture>,
): void {
  describe(`${implementation} as a checkpoint store`, () => {
    let fixture: CheckpointStoreFixture
    let store: CheckpointStore

    beforeEach(async () => {
      fixture = await create()
      store = await fixture.open()
    })

    afterEach(async () => {
      await store.close()
      await fixture.discard()
    })

    it('holds nothing at first', async () => {
      expect(await store.list('')).toEqual([])
      await expect(read(store, 'absent')).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' })
    })

    it('C2: gives back what was put, in chunks of whatever sizes', async () => {
      const sizes = [
        [],
        [0],
        [1],
        [0, 0, 7, 0],
        [100, 524_288, 1],
        [524_287, 524_289],
        [3_000_000],
        Array.from({ length: 500 }, () => 777),
      ]
      for (const [index, chunkSizes] of sizes.entries()) {
        const chunks = chunkSizes.map((size, at) => filled(size, at))
        await store.put(`object/${index}`, chunks)
        expect(Buffer.compare(await read(store, `object/${index}`), Buffer.concat(chunks))).toBe(0)
      }
    })

    it('takes chunks that come in time', async () => {
      async function* chunks(): AsyncIterable<Uint8Array> {
        for (let index = 0; index < 20; index++) {
          await Promise.resolve()
          yield filled(50_000, index)
        }
      }
      await store.put('a', chunks())
      expect(Buffer.compare(await read(store, 'a'), Buffer.concat(await collect(chunks())))).toBe(0)
    })

    it('C5: does not mind what becomes of bytes it has taken', async () => {
      function* chunks(): Iterable<Uint8Array> {
        const scratch = new Uint8Array(300_000)
        for (let index = 0; index < 10; index++) yield scratch.fill(index)
      }
      await store.put('a', chunks())
      const bytes = await read(store, 'a')
      expect(Array.from({ length: 10 }, (_, index) => bytes[index * 300_000])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(bytes.length).toBe(3_000_000)
    })

    it('C1: shows nothing of an object before it is whole, and nothing when it cannot be', async () => {
      async function* broken(): AsyncIterable<Uint8Array> {
        yield filled(1_000_000, 1)
        expect(await store.list('')).toEqual(['before'])
        yield filled(1_000_000, 2)
        throw new RangeError('broken')
      }
      await store.put('before', [filled(10, 0)])
      for (const name of ['a', 'before']) await expect(store.put(name, broken())).rejects.toThrow('broken')
      expect(await store.list('')).toEqual(['before'])
      await expect(read(store, 'a')).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' })
      expect(Buffer.compare(await read(store, 'before'), filled(10, 0))).toBe(0)
    })

    it('C3: replaces an object as a whole, also for one who reads it', async () => {
      const [old, young] = [filled(4_000_000, 1), filled(4_000_000, 2)]
      await store.put('a', [old])
      const reading = store.get('a')[Symbol.asyncIterator]()
      const first = await reading.next()
      await store.put('a', [young])
      expect(Buffer.compare(await read(store, 'a'), young)).toBe(0)
      const rest = await collect({ [Symbol.asyncIterator]: () => reading }).then(
        (chunks) => (Buffer.compare(Buffer.concat([first.value!, ...chunks]), old) === 0 ? 'the old one' : 'a mixture'),
        (error: unknown) => (error instanceof StreamyError ? error.code : error),
      )
      expect(['the old one', 'CHECKPOINT_MISSING']).toContain(rest)
    })

    it('lists by prefix, in order, and tells names apart', async () => {
      const names = ['a', 'a/b', 'a/b.c', 'a/b_c', 'a-b', 'ab', 'b', checkpointPartName(7, 3), `x/${'y'.repeat(120)}`]
      for (const name of names) await store.put(name, [new TextEncoder().encode(name)])
      expect(await store.list('')).toEqual(names.toSorted())
      expect(await store.list('a/')).toEqual(['a/b', 'a/b.c', 'a/b_c'])
      expect(await store.list('a/b')).toEqual(['a/b', 'a/b.c', 'a/b_c'])
      expect(await store.list('nothing')).toEqual([])
      for (const name of names) expect((await read(store, name)).toString()).toBe(name)
    })

    it('C4: deletes, once or more often, and what was never there', async () => {
      for (const name of ['a', 'b']) await store.put(name, [filled(1_000_000, 1)])
      await store.delete('a')
      await store.delete('a')
      await store.delete('never')
      expect(await store.list('')).toEqual(['b'])
      await expect(read(store, 'a')).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' })
      await store.put('a', [filled(5, 5)])
      expect(Buffer.compare(await read(store, 'a'), filled(5, 5))).toBe(0)
    })

    it('takes several objects at once', async () => {
      const names = Array.from({ length: 8 }, (_, index) => `object/${index}`)
      await Promise.all(names.map((name, index) => store.put(name, [filled(1_500_000, index)])))
      expect(await store.list('object/')).toEqual(names)
      const objects = await Promise.all(names.map((name) => read(store, name)))
      expect(objects.map((bytes, index) => Buffer.compare(bytes, filled(1_500_000, index)))).toEqual(names.map(() => 0))
    })

    it('can be left in the middle of an object', async () => {
      await store.put('a', [filled(3_000_000, 1)])
      for await (const chunk of store.get('a')) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
      await store.delete('a')
      expect(await store.list('')).toEqual([])
    })

    it('refuses names that not every store could keep', async () => {
      for (const name of [
        '',
        '/',
        'a/',
        '/a',
        'a//b',
        '.',
        '..',
        'a/../b',
        'A',
        'ä',
        'a b',
        'a\0',
        '*',
        'a>',
        'x'.repeat(129),
      ])
        await expect(store.put(name, [])).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
      expect(await store.list('')).toEqual([])
    })

    it('refuses after close', async () => {
      await store.put('a', [filled(10, 1)])
      await store.close()
      await store.close()
      const closed = { code: 'DATABASE_CLOSED' }
      await expect(store.put('b', [])).rejects.toMatchObject(closed)
      await expect(read(store, 'a')).rejects.toMatchObject(closed)
      await expect(store.list('')).rejects.toMatchObject(closed)
      await expect(store.delete('a')).rejects.toMatchObject(closed)
    })

    it('holds the same objects after it was closed and opened again', async (context) => {
      context.skip(!fixture.durable, 'it keeps nothing')
      await store.put('a', [filled(1_000_000, 1)])
      await store.put('b', [])
      await store.close()
      store = await fixture.open()
      expect(await store.list('')).toEqual(['a', 'b'])
      expect(Buffer.compare(await read(store, 'a'), filled(1_000_000, 1))).toBe(0)
      expect((await read(store, 'b')).length).toBe(0)
    })
  })
}

async function read(store: CheckpointStore, name: string): Promise<Buffer> {
  return Buffer.concat(await collect(store.get(name)))
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const collected: Uint8Array[] = []
  for await (const chunk of chunks) collected.push(chunk)
  return collected
}

function filled(size: number, seed: number): Uint8Array {
  return new Uint8Array(size).map((_, index) => (index * 31 + seed + (index >> 8)) & 0xff)
}
