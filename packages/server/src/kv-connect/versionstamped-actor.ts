// VersionstampedActor: sets entries whose keys end in the version of the transaction that sets them. The version is known
// where the transaction executes and nowhere before, so it takes a handler. It has no state and leaves no actor.

import { Actor, registerActor } from '@streamy-db/actors'
import { kvInHandler, type KvKey, versionOf } from '@streamy-db/kv'

/** An entry in the making. Its key is that of no entry; any will do. */
export class VersionstampedActor extends Actor {
  /** Sets the value of the key with the version behind it; gone again after `expireIn` milliseconds. */
  set(space: string, key: KvKey, value: unknown, expireIn: number | undefined): void {
    const options = expireIn === undefined ? undefined : { expireIn }
    kvInHandler(this, space).set([...key, versionOf(this.position)], value, options)
    this.destroy()
  }
}

registerActor(VersionstampedActor, { name: 'http.Versionstamped', internal: true, messages: { set: {} }, queries: {} })
