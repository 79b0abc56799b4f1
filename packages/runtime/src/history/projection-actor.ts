// ProjectionActor: how far a projection has come, one actor for each name. It is an ordinary actor, so what it says is as
// durable as all else, and it goes with the database wherever that goes.
//
// Whoever runs a projection claims it, and whoever claimed it last runs it: one that was paused, or cut off, learns of its
// successor when it writes down how far it is.

import { Actor, registerActor } from '@streamy-db/actors'
import type { Position } from '@streamy-db/core'

/** What a projection begins with. */
export interface ProjectionClaim {
  readonly epoch: number
  /** Everything up to here was applied; undefined when nothing was. */
  readonly position: Position | undefined
}

/** How far one projection is. */
export class ProjectionActor extends Actor {
  private epoch = 0
  private applied: Position | undefined = undefined

  /** Takes the projection over. */
  claim(): ProjectionClaim {
    this.epoch += 1
    return { epoch: this.epoch, position: this.applied }
  }

  /** Writes down how far it is; false when somebody else has claimed it since. */
  advance(epoch: number, position: Position): boolean {
    if (epoch !== this.epoch) return false
    this.applied = position
    return true
  }
}

registerActor(ProjectionActor, {
  name: 'streamy.Projection',
  internal: true,
  messages: { claim: {}, advance: {} },
})
