// The servers that the other tests rest on: they start, keep their port and store, end, and die with their parent.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findNatsServer } from './nats-server-binary.ts'
import { startNatsServer } from './nats-server.ts'

it('finds both versions that are tested', async () => {
  const [oldest, newest] = await Promise.all([findNatsServer('oldest'), findNatsServer('newest')])
  for (const { path } of [oldest, newest]) expect(existsSync(path)).toBe(true)
})

it('keeps its port and its store over a kill and a restart, and leaves nothing behind', async () => {
  const server = await startNatsServer()
  const { url, pid, storeDir } = server
  await server.kill()
  expect(server.pid).toBeUndefined()
  expect(isAlive(pid!)).toBe(false)
  await server.restart()
  expect(server.url).toBe(url)
  expect(server.pid).not.toBe(pid)
  expect(existsSync(storeDir)).toBe(true)
  await server.stop()
  expect(existsSync(storeDir)).toBe(false)
  expect(server.pid).toBeUndefined()
})

it('dies with the process that started it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streamy-parent-'))
  const program = join(directory, 'parent.mjs')
  const contents = `
    import { startNatsServer } from './nats-server.ts'
    const { NATS_SERVER: path } = process.env
    const server = await startNatsServer()
    console.log(server.pid)
    setInterval(() => {}, 1000)`
  const resolveDir = fileURLToPath(new URL('.', import.meta.url))
  await build({
    stdin: { contents, resolveDir, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: program,
  })
  const { path } = await findNatsServer()
  const parent = spawn(process.execPath, [program], {
    env: { ...process.env, NATS_SERVER: path, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(output.toString())
  expect(isAlive(pid)).toBe(true)
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
  await rm(directory, { recursive: true, force: true })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
