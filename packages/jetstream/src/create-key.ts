// Makes keys by which users prove to a server who they are. The secret half, the seed, stays with the user; the servers know
// the public half only.

import { nkeys } from 'nats'

/** An nkey of a user. */
export interface UserKey {
  /** Secret: the option `nkeySeed` of a connection. */
  readonly seed: string
  /** For the servers' configuration. */
  readonly publicKey: string
}

/** A new key. */
export function createKey(): UserKey {
  const pair = nkeys.createUser()
  return { seed: new TextDecoder().decode(pair.getSeed()), publicKey: pair.getPublicKey() }
}
