// The actor that these tests call: it counts, alone and together with another.

import { Actor, actor, message, query } from 'streamy-db'

@actor()
export class Tally extends Actor {
  count = 0

  @message()
  add(amount: number): number {
    return (this.count += amount)
  }

  @message({ touches: (self, to: string) => [self.actor(Tally, to)] })
  move(to: string, amount: number): number {
    this.actor(Tally, to).add(amount)
    return (this.count -= amount)
  }

  @query()
  total(): number {
    return this.count
  }

  @query()
  totalWith(others: readonly string[]): number {
    return others.reduce((sum, other) => sum + this.actor(Tally, other).total(), this.count)
  }
}
