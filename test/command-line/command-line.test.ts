// The command line as a person uses it: processes, their output and their exit codes, embedded and against a real server.
// Runs the compiled program, so build first; `npm test` does.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startNatsServer, type NatsServer } from '@streamy-db/jetstream/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))
const program = join(here, '..', '..', 'packages', 'streamy-db', 'dist', 'command-line', 'main.js')
const actors = join(here, 'actors.js')

interface Ended {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

function start(args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [program, ...args])
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const ended = new Promise<Ended>((resolve) => child.on('close', (status) => resolve({ status, output, errors })))
  return { child, ended }
}

function run(...args: readonly string[]): Promise<Ended> {
  return start(args).ended
}

describe('without a cluster', () => {
  let directory: string
  beforeAll(async () => (directory = await mkdtemp(join(tmpdir(), 'streamy-command-line-'))))
  afterAll(() => rm(directory, { recursive: true, force: true }))

  test('calls an actor of an embedded database, and finds it again', async () => {
    const where = ['--data', join(directory, 'data'), '--actors', actors]
    expect(await run('call', 'Account/alice', 'deposit', '5', ...where)).toMatchObject({ status: 0, output: '5\n' })
    const found = await run('call', 'Account/alice', 'statement', ...where)
    expect(JSON.parse(found.output)).toEqual({ key: 'alice', balance: 5 })
  })

  test('says what is wrong, and with which code', async () => {
    const refused = await run('call', 'Account/alice', 'depozit', '--data', join(directory, 'data'), '--actors', actors)
    expect(refused.status).toBe(1)
    expect(refused.errors).toContain('MESSAGE_UNKNOWN')
  })

  test.each([
    ['no command', []],
    ['an unknown command', ['dance']],
    ['an unknown option', ['status', '--nope']],
    ['a call of nothing', ['call']],
    ['no cluster', ['status']],
    ['no actors', ['call', 'Account/alice', 'deposit', '--data', 'x']],
  ])('refuses %s with exit code 2 and shows what is right', async (_, args) => {
    const { status, output, errors } = await run(...args)
    expect(status).toBe(2)
    expect(output + errors).toMatch(/streamy|--/)
  })

  test('helps', async () => {
    expect((await run('--help')).status).toBe(0)
    expect((await run('worker', '--help')).output).toContain('--directory')
  })
})

describe('with a cluster', () => {
  let server: NatsServer
  let where: string[]
  let worker: ReturnType<typeof start>

  beforeAll(async () => {
    server = await startNatsServer()
    where = ['--nats', server.url, '--name', 'bank']
    worker = start(['worker', '--actors', actors, '--worker', 'one', ...where])
    await new Promise<void>((resolve, reject) => {
      worker.child.stderr!.on('data', (text: string) => text.includes('one owns 64') && resolve())
      worker.child.on('close', () => reject(new Error('The worker ended.')))
    })
  })
  afterAll(() => server.stop())

  test('calls, says how it stands, shows the log, and stops when told to', async () => {
    expect(await run('call', 'Account/alice', 'deposit', '5', ...where)).toMatchObject({ status: 0, output: '5\n' })
    expect(await run('call', 'Account/alice', 'transfer', 'bob', '2', ...where)).toMatchObject({ output: '3\n' })
    const status = await run('status', ...where)
    expect(status).toMatchObject({ status: 0, errors: '' })
    expect(status.output).toMatch(/view \d+: one owns 64/)
    expect(status.output).toMatch(/survives {2}An acknowledged write survives a killed process/)
    const log = await run('log', 'tail', '--from', '1', ...where)
    expect(log.output).toMatch(/create\n/)
    expect(log.output).toMatch(/join one\n/)
    expect(log.output).toMatch(/client {2}1 transactions: Account\/alice\.transfer\n/)
    worker.child.kill('SIGTERM')
    expect((await worker.ended).status).toBe(0)
    expect((await run('status', ...where)).status).toBe(1)
  })
})
