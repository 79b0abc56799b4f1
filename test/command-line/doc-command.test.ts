// `streamy doc` as a person uses it: processes, their output and their exit codes, over a directory and a running server.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { actors, ServedProcess, streamy } from '../server/served-process.ts'
import { WatchingProcess } from './watching-process.ts'

let directory: string
let server: ServedProcess
const ways = new Map<string, readonly string[]>()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamy-doc-command-'))
  server = await ServedProcess.start(['--data', ':memory:', '--actors', actors, '--port', '0'])
  ways.set('a directory', ['--data', join(directory, 'data')])
  ways.set('a server', ['--url', server.url])
})

afterAll(async () => {
  await server.stop()
  await rm(directory, { recursive: true })
})

describe.each(['a directory', 'a server'])('over %s', (way) => {
  const doc = (...args: readonly string[]) => streamy(['doc', ...args, ...ways.get(way)!])

  test('inserts, gets, finds, counts, changes and deletes', { timeout: 600_000 }, async () => {
    expect(await doc('insert', 'users', '{"_id":"u1","age":36}')).toMatchObject({ status: 0, output: '"u1"\n' })
    expect((await doc('insert', 'users', '{"_id":"u1","age":36}')).status).toBe(1)
    await doc('insert', 'users', '{"_id":42,"age":20}')
    expect(await doc('get', 'users', '~42')).toMatchObject({ status: 0, output: '{"_id":42,"age":20}\n' })
    expect((await doc('get', 'users', 'nobody')).status).toBe(3)
    const found = await doc('find', 'users', '{"age":{"$gte":18}}', '--sort', '{"age":-1}')
    expect(found).toMatchObject({ status: 0, output: '{"_id":"u1","age":36}\n{"_id":42,"age":20}\n' })
    expect((await doc('count', 'users', '{"age":20}')).output).toBe('1\n')
    const pipeline = '[{"$group":{"_id":null,"sum":{"$sum":"$age"}}}]'
    expect((await doc('aggregate', 'users', pipeline)).output).toBe('{"_id":null,"sum":56}\n')
    const changed = await doc('update', 'users', '{}', '{"$inc":{"age":1}}', '--many')
    expect(JSON.parse(changed.output)).toMatchObject({ matchedCount: 2, modifiedCount: 2 })
    expect((await doc('delete', 'users', '{"_id":42}')).output).toBe('{"deletedCount":1}\n')
    expect((await doc('find', 'users', '{"age":')).status).toBe(2)
    expect((await doc('find', 'users', '{"$where":"1"}')).errors).toContain('$where')
  })

  test('builds, lists and drops indexes', { timeout: 600_000 }, async () => {
    await doc('insert', 'parts', '{"_id":"p1","bin":3}')
    expect(await doc('create-index', 'parts', 'byBin', '{"keys":{"bin":1}}')).toMatchObject({ status: 0 })
    const listed = JSON.parse((await doc('indexes', 'parts')).output) as object
    expect(listed).toMatchObject({ name: 'byBin', keys: { bin: 1 }, unique: false, state: 'ready' })
    expect((await doc('count', 'parts', '{"bin":3}', '--hint', 'byBin')).output).toBe('1\n')
    await doc('insert', 'parts', '{"_id":"p2","bin":3}')
    const refused = await doc('create-index', 'parts', 'once', '{"keys":{"bin":1},"unique":true}')
    expect(refused).toMatchObject({
      status: 1,
      errors: expect.stringMatching(/once was not built: .* p\d and p\d /) as string,
    })
    for (const name of ['byBin', 'once']) expect((await doc('drop-index', 'parts', name)).status).toBe(0)
    expect((await doc('indexes', 'parts')).output).toBe('')
    expect((await doc('create-index', 'parts', 'byBin', '{"keys":{}}')).status).toBe(1)
    expect((await doc('create-index', 'parts', 'byBin')).status).toBe(2)
  })

  test('imports what was exported', { timeout: 600_000 }, async () => {
    const [source, copy] = ['in', 'out'].map((name) => join(directory, `${way.replaceAll(' ', '-')}-${name}.ndjson`))
    const lines = Array.from({ length: 1200 }, (_, n) => JSON.stringify({ _id: n, at: { $bigint: `${n}` } }))
    await writeFile(source!, `${lines.join('\n')}\n\n`)
    // Twice is once.
    for (const turn of [1, 2]) expect([turn, (await doc('import', 'many', source!)).status]).toEqual([turn, 0])
    expect((await doc('count', 'many')).output).toBe('1200\n')
    expect((await doc('export', 'many', copy!)).status).toBe(0)
    expect(await readFile(copy!, 'utf8')).toBe(`${lines.join('\n')}\n`)
    await writeFile(source!, '{"a":1}\n')
    expect((await doc('import', 'many', source!)).errors).toContain('Line 1')
  })
})

test('a watch prints what changes of the documents that it is for', async () => {
  const at = ways.get('a server')!
  await streamy(['doc', 'insert', 'watched', '{"_id":"a","open":true}', ...at])
  const watch = new WatchingProcess<{ readonly changes: readonly object[] }>([
    'doc',
    'watch',
    'watched',
    '{"open":true}',
    '--from',
    '0',
    ...at,
  ])
  await watch.printed(1)
  await streamy(['doc', 'insert', 'watched', '{"_id":"b","open":false}', ...at])
  await streamy(['doc', 'update', 'watched', '{"_id":"a"}', '{"$set":{"open":false}}', ...at])
  await watch.printed(2)
  expect(await watch.interrupt()).toBe(0)
  expect(watch.lines.map(({ changes }) => changes)).toMatchObject([
    [{ operation: 'insert', id: 'a', before: null }],
    [{ operation: 'update', id: 'a', before: { open: true }, after: { open: false } }],
  ])
  expect((await streamy(['doc', 'watch', 'watched', '{"open"', ...at])).status).toBe(2)
})
