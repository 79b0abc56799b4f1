// Transactions under an idempotency key: each happens once, however often it is sent, and a repeat is answered as the
// first was, also after a restart of whatever has answered it.

import { createHash } from 'node:crypto'
import { actorRef, type Call, limits, type Position, StreamyError } from '@streamy-db/core'
import { Collection, defineCollection } from '@streamy-db/documents'
import { type Kv, kvSpace } from '@streamy-db/kv'
import { type Database, type Executed, layerPort, layerPortOf, type LayerPort } from '@streamy-db/runtime'
import { HttpProblem } from '../http/http-problem.ts'
import type { RouteRequest } from '../http/route-request.ts'
import { serverLimits } from '../limits.ts'
import { IdempotencyKeyUsed } from './idempotency-key-actor.ts'

/** What a key and a request come to. */
export interface Once {
  /** Names the key: a digest of it and of who has sent it. */
  readonly name: string
  /** Of what was sent. */
  readonly fingerprint: string
}

/** What a request's idempotency key names; undefined when it has none. Throws IDEMPOTENCY_KEY_INVALID. */
export function onceOf(request: RouteRequest, body: Uint8Array): Once | undefined {
  const key = request.header('idempotency-key')
  if (key === undefined) return undefined
  if (key.length > serverLimits.idempotencyKeyLengthMax || !/^[\x21-\x7e]+$/.test(key))
    throw new HttpProblem(
      'IDEMPOTENCY_KEY_INVALID',
      `An idempotency key has 1 to ${serverLimits.idempotencyKeyLengthMax} visible ASCII characters. Use a UUID.`,
    )
  return {
    name: digest(request.principal.name, key),
    fingerprint: digest(
      request.method,
      request.target,
      request.header('if-match'),
      request.header('if-none-match'),
      body,
    ),
  }
}

/** Runs calls as one transaction, once. Rejects with IDEMPOTENCY_KEY_REUSED and IDEMPOTENCY_OUTCOME_GONE. */
export async function executeOnce(port: LayerPort, once: Once, calls: readonly Call[]): Promise<Executed> {
  const { name, fingerprint } = once
  if (calls.length >= limits.callsPerTransactionMax)
    throw new StreamyError(
      'TRANSACTION_INVALID',
      `Under an idempotency key a transaction has at most ${limits.callsPerTransactionMax - 1} operations. Split it.`,
    )
  const use: Call = { ref: actorRef('http.IdempotencyKey', name), message: 'use', args: [fingerprint] }
  try {
    const { results } = await port.execute([use, ...calls], { idempotencyKey: `${name}/${fingerprint}` })
    // What the message `use` returns: the position of the first time, which a repeat is answered with too.
    return { results: results.slice(1), position: results[0] as Position }
  } catch (error) {
    throw error instanceof IdempotencyKeyUsed ? usedBefore(error) : error
  }
}

/** A space whose transaction happens once. Make one for each request. */
export function kvOnce(db: Database, space: string, once: Once): Kv {
  return kvSpace(databaseOnce(db, once), space)
}

/** A collection whose write happens once; for writes only. Make one for each request. */
export function collectionOnce(db: Database, name: string, once: Once): Collection {
  return new Collection(databaseOnce(db, once), defineCollection(name), true)
}

function databaseOnce(db: Database, once: Once): Database {
  const port = layerPortOf(db)
  const keyed: Pick<LayerPort, 'partitions' | 'execute' | 'query'> = {
    partitions: port.partitions,
    execute: (calls) => executeOnce(port, once, calls),
    query: (calls) => port.query(calls),
  }
  // Gets, writes and transactions of a space, and writes of a collection, use these members of the port, and nothing else
  // of the database.
  return { [layerPort]: keyed } as unknown as Database
}

function usedBefore({ data }: IdempotencyKeyUsed): HttpProblem {
  if (!data.isSame)
    return new HttpProblem(
      'IDEMPOTENCY_KEY_REUSED',
      'The idempotency key was used by another request. Nothing was done; use a key of its own for each request.',
    )
  return new HttpProblem(
    'IDEMPOTENCY_OUTCOME_GONE',
    `The request was done before, at position ${data.position}, and was not done again; its answer is not kept any more.`,
  )
}

function digest(...parts: readonly (string | Uint8Array | undefined)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    hash.update(`${bytes?.length ?? 'none'}:`)
    if (bytes !== undefined) hash.update(bytes)
  }
  return hash.digest('hex').slice(0, 40)
}
