// The actor that type-only.test-d.ts knows by its type alone.

import { Actor, actor, message } from './index.ts'

@actor()
export class StockItem extends Actor {
  count = 0

  @message()
  take(count: number): number {
    return (this.count -= count)
  }
}
