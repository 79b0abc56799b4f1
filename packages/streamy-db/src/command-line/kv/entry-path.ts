// Addresses of entries and ranges, from what a command was given.

import { UsageError } from '../command.ts'
import type { CommandInput } from '../command.ts'

/** The address of a space. */
export function spacePath(space: string): string {
  return `/v1/kv/${encodeURIComponent(space)}`
}

/** The address of an entry. A key is parts with slashes between them, or a JSON list. */
export function entryPath(space: string, key: string | undefined): string {
  if (key === undefined || key === '') throw new UsageError('Say which key: users/ada, or \'["users",42]\'')
  const segments = key.startsWith('[') ? listOf(key).map(segmentOf) : key.split('/')
  return `${spacePath(space)}/${segments.map(encodeURIComponent).join('/')}`
}

/** Parameters of a query, from options of the same names. */
export function parametersOf(values: CommandInput['values'], names: readonly string[]): URLSearchParams {
  const parameters = new URLSearchParams()
  for (const name of names) {
    const value = values[name]
    // Options are texts and flags.
    if (typeof value === 'string' || typeof value === 'boolean') parameters.set(name, `${value}`)
  }
  return parameters
}

function listOf(text: string): unknown[] {
  try {
    // It begins as a list does, and is one or fails.
    return JSON.parse(text) as unknown[]
  } catch {
    throw new UsageError(`${text} begins like a JSON list and is none: write '["users",42]'`)
  }
}

function segmentOf(part: unknown): string {
  if (typeof part === 'string') return `~s${part}`
  if (typeof part === 'number' || typeof part === 'boolean') return `~${part}`
  const { $bigint, $bytes } = (part ?? {}) as { readonly $bigint?: unknown; readonly $bytes?: unknown }
  if (typeof $bigint === 'string') return `~${$bigint}n`
  if (typeof $bytes === 'string') return `~x${Buffer.from($bytes, 'base64').toString('hex')}`
  throw new UsageError(
    `${JSON.stringify(part)} is no part of a key: texts, numbers, true, false, {"$bigint":"5"}, {"$bytes":"AP8="}`,
  )
}
