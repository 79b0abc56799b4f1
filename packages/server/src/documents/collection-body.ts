// Bodies of requests to collections: which members they may have, and of what types. What filters, updates and documents
// hold is for the layer to check.

import { HttpProblem } from '../http/http-problem.ts'
import { jsonOf } from '../http/request-body.ts'
import { fromTypedJson } from '../json/typed-json.ts'
import { queryOfJson } from '../json/query-json.ts'

/** What a member of a body is. */
export type MemberKind = 'query' | 'list' | 'documents' | 'text' | 'count' | 'flag'

const descriptions: Readonly<Record<MemberKind, string>> = {
  query: 'an object',
  list: 'a list',
  documents: 'a list of documents',
  text: 'text',
  count: 'a whole number from 0 on',
  flag: 'true or false',
}

/** The members of a body. Throws BODY_INVALID for one that is unknown or of another kind. */
export function membersOf<Name extends string>(
  body: Buffer,
  kinds: Readonly<Record<Name, MemberKind>>,
): Readonly<Partial<Record<Name, unknown>>> {
  const json = jsonOf(body)
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new HttpProblem('BODY_INVALID', `The body is no object. It may have ${Object.keys(kinds).join(', ')}.`)
  const members: Partial<Record<Name, unknown>> = {}
  for (const [name, value] of Object.entries(json)) {
    if (!Object.hasOwn(kinds, name))
      throw new HttpProblem(
        'BODY_INVALID',
        `The body has a member ${name}. It may have ${Object.keys(kinds).join(', ')}.`,
      )
    // Just checked to be one of them.
    members[name as Name] = memberOf(name, value, kinds[name as Name])
  }
  return members
}

function memberOf(name: string, value: unknown, kind: MemberKind): unknown {
  if (!isOf(kind, value)) throw new HttpProblem('BODY_INVALID', `The member ${name} is not ${descriptions[kind]}.`)
  if (kind === 'documents') return (value as readonly unknown[]).map((document) => fromTypedJson(document))
  return kind === 'query' || kind === 'list' ? queryOfJson(value) : value
}

function isOf(kind: MemberKind, value: unknown): boolean {
  switch (kind) {
    case 'query':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'list':
    case 'documents':
      return Array.isArray(value)
    case 'text':
      return typeof value === 'string'
    case 'count':
      return Number.isSafeInteger(value) && Number(value) >= 0
    default:
      return typeof value === 'boolean'
  }
}
