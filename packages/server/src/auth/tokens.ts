// Tokens: who may do what. A token is a secret text with rights; the server knows a digest of it and forgets the text.

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { StreamyError } from '@streamy-db/core'
import { serverLimits } from '../limits.ts'

/** What a token may do. `metrics` is to see `/metrics`. */
export type Right = 'read' | 'write' | 'metrics'

/** A token as it is configured. */
export interface TokenOptions {
  /** Who it belongs to: for logs, and to tell apart what idempotency keys name. */
  readonly name: string
  /** The secret itself; or, better, its SHA-256 in hexadecimal. */
  readonly token?: string
  readonly sha256?: string
  readonly rights: readonly Right[]
  /** Key-value spaces that it may use: names, `app-*` for those that begin so, `*` for all. None if left out. */
  readonly spaces?: readonly string[]
  /** Collections of documents that it may use, in the same way. */
  readonly collections?: readonly string[]
  /** Types of actors that it may call, in the same way. */
  readonly actors?: readonly string[]
}

/** Who makes a request. */
export interface Principal {
  readonly name: string
  has(right: Right): boolean
  maySpace(space: string): boolean
  mayCollection(collection: string): boolean
  mayActor(type: string): boolean
}

/** Whoever connects, where nothing is asked of them. */
export const everyone: Principal = {
  name: '',
  has: () => true,
  maySpace: () => true,
  mayCollection: () => true,
  mayActor: () => true,
}

const rights: ReadonlySet<string> = new Set<Right>(['read', 'write', 'metrics'])
const members: ReadonlySet<string> = new Set(['name', 'token', 'sha256', 'rights', 'spaces', 'collections', 'actors'])

interface Known {
  readonly digest: Buffer
  readonly principal: Principal
}

/** The tokens of a server. */
export class Tokens {
  // Digests are found under a key of this process, so how long that takes tells nothing about any token.
  readonly #key = randomBytes(32)
  readonly #known = new Map<string, Known>()

  /** Throws OPTIONS_INVALID. */
  constructor(options: readonly TokenOptions[]) {
    if (options.length === 0 || options.length > serverLimits.tokensMax)
      throw invalid(`There are ${options.length} tokens. Give 1 to ${serverLimits.tokensMax}.`)
    for (const [index, each] of options.entries()) this.#add(each, `token ${index + 1}`)
  }

  /** Who a secret belongs to; undefined for nobody. */
  find(secret: string): Principal | undefined {
    const digest = sha256(secret)
    const known = this.#known.get(this.#place(digest))
    return known !== undefined && timingSafeEqual(known.digest, digest) ? known.principal : undefined
  }

  #add(options: TokenOptions, label: string): void {
    checkToken(options, label)
    const digest = options.sha256 === undefined ? sha256(options.token!) : Buffer.from(options.sha256, 'hex')
    const place = this.#place(digest)
    if (this.#known.has(place)) throw invalid(`The ${label} (${options.name}) is the same secret as another.`)
    this.#known.set(place, { digest, principal: principalOf(options) })
  }

  #place(digest: Buffer): string {
    return createHmac('sha256', this.#key).update(digest).digest('base64')
  }
}

/** The tokens that a JSON text lists, as a file or an environment variable holds it. Throws OPTIONS_INVALID. */
export function parseTokens(text: string): readonly TokenOptions[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // What a parser says of the text might show a secret.
    throw invalid('The tokens are no JSON. Write {"tokens":[{"name":…,"sha256":…,"rights":["read"],"spaces":["*"]}]}.')
  }
  const tokens = typeof json === 'object' && json !== null ? (json as { readonly tokens?: unknown }).tokens : undefined
  if (!Array.isArray(tokens)) throw invalid('The tokens are no list: {"tokens":[…]}.')
  // Each is checked when it is added.
  return tokens as readonly TokenOptions[]
}

function principalOf({ name, rights: given, spaces = [], collections = [], actors = [] }: TokenOptions): Principal {
  const has = new Set<Right>(given)
  return {
    name,
    has: (right) => has.has(right),
    maySpace: (space) => matches(spaces, space),
    mayCollection: (collection) => matches(collections, collection),
    mayActor: (type) => matches(actors, type),
  }
}

function matches(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name))
}

function checkToken(options: TokenOptions, label: string): void {
  if (typeof options !== 'object' || options === null) throw invalid(`The ${label} is no object.`)
  const unknown = Object.keys(options).find((name) => !members.has(name))
  if (unknown !== undefined)
    throw invalid(`The ${label} has a member ${unknown}. It may have ${[...members].join(', ')}.`)
  const { name, token, sha256: digest, rights: given, spaces = [], collections = [], actors = [] } = options
  if (typeof name !== 'string' || name === '') throw invalid(`The ${label} has no name.`)
  if ((token === undefined) === (digest === undefined))
    throw invalid(`The ${label} (${name}) needs a token or its sha256.`)
  if (
    token !== undefined &&
    (typeof token !== 'string' || token.length < secretLengthMin || !/^[\x21-\x7e]*$/.test(token))
  )
    throw invalid(
      `The ${label} (${name}) must have ${secretLengthMin} visible ASCII characters or more: openssl rand -hex 32`,
    )
  if (digest !== undefined && !(typeof digest === 'string' && /^[0-9a-f]{64}$/i.test(digest)))
    throw invalid(`The sha256 of the ${label} (${name}) is no SHA-256: printf %s "$TOKEN" | sha256sum`)
  if (!Array.isArray(given) || given.length === 0 || !given.every((right) => rights.has(right)))
    throw invalid(`The rights of the ${label} (${name}) must be some of ${[...rights].join(', ')}.`)
  for (const [what, patterns] of Object.entries({ spaces, collections, actors }))
    if (!Array.isArray(patterns) || !patterns.every((pattern) => typeof pattern === 'string'))
      throw invalid(`The ${what} of the ${label} (${name}) must be a list of names: ["settings"], or ["*"].`)
}

const secretLengthMin = 16

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function invalid(message: string): StreamyError {
  return new StreamyError('OPTIONS_INVALID', message)
}
