// A disk that is full: calls are refused with an error that says so, nothing that was acknowledged is lost, nothing that
// was refused is half done, and with room again the directory opens. A limit on the size of files stands in for the
// disk: the kernel refuses writes beyond it just as it refuses them without space.

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { open } from 'streamy-db'
import type { FullDiskReport } from './full-disk-victim.ts'
import { Shelf } from './shelf.ts'

const victim = fileURLToPath(new URL('../dist/crash/full-disk-victim.js', import.meta.url))
const timeoutMs = 60_000

// 8 MiB in blocks of 1 KiB, as bash counts them. A process that ignores SIGXFSZ gets EFBIG instead of being killed.
const limited = `trap '' XFSZ; ulimit -f 8192; exec "$0" "$@"`

test.skipIf(process.platform === 'win32')('a full disk loses nothing', { timeout: timeoutMs }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streamy-full-'))
  try {
    const { stdout } = await promisify(execFile)('bash', ['-c', limited, process.execPath, victim, directory])
    const report = JSON.parse(stdout) as FullDiskReport
    expect(report.acknowledged.length).toBeGreaterThan(100)
    expect(report.refusals.length).toBeGreaterThan(0)
    expect(new Set([...report.refusals, report.afterwards])).toEqual(new Set(['STORAGE_FAILED', 'DATABASE_FAILED']))
    expect(report.afterwards).toBe('DATABASE_FAILED')
    expect(report.closing).toMatch(/^(none|STORAGE_FAILED)$/)
    await using db = await open(directory, { actors: [Shelf] })
    for (const key of report.acknowledged) expect(await db.actor(Shelf, key).size()).toBe(20_000)
    for (const key of report.sent) expect([0, 20_000]).toContain(await db.actor(Shelf, key).size())
    expect(await db.actor(Shelf, 'afterwards').size()).toBe(0)
    await db.actor(Shelf, 'room again').put('x')
  } finally {
    await rm(directory, { recursive: true })
  }
})
