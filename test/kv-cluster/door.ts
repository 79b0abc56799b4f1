// An actor that uses the key-value layer in its handlers, for the tests.

import { Actor, actor, kvRef, message, reads } from 'streamy-db'

@actor()
export class Door extends Actor {
  opened = 0

  @message({ touches: (_self, badge: string) => [reads(kvRef('badges', [badge]))] })
  open(badge: string): string {
    const { value: owner } = this.kv<string>('badges').get([badge])
    if (owner === undefined) return 'no such badge'
    this.opened += 1
    return `welcome, ${owner}`
  }

  /** Reaches entries that it does not declare, and a leaf of the index. */
  @message()
  issue(badge: string, owner: string): number {
    this.kv('badges').set([badge], owner)
    return this.kv<number>('counts').sum(['issued'], 1)
  }
}
