// Results of queries, which are passed on as they are stored where nothing was changed: nobody may tell.

import { expect, test } from 'vitest'
import { Actor, actor, message, query } from './index.ts'
import { ActorWorld } from './testing/actor-world.ts'
import { codeOf } from './testing/code-of.ts'

test('what a query gives back is what its actor holds, whole or as a part, read for the first time or again', () => {
  @actor()
  class Shelf extends Actor {
    book: { title: string; pages?: number } = { title: 'none' }
    shelved = 0
    @message() put(book: { title: string; pages?: number }): void {
      this.book = book
      this.shelved += 1
    }
    @query() whole(): unknown {
      return this.book
    }
    @query() part(): unknown {
      return [this.book, { title: 'other', pages: this.shelved }, this.book, { ...this.book }]
    }
    @query() twice(): unknown {
      return [this.book, this.actor(Shelf, this.key).part(), this.actor(Shelf, this.key).whole()]
    }
    @query() torn(): unknown {
      const { book } = this
      book.pages = 1
      return book
    }
    @message() putAndLook(title: string): unknown {
      this.book = { title: 'x', pages: 2 }
      this.book.title = title
      return [this.actor(Shelf, this.key).whole(), this.actor(Shelf, this.key).part()]
    }
  }
  const world = new ActorWorld(Shelf)
  const book = { title: 'one', pages: 9 }
  const shelf = world.actor(Shelf, 'a')
  shelf.put(book)
  const part = (title: { title: string }, shelved: number): unknown[] => [
    title,
    { title: 'other', pages: shelved },
    title,
    title,
  ]
  expect(shelf.whole()).toEqual(book)
  expect(shelf.part()).toEqual(part(book, 1))
  expect(shelf.twice()).toEqual([book, part(book, 1), book])
  expect(codeOf(() => shelf.torn())).toBe('QUERY_WRITES')
  const second = { title: 'two', pages: 2 }
  expect(shelf.putAndLook('two')).toEqual([second, part(second, 1)])
  expect(shelf.twice()).toEqual([second, part(second, 1), second])
})
