// A client that knows an actor by its type alone: `import type` and the type's name. Compiled and never run.

import type { Database } from './index.ts'
import type { StockItem } from './stock-item.test-d.ts'

declare const db: Database

export async function calls(): Promise<void> {
  const left: number = await db.actor<StockItem>('StockItem', 'tea').take(1)
  // @ts-expect-error a misspelt message
  await db.actor<StockItem>('StockItem', 'tea').tkae(1)
  // @ts-expect-error a wrong argument
  await db.actor<StockItem>('StockItem', 'tea').take('1')
  // @ts-expect-error a result that nobody has awaited
  const unawaited: number = db.actor<StockItem>('StockItem', 'tea').take(1)
  // @ts-expect-error Actor's own members are for handlers
  db.actor<StockItem>('StockItem', 'tea').destroy()
  // @ts-expect-error a type that is no actor
  db.actor<Date>('StockItem', 'tea')
  await db.transaction((tx) => void tx.actor<StockItem>('StockItem', 'tea').take(1))
  void [left, unawaited]
}

// @ts-expect-error without saying which actor it is, nothing is known of its messages
export const unknown: Promise<number> = db.actor('StockItem', 'tea').take(1)
