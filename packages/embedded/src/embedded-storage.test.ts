// The embedded storage as a whole: opening, refusing, closing, and surviving a process that is killed under load.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEmbeddedStorage } from './embedded-storage.ts'
import { ChildProgram } from './testing/child-program.ts'
import { isPayload, payloadOf, readAll } from './testing/payload.ts'

describe('openEmbeddedStorage', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'streamy-storage-'))
  })

  afterEach(() => rm(directory, { recursive: true }))

  it('makes the directory, and finds everything in it again', async () => {
    const path = join(directory, 'new', 'database')
    const storage = await openEmbeddedStorage(path)
    await storage.log.append(payloadOf(1))
    await storage.store.advance([{ key: 'a', value: payloadOf(2) }])
    await storage.close()
    const again = await openEmbeddedStorage(path)
    expect((await readAll(again.log)).map(isPayloadOfItsSequence)).toEqual([true])
    expect(Buffer.from(again.store.get('a') ?? []).equals(payloadOf(2))).toBe(true)
    await again.close()
    expect(JSON.parse(await readFile(join(path, 'streamy.json'), 'utf8'))).toEqual({ product: 'streamy', format: 1 })
  })

  it('is for one at a time, and closes once', async () => {
    const storage = await openEmbeddedStorage(directory)
    await expect(openEmbeddedStorage(directory)).rejects.toMatchObject({ code: 'DATABASE_LOCKED' })
    await Promise.all([storage.close(), storage.close()])
    await expect(storage.log.append(payloadOf(1))).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
    expect(() => storage.store.get('a')).toThrow(expect.objectContaining({ code: 'DATABASE_CLOSED' }))
    await (await openEmbeddedStorage(directory)).close()
  })

  it('refuses a format it does not know, and says what to do', async () => {
    for (const text of ['{"product":"streamy","format":2}', '{}', 'not json', '']) {
      await writeFile(join(directory, 'streamy.json'), text)
      await expect(openEmbeddedStorage(directory)).rejects.toMatchObject({
        code: 'FORMAT_UNKNOWN',
        message: expect.stringContaining('streamy.json'),
      })
    }
  })

  it('refuses what is damaged, and is not left locked by it', async () => {
    const storage = await openEmbeddedStorage(directory)
    await storage.log.append(payloadOf(1))
    await storage.store.advance([{ key: 'a', value: payloadOf(2) }])
    await storage.close()
    const [segment = ''] = await readdir(join(directory, 'log'))
    for (const [name, code] of [
      [join('log', segment), 'LOG_CORRUPT'],
      ['state.mdb', 'STATE_CORRUPT'],
    ] as const) {
      const whole = await readFile(join(directory, name))
      await writeFile(join(directory, name), whole.subarray(0, 100))
      for (let attempt = 0; attempt < 2; attempt++)
        await expect(openEmbeddedStorage(directory)).rejects.toMatchObject({ code })
      await writeFile(join(directory, name), whole)
    }
    await (await openEmbeddedStorage(directory)).close()
  })

  it('says so when the directory cannot be made', async () => {
    await mkdir(join(directory, 'a'))
    await writeFile(join(directory, 'a', 'file'), '')
    await expect(openEmbeddedStorage(join(directory, 'a', 'file', 'b'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    })
  })

  it('keeps every acknowledged entry when its process is killed under load, again and again', async () => {
    const source = `
      import { openEmbeddedStorage } from './index.ts'
      import { payloadOf } from './testing/payload.ts'
      const { log } = await openEmbeddedStorage(process.argv[2], { log: { segmentBytes: 100_000 } })
      let next = (await log.tail()) + 1
      const lane = async () => {
        for (;;) console.log(await log.append(payloadOf(next++)))
      }
      for (let index = 0; index < 64; index++) void lane()
    `
    const program = await ChildProgram.build(directory, source)
    const database = join(directory, 'database')
    let acknowledged = 0
    for (let kill = 0; kill < 8; kill++) {
      const child = program.start([database])
      await child.printed(100 + 100 * kill)
      for (const line of await child.kill()) acknowledged = Math.max(acknowledged, Number(line))
      const storage = await openEmbeddedStorage(database)
      const entries = await readAll(storage.log)
      expect(entries.length).toBeGreaterThanOrEqual(acknowledged)
      expect(entries.every(isPayloadOfItsSequence)).toBe(true)
      await storage.close()
    }
  }, 30_000)
})

function isPayloadOfItsSequence(entry: Parameters<typeof isPayload>[0]): boolean {
  return isPayload(entry)
}
