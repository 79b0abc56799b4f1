// Real clients of `streamy serve`: curl, EventSource and @deno/kv, against an embedded database and against a cluster, each a
// process of its own. Goal: what the documents say works with what people have. curl is taken from PATH.

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { KvU64, openKv } from '@deno/kv'
import { startNatsServer, type NatsServer } from '@streamy-db/jetstream/testing'
import { EventSource } from 'eventsource'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { actors, run, ServedProcess } from './served-process.ts'

type DenoKv = Awaited<ReturnType<typeof openKv>>

let directory: string
let nats: NatsServer
const servers = new Map<string, ServedProcess>()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamy-clients-'))
  nats = await startNatsServer()
  const cluster = ['--nats', nats.url, '--name', 'bank', '--partitions', '8', '--worker', 'one']
  servers.set(
    'embedded',
    await ServedProcess.start(['--data', join(directory, 'data'), '--actors', actors, '--port', '0']),
  )
  servers.set('cluster', await ServedProcess.start([...cluster, '--actors', actors, '--port', '0']))
})

afterAll(async () => {
  for (const server of servers.values()) await server.stop()
  await nats.stop()
  await rm(directory, { recursive: true })
})

const kinds = ['embedded', 'cluster']
const urlOf = (kind: string): string => servers.get(kind)!.url

describe.each(kinds)('curl, %s', (kind) => {
  const curl = async (...args: readonly string[]): Promise<string> => {
    const { status, output, errors } = await run('curl', ['-sS', ...args])
    expect([status, errors]).toEqual([0, ''])
    return output
  }

  test.each(['--http1.1', '--http2-prior-knowledge'])(
    'stores, reads, lists, calls and deletes with %s',
    async (protocol) => {
      const at = `${urlOf(kind)}/v1/kv/curl${protocol.slice(2).replaceAll(/\W/g, '')}`
      const code = ['-o', '/dev/null', '-w', '%{http_code}', protocol]
      expect(await curl(...code, '-X', 'PUT', `${at}/users/~42`, '-d', '{"name":"Ada"}')).toBe('201')
      expect(JSON.parse(await curl(protocol, `${at}/users/~42`))).toEqual({ name: 'Ada' })
      expect(JSON.parse(await curl(protocol, `${at}?prefix=users`)).items).toMatchObject([{ key: ['users', 42] }])
      expect(await curl(...code, '-X', 'PUT', '-H', 'If-None-Match: *', `${at}/users/~42`, '-d', '1')).toBe('412')
      const call = [protocol, '-X', 'POST', '-H', `Idempotency-Key: ${kind}${protocol}`, '-d', '[5]']
      const deposit = `${urlOf(kind)}/v1/actors/Account/${protocol.slice(2)}/deposit`
      expect(await curl(...call, deposit)).toBe('5')
      expect(await curl(...call, deposit)).toBe('5')
      expect(await curl(...code, '-X', 'DELETE', `${at}/users/~42`)).toBe('204')
      expect(await curl(...code, `${at}/users/~42`)).toBe('404')
    },
  )
})

describe.each(kinds)('@deno/kv, %s', (kind) => {
  let kv: DenoKv
  beforeAll(async () => {
    const url = `${urlOf(kind)}/kv-connect/deno`
    kv = await openKv(url, { accessToken: 'none', encodeV8: serialize, decodeV8: deserialize })
  })
  afterAll(() => kv.close())

  test('stores and reads values of all kinds', async () => {
    const values = [
      { name: 'Ada', at: new Date(0), tags: new Set(['a']), more: new Map([[1, { deep: [1n] }]]) },
      'text',
      1.5,
      5n,
      2n ** 70n,
      true,
      null,
      /x/gi,
      undefined,
      Uint8Array.of(1, 2),
      new KvU64(7n),
    ]
    for (const [index, value] of values.entries()) {
      const key = ['value', index]
      const { versionstamp } = await kv.set(key, value)
      expect(await kv.get(key)).toEqual({ key, value, versionstamp })
    }
    expect(await kv.get(['value', -1])).toEqual({ key: ['value', -1], value: null, versionstamp: null })
    const many = await kv.getMany([['value', 1], ['none'], ['value', 2]])
    expect(many.map(({ value }) => value)).toEqual(['text', null, 1.5])
  })

  test('lists in order, either way, over pages, and within bounds', async () => {
    for (let first = 0; first < 250; first += 50) {
      const atomic = kv.atomic()
      for (let n = first; n < first + 50; n++) atomic.set(['n', n], n)
      expect((await atomic.commit()).ok).toBe(true)
    }
    const all = Array.from({ length: 250 }, (_, n) => n)
    const listed = async (...args: Parameters<DenoKv['list']>): Promise<unknown[]> => {
      const values: unknown[] = []
      for await (const { value } of kv.list(...args)) values.push(value)
      return values
    }
    expect(await listed({ prefix: ['n'] })).toEqual(all)
    expect(await listed({ prefix: ['n'] }, { reverse: true, limit: 120 })).toEqual(all.toReversed().slice(0, 120))
    expect(await listed({ start: ['n', 10], end: ['n', 20] })).toEqual(all.slice(10, 20))
    expect(await listed({ prefix: ['n'], start: ['n', 245] })).toEqual(all.slice(245))
  })

  test('writes atomically: checks, sums, least and greatest', async () => {
    const { versionstamp } = await kv.set(['stock'], 1)
    const sell = () =>
      kv
        .atomic()
        .check({ key: ['stock'], versionstamp })
        .set(['stock'], 0)
        .sum(['sold'], 2n)
        .commit()
    expect(await sell()).toMatchObject({ ok: true })
    expect(await sell()).toEqual({ ok: false })
    await kv.atomic().sum(['sold'], 3n).min(['least'], 4n).max(['most'], 9n).commit()
    await kv.atomic().min(['least'], 5n).max(['most'], 8n).delete(['stock']).commit()
    const found = await kv.getMany([['sold'], ['least'], ['most'], ['stock']])
    expect(found.map(({ value }) => value)).toEqual([new KvU64(5n), new KvU64(4n), new KvU64(9n), null])
    await expect(kv.atomic().sum(['value', 1], 1n).commit()).rejects.toThrow(/400/)
    expect(
      (
        await kv
          .atomic()
          .check({ key: ['none'], versionstamp: null })
          .commit()
      ).ok,
    ).toBe(true)
  })

  test('shares its entries with REST', async () => {
    await kv.set(['shared'], { from: 'deno' })
    const response = await fetch(`${urlOf(kind)}/v1/kv/deno/shared`)
    expect(await response.json()).toEqual({ from: 'deno' })
    const body = '{"from":"rest","big":{"$bigint":"5"}}'
    await fetch(`${urlOf(kind)}/v1/kv/deno/shared`, { method: 'PUT', body })
    expect((await kv.get(['shared'])).value).toEqual({ from: 'rest', big: 5n })
  })

  test('lets an entry expire', async () => {
    await kv.set(['short'], 1, { expireIn: 1 })
    // Time is that of the log, which writes move on.
    for (;;) {
      await kv.set(['tick'], Date.now())
      if ((await kv.get(['short'])).value === null) break
    }
    expect(await kv.get(['short'])).toEqual({ key: ['short'], value: null, versionstamp: null })
  })
})

test.each(kinds)('@deno/kv watches keys, %s', async (kind) => {
  const kv = await openKv(`${urlOf(kind)}/kv-connect/watched`, { accessToken: 'none' })
  await kv.set(['a'], 1)
  const reader = kv.watch([['a'], ['b']]).getReader()
  const values = async (): Promise<unknown> => (await reader.read()).value?.map(({ value }) => value)
  expect(await values()).toEqual([1, null])
  await kv.atomic().set(['a'], 2).set(['b'], 3).commit()
  expect(await values()).toEqual([2, 3])
  await kv.delete(['a'])
  expect(await values()).toEqual([null, 3])
  await reader.cancel()
  kv.close()
})

describe('EventSource', () => {
  test.each(kinds)('gets every event once, in order, over connections that break, %s', async (kind) => {
    const { port } = servers.get(kind)!
    // Between the two: it cuts each connection after some bytes, and so the stream somewhere within an event.
    const cutter = await startCutter(port, 2000)
    const source = new EventSource(`http://127.0.0.1:${cutter.port}/v1/kv/events/watch?prefix=n`)
    const seen: number[] = []
    const put = (n: number): Promise<unknown> =>
      fetch(`${urlOf(kind)}/v1/kv/events/n/~${n}`, { method: 'PUT', body: String(n) })
    const last = 60
    const complete = new Promise<void>((resolve) => {
      source.addEventListener('message', ({ data }) => {
        const { entries } = JSON.parse(data) as { readonly entries: readonly { readonly value: number }[] }
        seen.push(...entries.map(({ value }) => value))
        if (seen.at(-1) === last) resolve()
      })
    })
    await new Promise((resolve) => source.addEventListener('message', resolve, { once: true }))
    for (let n = 1; n <= last; n++) await put(n)
    await complete
    source.close()
    expect(seen).toEqual(Array.from({ length: last }, (_, n) => n + 1))
    expect(cutter.cut).toBeGreaterThan(1)
    await cutter.close()
  })

  test('goes on after the server was killed and started again', async () => {
    const data = join(directory, 'killed')
    const first = await ServedProcess.start(['--data', data, '--port', '0'])
    const port = String(first.port)
    const source = new EventSource(`${first.url}/v1/kv/s/watch?key=n`)
    const versions: string[] = []
    const values: unknown[] = []
    const reached = (value: unknown): Promise<void> =>
      new Promise((resolve) => {
        source.addEventListener('message', ({ data: text, lastEventId }) => {
          const { entries } = JSON.parse(text) as { readonly entries: readonly { readonly value: unknown }[] }
          if (entries[0]?.value !== value) return
          versions.push(lastEventId)
          values.push(value)
          resolve()
        })
      })
    const put = (url: string, value: number): Promise<unknown> =>
      fetch(`${url}/v1/kv/s/n`, { method: 'PUT', body: String(value) })
    const one = reached(1)
    await put(first.url, 1)
    await one
    await first.kill()
    const two = reached(2)
    const second = await ServedProcess.start(['--data', data, '--port', port])
    await put(second.url, 2)
    await two
    source.close()
    expect(values).toEqual([1, 2])
    expect(versions[0]! < versions[1]!).toBe(true)
    await second.stop()
  })
})

test('a request under an idempotency key is answered alike by a server that was killed and started again', async () => {
  const data = join(directory, 'idempotent')
  const send = async (url: string): Promise<unknown> => {
    const headers = { 'idempotency-key': 'order-7' }
    const body = '{"updates":[{"sum":["n"],"value":1}],"gets":[["n"]]}'
    const response = await fetch(`${url}/v1/kv/s/transactions`, { method: 'POST', headers, body })
    return await response.json()
  }
  const first = await ServedProcess.start(['--data', data, '--port', '0'])
  const answer = await send(first.url)
  expect(answer).toMatchObject({ ok: true, gets: [{ value: 1 }] })
  await first.kill()
  const second = await ServedProcess.start(['--data', data, '--port', '0'])
  expect(await send(second.url)).toEqual(answer)
  expect(await second.stop()).toBe(0)
})

interface Cutter {
  readonly port: number
  readonly cut: number
  close(): Promise<void>
}

async function startCutter(target: number, afterBytes: number): Promise<Cutter> {
  const { connect } = await import('node:net')
  let cut = 0
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    let bytes = 0
    client.pipe(upstream)
    upstream.on('data', (chunk) => {
      client.write(chunk.subarray(0, afterBytes - bytes))
      bytes += chunk.length
      if (bytes < afterBytes) return
      cut += 1
      client.end()
      upstream.destroy()
    })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  // A server that listens on TCP has an address of this form.
  const { port } = server.address() as { readonly port: number }
  return {
    port,
    get cut() {
      return cut
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
