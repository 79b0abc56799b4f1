// The actors of simulated clusters: those of the clusters of processes, two that send each other tells, at once or by
// timers, one whose requests are sent more than once, and those of the layers. And the errors that their clients meet.

import { documentActors, documentErrors } from '@streamy-db/documents'
import { kvActors, kvErrors } from '@streamy-db/kv'
import { Actor, actor, message, query } from 'streamy-db'
import { actors as clusterActors, InsufficientFunds, type Done } from '../cluster/actors.ts'

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

export const actors = [...clusterActors, Mailbox, Courier, Effects, ...kvActors, ...documentActors]
export const errors = [InsufficientFunds, ...kvErrors, ...documentErrors]
