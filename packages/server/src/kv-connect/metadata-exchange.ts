// The metadata exchange of KV Connect: a client says which versions of the protocol it speaks, and learns where the space
// answers and how to call it. The token that it got here is the one that it came with: there is nothing to be stolen that
// it did not have.

import { createHash } from 'node:crypto'
import { HttpProblem } from '../http/http-problem.ts'
import { jsonOf } from '../http/request-body.ts'
import type { RouteRequest } from '../http/route-request.ts'
import { kvConnectLimits } from '../limits.ts'

const versions = [3, 2, 1] as const

/** Answers the exchange for a space. */
export async function exchangeMetadata(request: RouteRequest, space: string): Promise<Response> {
  const supported = supportedBy(await request.body())
  const version = versions.find((each) => supported.includes(each))
  if (version === undefined)
    throw new HttpProblem(
      'BODY_INVALID',
      `None of the versions ${supported.join(', ')} is spoken here, but ${versions.join(', ')}.`,
    )
  const path = `/kv-connect/${encodeURIComponent(space)}`
  const metadata = {
    version,
    databaseId: databaseIdOf(space),
    // Of version 1 addresses are absolute; later ones may lead through whatever stands in front of this server.
    endpoints: [{ url: version === 1 ? request.origin + path : path, consistency: 'strong' }],
    token: tokenOf(request),
    expiresAt: new Date(Date.now() + kvConnectLimits.metadataValidMs).toISOString(),
  }
  // Clients compare this type letter by letter.
  return new Response(JSON.stringify(metadata), { headers: { 'content-type': 'application/json' } })
}

/** Names a space to clients, in the form of a UUID: the same one for every server of a cluster. */
export function databaseIdOf(space: string): string {
  const hex = createHash('sha256').update(`streamy/kv-connect/${space}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function tokenOf(request: RouteRequest): string {
  // Where no token is asked for, clients must have one all the same.
  return /^Bearer +(\S+) *$/i.exec(request.header('authorization') ?? '')?.[1] ?? 'none'
}

function supportedBy(body: Buffer): readonly number[] {
  if (body.length === 0) return [1]
  const json = jsonOf(body)
  const given =
    typeof json === 'object' && json !== null ? (json as Record<string, unknown>)['supportedVersions'] : undefined
  if (Array.isArray(given) && given.every((version) => Number.isSafeInteger(version))) return given as number[]
  throw new HttpProblem('BODY_INVALID', 'The body must be {"supportedVersions":[1,2,3]}.')
}
