// `/openapi.json`: what the gateway serves, put together from its routes, so that it cannot say anything else.

import type { Route } from '../http/route.ts'
import type { Operation } from './operation.ts'
import { schemas } from './schemas.ts'

const path = '/openapi.json'

/** The route of the document about all others. */
export function openapiRoutes(routes: readonly Route[]): readonly Route[] {
  const route: Route = {
    method: 'GET',
    path,
    operation: {
      operationId: 'openapi',
      summary: 'This document.',
      tags: ['operations'],
      responses: {
        200: { description: 'The document.', content: { 'application/json': { schema: { type: 'object' } } } },
      },
    },
    access: 'anyone',
    handle: () => new Response(text, { headers: { 'content-type': 'application/json' } }),
  }
  const text = JSON.stringify(documentOf([...routes, route]))
  return [route]
}

function documentOf(routes: readonly Route[]): unknown {
  const paths: Record<string, Record<string, Operation>> = {}
  for (const { method, path: at, operation, access } of routes)
    (paths[at] ??= {})[method.toLowerCase()] = access === 'anyone' ? { ...operation, ...open } : operation
  return {
    openapi: '3.1.0',
    info: {
      title: 'Streamy',
      version: '1',
      description:
        'Actors and key-value entries over HTTP. A key in a path is one segment a part: text as it is, ~42 a number, ~42n ' +
        'a bigint, ~true and ~false, ~x00ff bytes, ~s… any other text.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: { schemas, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  }
}

const open = { security: [] }
