// The directory lock: one holder over processes and within one, and none needed to clean up after a killed one.

import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DirectoryLock } from './directory-lock.ts'
import { ChildProgram } from './testing/child-program.ts'

describe('DirectoryLock', () => {
  let programs: string
  let program: ChildProgram
  let directory: string

  beforeAll(async () => {
    programs = await mkdtemp(join(tmpdir(), 'streamy-lock-'))
    program = await ChildProgram.build(
      programs,
      `
      import { DirectoryLock } from './index.ts'
      await DirectoryLock.acquire(process.argv[2]).then(
        () => console.log('locked'),
        (error) => console.log(error.code, error.message),
      )
      setInterval(() => {}, 1000)
      `,
    )
  })

  afterAll(() => rm(programs, { recursive: true }))

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'streamy-lock-'))
  })

  afterEach(() => rm(directory, { recursive: true }))

  it('refuses a second holder in the same process, until the first lets go', async () => {
    const first = await DirectoryLock.acquire(directory)
    await expect(DirectoryLock.acquire(directory)).rejects.toMatchObject({
      code: 'DATABASE_LOCKED',
      message: expect.stringContaining(`process ${process.pid}, which is this one`),
    })
    await first.release()
    await first.release()
    const second = await DirectoryLock.acquire(directory)
    await expect(DirectoryLock.acquire(directory)).rejects.toMatchObject({ code: 'DATABASE_LOCKED' })
    await second.release()
  })

  it('refuses while another process holds it, naming that process, and not after that one was killed', async () => {
    for (let round = 0; round < 3; round++) {
      const holder = program.start([directory])
      expect(await holder.printed(1)).toEqual(['locked'])
      await expect(DirectoryLock.acquire(directory)).rejects.toMatchObject({
        code: 'DATABASE_LOCKED',
        message: expect.stringContaining(`process ${holder.pid}.`),
      })
      await holder.kill()
      const lock = await DirectoryLock.acquire(directory)
      await lock.release()
    }
    // One number for the lock, never more, however often it changed hands.
    expect(await readdir(directory)).toHaveLength(1)
  })

  it('holds while the process that has it is stopped', async () => {
    const holder = program.start([directory])
    await holder.printed(1)
    process.kill(holder.pid ?? 0, 'SIGSTOP')
    await expect(DirectoryLock.acquire(directory)).rejects.toMatchObject({ code: 'DATABASE_LOCKED' })
    await holder.kill()
  })

  it('has one winner among many who try at once, in one process and in several', async () => {
    for (let round = 0; round < 20; round++) {
      const results = await Promise.allSettled(Array.from({ length: 20 }, () => DirectoryLock.acquire(directory)))
      const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
      expect(won).toHaveLength(1)
      for (const reason of lost) expect(reason).toMatchObject({ code: 'DATABASE_LOCKED' })
      await won[0]?.release()
    }
    const children = Array.from({ length: 4 }, () => program.start([directory]))
    const answers = await Promise.all(children.map(async (child) => (await child.printed(1))[0] ?? ''))
    await Promise.all(children.map((child) => child.kill()))
    expect(answers.filter((answer) => answer === 'locked')).toHaveLength(1)
    expect(answers.filter((answer) => answer.startsWith('DATABASE_LOCKED'))).toHaveLength(3)
  }, 30_000)

  it('works however long the path of the directory is', async () => {
    const deep = join(directory, 'a'.repeat(100), 'b'.repeat(100))
    await mkdir(deep, { recursive: true })
    const lock = await DirectoryLock.acquire(deep)
    await expect(DirectoryLock.acquire(deep)).rejects.toMatchObject({ code: 'DATABASE_LOCKED' })
    await lock.release()
  })

  it('keeps no process alive', async () => {
    const source = `
      import { DirectoryLock } from './index.ts'
      await DirectoryLock.acquire(process.argv[2])
    `
    const holder = (await ChildProgram.build(directory, source)).start([directory])
    expect(await holder.finished()).toEqual([])
  })

  it('leaves other files alone', async () => {
    await writeFile(join(directory, 'lock.txt'), 'mine')
    const lock = await DirectoryLock.acquire(directory)
    await lock.release()
    expect((await stat(join(directory, 'lock.txt'))).size).toBe(4)
  })

  it('says so when it cannot lock', async () => {
    await expect(DirectoryLock.acquire(join(directory, 'absent'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })
})
