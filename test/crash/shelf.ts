// An actor that holds one value: what fills a disk.

import { Actor, actor, message, query } from 'streamy-db'

@actor('CrashShelf')
export class Shelf extends Actor {
  content = ''

  @message()
  put(content: string): void {
    this.content = content
  }

  @query()
  size(): number {
    return this.content.length
  }
}
