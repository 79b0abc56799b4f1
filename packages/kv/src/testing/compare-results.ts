// Compares what a transaction came to with what the model says.

import { expect } from 'vitest'
import { KvTypeMismatch } from '../kv-errors.ts'
import type { KvTransactionResult } from '../kv-transaction-data.ts'
import type { ModelResult } from './kv-model.ts'

/** Expects the same; `simplified` is applied to both. */
export function compareResults(
  result: KvTransactionResult | 'mismatch',
  expected: ModelResult,
  simplified: (value: unknown) => unknown,
): void {
  if (result === 'mismatch') return expect(expected).toBe('mismatch')
  if (result.ok) {
    const gets = result.gets.map((get) => ('entries' in get ? get.entries : get))
    return expect(simplified({ ok: true, gets })).toEqual(simplified(expected))
  }
  const { index, entry, count } = result.failed
  expect(simplified({ ok: false, index, entry, count })).toEqual(simplified(expected))
}

/** The result of a transaction, and of one that met a value of another kind. */
export async function caught(result: Promise<KvTransactionResult>): Promise<KvTransactionResult | 'mismatch'> {
  try {
    return await result
  } catch (error) {
    if (error instanceof KvTypeMismatch) return 'mismatch'
    throw error
  }
}

/** The clock of a test moves a little at each look, so the model knows times of expiry only roughly. */
export function withoutExpiry(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutExpiry)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'expiresAt')
      .map(([name, inner]) => [name, withoutExpiry(inner)]),
  )
}
