// Goal: a state store that cannot be made, because the disk is full, is an error and does not end the process. Method: a
// process of its own, which may write no files, opens a new one. Runs what is built, so build first; `npm test` does.

import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const built = new URL('../dist/index.js', import.meta.url).href
const program = `
const { LmdbStateStore } = await import(${JSON.stringify(built)})
const code = await LmdbStateStore.open(process.argv[1]).then(() => 'opened', (error) => error.code)
console.log(code)`
// A process that ignores SIGXFSZ gets an error for what is beyond the limit, as on a full disk.
const limited = `trap '' XFSZ; ulimit -f 0; exec "$0" "$@"`

test.skipIf(process.platform === 'win32')('a store that cannot be made is an error', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streamy-full-'))
  try {
    const args = ['--input-type=module', '-e', program, join(directory, 'state.mdb')]
    const { stdout } = await promisify(execFile)('bash', ['-c', limited, process.execPath, ...args])
    expect(stdout.trim()).toBe('STORAGE_FAILED')
    expect(await readdir(directory)).toEqual([])
  } finally {
    await rm(directory, { recursive: true })
  }
})
