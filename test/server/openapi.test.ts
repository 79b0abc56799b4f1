// The OpenAPI document. Goal: it is valid, and true: each operation is served, and what is answered is of a status, a type and
// a form that the document states. Method: a validator of documents, then requests to a real server, whose answers are held
// against the document one by one.

import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { actors, ServedProcess } from './served-process.ts'

interface ResponseObject {
  readonly content?: Readonly<Record<string, { readonly schema: AnySchema }>>
}

interface OperationObject {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly responses: Record<string, ResponseObject>
}

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
  readonly components: { readonly schemas: AnySchema }
}

let server: ServedProcess
let document: Document
let ajv: Ajv2020
const asked = new Set<string>()

beforeAll(async () => {
  server = await ServedProcess.start(['--data', ':memory:', '--actors', actors, '--port', '0'])
  document = (await (await fetch(`${server.url}/openapi.json`)).json()) as Document
  ajv = new Ajv2020({ strict: false })
  ajv.addSchema({ $id: 'document', components: document.components })
})
afterAll(() => server.stop())

test('the document is valid', async () => {
  const { valid, errors } = await new Validator().validate(
    structuredClone(document) as unknown as Record<string, unknown>,
  )
  expect(errors ?? []).toEqual([])
  expect(valid).toBe(true)
})

test('every parameter of a path is documented, and every operation has a name of its own', () => {
  const names: string[] = []
  for (const [path, operations] of Object.entries(document.paths))
    for (const operation of Object.values(operations)) {
      names.push(operation.operationId)
      const inPath = (operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => name)
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    }
  expect(new Set(names).size).toBe(names.length)
})

test('what is answered is what the document says', async () => {
  const json = { 'content-type': 'application/json' }
  await ask('get', '/healthz', '/healthz', 200)
  await ask('get', '/readyz', '/readyz', 200)
  await ask('get', '/metrics', '/metrics', 200)
  await ask('get', '/openapi.json', '/openapi.json', 200)
  const entry = '/v1/kv/{space}/{key}'
  await ask('put', entry, '/v1/kv/s/a/~1', 201, { headers: json, body: '{"x":{"$bigint":"5"}}' })
  await ask('put', entry, '/v1/kv/s/a/~1', 200, { headers: json, body: '2' })
  await ask('put', entry, '/v1/kv/s/a/~1', 412, { headers: { ...json, 'if-none-match': '*' }, body: '2' })
  await ask('put', entry, '/v1/kv/s/a/~1', 400, { headers: json, body: '{' })
  await ask('put', entry, '/v1/kv/s/a/~1', 413, { headers: json, body: JSON.stringify('x'.repeat(300_000)) })
  await ask('put', entry, '/v1/kv/s/a/~1', 415, { headers: { 'content-type': 'image/png' }, body: '2' })
  await ask('put', entry, '/v1/kv/s/expires?expireIn=100000', 201, { headers: json, body: '2' })
  await ask('get', entry, '/v1/kv/s/a/~1', 200)
  await ask('get', entry, '/v1/kv/s/a/~1', 304, { headers: { 'if-none-match': '*' } })
  await ask('get', entry, '/v1/kv/s/none', 404)
  await ask('get', entry, '/v1/kv/s/a/~1', 406, { headers: { accept: 'application/octet-stream' } })
  await ask('get', '/v1/kv/{space}', '/v1/kv/s', 200)
  await ask('get', '/v1/kv/{space}', '/v1/kv/s', 200, { headers: { accept: 'application/x-ndjson' } })
  await ask('get', '/v1/kv/{space}', '/v1/kv/s?limit=x', 400)
  await ask('post', '/v1/kv/{space}/get', '/v1/kv/s/get', 200, { headers: json, body: '{"keys":[["a",1],["none"]]}' })
  const transactions = ['post', '/v1/kv/{space}/transactions', '/v1/kv/s/transactions'] as const
  const transaction = '{"updates":[{"set":["t"],"value":1}],"gets":[["t"],{"range":{}}]}'
  await ask(...transactions, 200, { headers: json, body: transaction })
  await ask(...transactions, 409, { headers: json, body: '{"asserts":[{"key":["t"],"value":2}]}' })
  await ask(...transactions, 400, { headers: json, body: '{}' })
  const keyed = { ...json, 'idempotency-key': 'k' }
  await ask(...transactions, 200, { headers: keyed, body: transaction })
  await ask(...transactions, 422, { headers: keyed, body: '{"updates":[{"set":["t"],"value":2}]}' })
  await ask('get', '/v1/kv/{space}/watch', '/v1/kv/s/watch?key=t', 200)
  const call = ['post', '/v1/actors/{type}/{key}/{message}'] as const
  await ask(...call, '/v1/actors/Account/alice/deposit', 200, { headers: json, body: '[5]' })
  await ask(...call, '/v1/actors/Account/alice/statement', 200)
  await ask(...call, '/v1/actors/Account/alice/nope', 404)
  await ask(...call, '/v1/actors/Account/alice/deposit', 400, { headers: json, body: '{}' })
  await ask('delete', entry, '/v1/kv/s/a/~1', 204)
  await ask('delete', entry, '/v1/kv/s/a/~1', 412, { headers: { 'if-match': '*' } })
  await ask('post', '/', '/', 200, { headers: json, body: '{"supportedVersions":[3]}' })
  await ask('post', '/kv-connect/{space}', '/kv-connect/s', 400, { headers: json, body: '{"supportedVersions":[0]}' })
  await ask('post', '/kv-connect/{space}/snapshot_read', '/kv-connect/s/snapshot_read', 200)
  await ask('post', '/kv-connect/{space}/atomic_write', '/kv-connect/s/atomic_write', 200)
  await ask('post', '/kv-connect/{space}/watch', '/kv-connect/s/watch', 400)
  await askCollections(json)
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  )
  expect([...asked].toSorted()).toEqual(documented.toSorted())
})

async function askCollections(headers: Readonly<Record<string, string>>): Promise<void> {
  const post = async (action: string, status: number, body: string): Promise<void> =>
    await ask('post', `/v1/collections/{name}/${action}`, `/v1/collections/users/${action}`, status, { headers, body })
  await post('insert', 200, '{"documents":[{"_id":"u1","age":36},{"_id":"u2","age":20}]}')
  await post('insert', 400, '{')
  await post('find', 200, '{"filter":{"age":{"$gt":30}}}')
  await post('count', 200, '{"filter":{}}')
  await post('update', 200, '{"filter":{"_id":"u1"},"update":{"$inc":{"age":1}}}')
  await post('replace', 200, '{"documents":[{"_id":"u2","age":21}]}')
  await post('aggregate', 200, '{"pipeline":[{"$sort":{"_id":1}}]}')
  await post('delete', 200, '{"filter":{"_id":"u2"}}')
  const keyed = { ...headers, 'idempotency-key': 'c' }
  const insert = ['post', '/v1/collections/{name}/insert', '/v1/collections/users/insert'] as const
  await ask(...insert, 200, { headers: keyed, body: '{"documents":[{"age":1}]}' })
  await ask(...insert, 200, { headers: keyed, body: '{"documents":[{"age":1}]}' })
  await ask(...insert, 422, { headers: keyed, body: '{"documents":[{"age":2}]}' })
  const watch = ['get', '/v1/collections/{name}/watch', '/v1/collections/users/watch'] as const
  await ask(...watch, 200)
  await ask('get', watch[1], `${watch[2]}?filter=x`, 400)
  const indexes = '/v1/collections/{name}/indexes'
  await ask('put', `${indexes}/{index}`, '/v1/collections/users/indexes/byAge', 202, {
    headers,
    body: '{"keys":{"age":1}}',
  })
  await ask('put', `${indexes}/{index}`, '/v1/collections/users/indexes/byAge', 422, {
    headers,
    body: '{"keys":{"n":1}}',
  })
  await ask('get', indexes, '/v1/collections/users/indexes', 200)
  await ask('delete', `${indexes}/{index}`, '/v1/collections/users/indexes/byAge', 204)
  const single = '/v1/collections/{name}/{id}'
  await ask('get', single, '/v1/collections/users/u1', 200)
  await ask('get', single, '/v1/collections/users/none', 404)
  await ask('put', single, '/v1/collections/users/u3', 201, { headers, body: '{"age":1}' })
  await ask('delete', single, '/v1/collections/users/u3', 204)
}

async function ask(
  method: string,
  path: string,
  target: string,
  status: number,
  init: RequestInit = {},
): Promise<void> {
  asked.add(`${method} ${path}`)
  const stopping = new AbortController()
  const response = await fetch(server.url + target, { ...init, method: method.toUpperCase(), signal: stopping.signal })
  const where = `${method} ${target}`
  expect([where, response.status]).toEqual([where, status])
  const { responses } = document.paths[path]![method]!
  const described = responses[status] ?? responses[`${Math.floor(status / 100)}XX`]
  expect([where, described === undefined]).toEqual([where, false])
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
  const text = type === 'text/event-stream' ? '' : await response.text()
  stopping.abort()
  if (text === '' && described!.content === undefined) return
  const schema = described!.content?.[type]?.schema
  expect([where, type, schema === undefined]).toEqual([where, type, false])
  if (!type.endsWith('json')) return
  const validate = ajv.compile(resolved(schema!))
  for (const line of type.endsWith('ndjson') ? text.trim().split('\n') : [text]) {
    void validate(JSON.parse(line))
    expect([where, line, validate.errors ?? []]).toEqual([where, line, []])
  }
}

// References of the document as references to the schema that ajv knows it by.
function resolved(schema: AnySchema): AnySchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components')) as AnySchema
}
