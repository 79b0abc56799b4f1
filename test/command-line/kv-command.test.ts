// `streamy kv` as a person uses it: processes, their output and their exit codes, over a directory, a running server and a
// cluster.

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNatsServer, type NatsServer } from '@streamy-db/jetstream/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { actors, ServedProcess, streamy } from '../server/served-process.ts'
import { WatchingProcess } from './watching-process.ts'

let directory: string
let nats: NatsServer
const servers: ServedProcess[] = []
const ways = new Map<string, readonly string[]>()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamy-kv-command-'))
  nats = await startNatsServer()
  const cluster = ['--nats', nats.url, '--name', 'bank']
  const embedded = await ServedProcess.start(['--data', ':memory:', '--actors', actors, '--port', '0'])
  const worker = await ServedProcess.start([...cluster, '--partitions', '4', '--worker', 'one', '--port', '0'])
  servers.push(embedded, worker)
  ways.set('a directory', ['--data', join(directory, 'data')])
  ways.set('a server', ['--url', embedded.url])
  ways.set('a cluster', cluster)
})

afterAll(async () => {
  for (const server of servers) await server.stop()
  await nats.stop()
  await rm(directory, { recursive: true })
})

describe.each(['a directory', 'a server', 'a cluster'])('over %s', (way) => {
  const kv = (...args: readonly string[]) => streamy(['kv', ...args, ...ways.get(way)!])

  test('sets, gets, lists and deletes, with exit codes that say what was answered', async () => {
    const made = await kv('set', 's', 'users/~42', '{"name":"Ada"}')
    expect(made).toMatchObject({ status: 0, errors: '' })
    const { version } = JSON.parse(made.output) as { readonly version: string }
    expect(await kv('get', 's', '["users",42]')).toMatchObject({ status: 0, output: '{"name":"Ada"}\n' })
    expect(await kv('set', 's', 'users/~42', 'x', '--if-absent')).toMatchObject({ status: 3, output: '' })
    expect(await kv('set', 's', 'users/~42', 'some text', '--if-version', version)).toMatchObject({ status: 0 })
    expect((await kv('list', 's', '--prefix', 'users')).output).toMatch(/^\{"key":\["users",42\],"value":"some text"/)
    expect((await kv('delete', 's', 'users/~42', '--if-version', version)).status).toBe(3)
    expect((await kv('delete', 's', 'users/~42')).status).toBe(0)
    const gone = await kv('get', 's', 'users/~42')
    expect([gone.status, gone.output]).toEqual([3, ''])
  })

  test('runs transactions from a file and from stdin', async () => {
    const sell = { asserts: [{ key: ['stock'], gte: 1 }], updates: [{ sum: ['stock'], value: -1 }], gets: [['stock']] }
    const file = join(directory, `sell-${way.replaceAll(' ', '-')}.json`)
    await writeFile(file, JSON.stringify(sell))
    await kv('set', 's', 'stock', '1')
    const sold = await kv('txn', 's', file)
    expect(sold.status).toBe(0)
    expect(JSON.parse(sold.output)).toMatchObject({ ok: true, gets: [{ value: 0 }] })
    const refused = await streamy(['kv', 'txn', 's', ...ways.get(way)!], JSON.stringify(sell))
    expect(refused.status).toBe(3)
    expect(JSON.parse(refused.output)).toMatchObject({ ok: false, failed: { index: 0, entry: { value: 0 } } })
  })

  test('imports what was exported, in the same order and of the same types', async () => {
    const values = [
      1.5,
      'x',
      { $bigint: '5' },
      { $bytes: 'AP8=' },
      { $date: '2026-01-01T00:00:00.000Z' },
      { $map: [[1, 2]] },
    ]
    const lines = Array.from({ length: 1200 }, (_, n) => ({ key: ['n', n, 'ä'], value: values[n % values.length] }))
    const [given, taken] = [join(directory, `${way}.in`), join(directory, `${way}.out`)]
    await writeFile(given, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    const imported = await kv('import', 'lines', given)
    expect([imported.status, imported.errors]).toEqual([0, expect.stringMatching(/1,200 entries imported in/)])
    const exported = await kv('export', 'lines', taken)
    expect([exported.status, exported.errors]).toEqual([0, expect.stringMatching(/1,200 entries exported in/)])
    const found = (await readFile(taken, 'utf8')).trim().split('\n')
    expect(found.map((line) => JSON.parse(line)).map(({ key, value }) => ({ key, value }))).toEqual(lines)
  })
})

describe('what is wrong', () => {
  const at = (): readonly string[] => ways.get('a server')!

  test.each([
    [['kv']],
    [['kv', 'get']],
    [['kv', 'dance', 's']],
    [['kv', 'get', 's']],
    [['kv', 'get', 's', '[1']],
    [['kv', 'set', 's', 'a']],
    [['kv', 'get', 's', 'a', '--data', 'x']],
  ])('in %j is the command line', async (args) => {
    const { status, errors } = await streamy([...args, ...at()])
    expect(status).toBe(2)
    expect(errors).not.toBe('')
  })

  test.each([
    ['no JSON', '{"key":["a"],"value":1}\n{"key":', /Line 2 is no JSON/],
    ['no entry', '{"key":["a"]}\n', /Line 1 is no entry/],
    ['a key that is none', '{"key":[null],"value":1}\n', /Lines 1 to 1 were not imported: .*KEY_INVALID/],
  ])('in an import of %s names the line', async (_, text, expected) => {
    const { status, errors } = await streamy(['kv', 'import', 'bad', '-', ...at()], text)
    expect(status).toBe(1)
    expect(errors).toMatch(expected)
  })

  test('of a server is said, and of one that is not there', async () => {
    const refused = await streamy(['kv', 'get', 's', 'a//b', ...at()])
    expect([refused.status, refused.errors]).toEqual([1, expect.stringContaining('KEY_INVALID')])
    const gone = await streamy(['kv', 'get', 's', 'a', '--url', 'http://127.0.0.1:1'])
    expect([gone.status, gone.errors]).toEqual([1, expect.stringContaining('does not answer')])
  })

  test('leaves no file of an export that was not completed', async () => {
    const file = join(directory, 'incomplete')
    expect((await streamy(['kv', 'export', 's', file, '--at', 'yesterday', ...at()])).status).toBe(1)
    await expect(stat(file)).rejects.toThrow(/ENOENT/)
  })
})

test('a watch prints what is there and what changes, and ends when told to', async () => {
  const at = ways.get('a server')!
  await streamy(['kv', 'set', 'watched', 'a', '1', ...at])
  const watch = new WatchingProcess<{ readonly entries: readonly { readonly value: unknown }[] }>([
    'kv',
    'watch',
    'watched',
    ...at,
  ])
  await watch.printed(1)
  await streamy(['kv', 'set', 'watched', 'b', '2', ...at])
  await watch.printed(2)
  expect(await watch.interrupt()).toBe(0)
  expect(watch.lines.map(({ entries }) => entries.map(({ value }) => value))).toEqual([[1], [2]])
})

test('tokens are asked for and given', async () => {
  const token = 'a-token-of-some-length'
  const server = await ServedProcess.start(['--data', ':memory:', '--port', '0'], { STREAMY_TOKEN: token })
  const file = join(directory, 'token')
  await writeFile(file, `${token}\n`)
  expect((await streamy(['kv', 'set', 's', 'a', '1', '--url', server.url])).errors).toContain('UNAUTHENTICATED')
  expect((await streamy(['kv', 'set', 's', 'a', '1', '--url', server.url, '--token-file', file])).status).toBe(0)
  await server.stop()
})

test('a server refuses to start where anybody could connect, and where it cannot listen', async () => {
  const open = await streamy(['serve', '--data', ':memory:', '--host', '0.0.0.0', '--port', '0'])
  expect([open.status, open.errors]).toEqual([1, expect.stringContaining('tokens')])
  const taken = await streamy(['serve', '--data', ':memory:', '--port', String(servers[0]!.port)])
  expect([taken.status, taken.errors]).toEqual([1, expect.stringContaining('another port')])
  expect((await streamy(['serve', '--port', '0'])).status).toBe(2)
  expect((await streamy(['serve', '--data', ':memory:', '--port', 'x'])).status).toBe(2)
})

test('actors of a server are called by its address', async () => {
  const called = await streamy(['call', 'Account/al%ice', 'deposit', '5', ...ways.get('a server')!])
  expect(called).toMatchObject({ status: 0, output: '5\n' })
})
