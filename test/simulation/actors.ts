// The actors of simulated clusters: those of the clusters of processes, and two that send each other tells, at once or by
// timers, and one whose requests are sent more than once.

import { kvActors, kvLimits } from '@streamy-db/kv'
import { Actor, actor, message, query } from 'streamy-db'
import { actors as clusterActors, type Done } from '../cluster/actors.ts'

/** Takes what couriers bring. */
@actor()
export class Mailbox extends Actor {
  ids: string[] = []

  @message()
  take(id: string): void {
    this.ids.push(id)
  }

  @query()
  read(): readonly string[] {
    return this.ids
  }
}

/** Brings things to mailboxes: now, or later. */
@actor()
export class Courier extends Actor {
  /** What was delivered before it was due. */
  early: string[] = []

  @message()
  dispatch(id: string, to: string, delayMs: number): Done<null> {
    if (delayMs > 0) this.after(delayMs).deliver(id, to, this.now + delayMs)
    else this.tell(Mailbox, to).take(id)
    return { reply: null, position: this.position }
  }

  @message()
  deliver(id: string, to: string, due: number): void {
    if (this.now < due) this.early.push(id)
    this.tell(Mailbox, to).take(id)
  }

  @query()
  readEarly(): readonly string[] {
    return this.early
  }
}

/** Remembers each request that had its effect. */
@actor()
export class Effects extends Actor {
  ids: string[] = []

  @message()
  apply(id: string): Done<number> {
    this.ids.push(id)
    return { reply: this.ids.length, position: this.position }
  }

  @query()
  read(): readonly string[] {
    return this.ids
  }
}

// Some dozens of keys are to make trees of several levels, which split and merge all the time.
Object.assign(kvLimits, { indexNodeItemsMax: 4 })

export const actors = [...clusterActors, Mailbox, Courier, Effects, ...kvActors]
