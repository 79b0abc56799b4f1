// IdempotencyKeyActor: what an idempotency key was used for. It is the first call of every transaction under a key, so
// home is its partition: session and home come from the key. As long as the outcome is kept, a repeat is answered with it
// and gets nowhere near here. Whoever comes here and finds the key used has sent something else under it, or has come
// too late for the outcome; neither may run.

import { Actor, ActorError, registerActor } from '@streamy-db/actors'
import { serverLimits } from '../limits.ts'

/** A key was used before, at a position, by a request with this or another content. Nothing was run. */
export class IdempotencyKeyUsed extends ActorError<{ readonly isSame: boolean; readonly position: number }> {}

/** A key at work. */
export class IdempotencyKeyActor extends Actor {
  fingerprint = ''
  usedAt = 0

  /** Marks the key as used by a request of this content; answers the position. Throws {@link IdempotencyKeyUsed}. */
  use(fingerprint: string): number {
    if (this.usedAt !== 0)
      throw new IdempotencyKeyUsed('The idempotency key was used before.', {
        isSame: this.fingerprint === fingerprint,
        position: this.usedAt,
      })
    this.fingerprint = fingerprint
    this.usedAt = this.position
    this.after(serverLimits.idempotencyKeyKeptMs).forget()
    return this.usedAt
  }

  /** The timer: the key is new again. */
  forget(): void {
    this.destroy()
  }
}

registerActor(IdempotencyKeyActor, {
  name: 'http.IdempotencyKey',
  internal: true,
  errors: [IdempotencyKeyUsed],
  messages: { use: {}, forget: {} },
  queries: {},
})
