// UniqueEntry: one key of one unique index, and the document that has it. It is there exactly as long as a document does.

import { Actor, registerActor } from '@streamy-db/actors'

/** An entry of a unique index; documents are named by the text of their ids. */
export class UniqueEntry extends Actor {
  owner: string | undefined = undefined

  /** Takes the key for a document; answers whose it is, which is another's when it was taken. */
  claim(idText: string): string {
    this.owner ??= idText
    return this.owner
  }

  /** Gives the key up, if it is the document's. */
  release(idText: string): void {
    if (this.owner === undefined || this.owner === idText) this.destroy()
  }

  /** The index is gone. */
  clear(): void {
    this.destroy()
  }

  /** Whose it is. */
  get(): string | undefined {
    return this.owner
  }
}

registerActor(UniqueEntry, {
  name: 'doc.Unique',
  messages: { claim: {}, release: {}, clear: {} },
  queries: { get: {} },
})
