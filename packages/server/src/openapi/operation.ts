// What the OpenAPI document says of one route, and the pieces that many of them are made of. Types and constants.

import { assert } from '@streamy-db/core'

/** A schema, in the dialect of OpenAPI 3.1. */
export type Schema = Readonly<Record<string, unknown>>

/** A parameter of a path, a query, or a header. */
export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description: string
  readonly required?: boolean
  readonly schema: Schema
}

/** What a request or a response holds, by its media type. */
export type Content = Readonly<Record<string, { readonly schema: Schema }>>

/** What a response is. */
export interface ResponseObject {
  readonly description: string
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: Schema }>>
  readonly content?: Content
}

/** One operation. */
export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly tags: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly description?: string; readonly content: Content }
  readonly responses: Readonly<Record<string, ResponseObject>>
}

const text: Schema = { type: 'string' }

/** A reference to one of the shared schemas. */
export function schemaNamed(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

/** A body of JSON with a schema. */
export function json(schema: Schema): Content {
  return { 'application/json': { schema } }
}

/** Responses that say what is wrong, by status. */
export function problems(...statuses: readonly number[]): Record<string, ResponseObject> {
  const content = { 'application/problem+json': { schema: schemaNamed('Problem') } }
  return Object.fromEntries(
    [400, 401, 403, 503, ...statuses].map((status) => [String(status), { description: meaningOf(status), content }]),
  )
}

/** A parameter of the path. */
export function inPath(name: string, description: string): Parameter {
  return { name, in: 'path', description, required: true, schema: text }
}

/** A parameter of the query. */
export function inQuery(name: string, description: string, schema: Schema = text): Parameter {
  return { name, in: 'query', description, schema }
}

/** A header of the request. */
export function inHeader(name: string, description: string): Parameter {
  return { name, in: 'header', description, schema: text }
}

function meaningOf(status: number): string {
  const meaning = meanings[status]
  assert(meaning !== undefined, `the status ${status} has a meaning`)
  return meaning!
}

const meanings: Readonly<Record<number, string>> = {
  400: 'Something of the request is not as it must be.',
  401: 'There is no token, or one that is not known.',
  403: 'The token has no right to do this.',
  404: 'There is no such thing.',
  406: 'The value cannot be told in the form that was asked for.',
  408: 'The request did not arrive in time.',
  409: 'It meets something that is otherwise than it says.',
  410: 'It is gone: too much has happened since.',
  412: 'The entry is not as the precondition says.',
  413: 'Something is too large.',
  415: 'A value cannot be of that type.',
  422: 'It was understood and refused.',
  500: "The server's fault; its log says more.",
  501: 'This database cannot do that.',
  503: 'Nothing happened; try again.',
  504: 'It was not answered in time, and may yet happen.',
}
