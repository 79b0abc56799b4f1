// Entity tags: the version of an entry, quoted; and the preconditions that name them (RFC 9110, section 13).

import type { KvVersion } from '@streamy-db/kv'
import { HttpProblem } from '../http/http-problem.ts'

/** What a request demands of the entry as it is; undefined where it demands nothing. */
export interface Preconditions {
  readonly ifMatch: TagList | undefined
  readonly ifNoneMatch: TagList | undefined
}

/** `any` entry, or one of these versions. */
export type TagList = 'any' | readonly KvVersion[]

/** The tag of a version. */
export function tagOf(version: KvVersion): string {
  return `"${version}"`
}

/** The tags of a header; undefined when it is not there. Throws PARAMETER_INVALID. */
export function tagsOf(header: string | undefined): TagList | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  if (text === '*') return 'any'
  const tags = text.split(',').map((tag) => /^(?:W\/)?"([\x21\x23-\x7e]*)"$/.exec(tag.trim())?.[1])
  if (tags.every((tag) => tag !== undefined)) return tags
  throw new HttpProblem(
    'PARAMETER_INVALID',
    `${header} is no list of entity tags. Write "VERSION", with the quotes, or *.`,
  )
}

/** Whether an entry of this version, or none, is one of the list. */
export function isAmong(tags: TagList, version: KvVersion | undefined): boolean {
  if (version === undefined) return false
  return tags === 'any' || tags.includes(version)
}

/** Whether the entry is as the preconditions demand. */
export function holds({ ifMatch, ifNoneMatch }: Preconditions, version: KvVersion | undefined): boolean {
  if (ifMatch !== undefined && !isAmong(ifMatch, version)) return false
  return ifNoneMatch === undefined || !isAmong(ifNoneMatch, version)
}
