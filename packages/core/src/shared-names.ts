// What the transactions of one entry have in common, written once in front of them: the names that they use, and the heads
// of their requests, which are the same for all that a client submits between two answers.
//
//   varint count, names as texts; varint count, heads: varint number of the session's name, varint answeredBelow, varint seenTime
//
// A name that may not be one voids the transactions that use it, as if it stood in them.

import { ByteReader, MalformedBytes } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { limits } from './limits.ts'
import type { Request } from './transaction.ts'

/** What requests of one session share. */
export type RequestHead = Pick<Request, 'session' | 'answeredBelow' | 'seenTime'>

/** Numbers what the transactions of an entry share. */
export class SharedNamesWriter {
  readonly #names = new Map<string, number>()
  readonly #nameBytes = new ByteWriter()
  readonly #headBytes = new ByteWriter()
  #heads = 0
  #lastHead: RequestHead | undefined

  /** Bytes of all of it, within a few. */
  get length(): number {
    return this.#nameBytes.length + this.#headBytes.length + 8
  }

  name(name: string): number {
    let number = this.#names.get(name)
    if (number === undefined) {
      this.#names.set(name, (number = this.#names.size))
      this.#nameBytes.string(name)
    }
    return number
  }

  /** Requests with the same head follow each other; one that comes again later gets another number. */
  head(request: RequestHead): number {
    const { session, answeredBelow, seenTime } = request
    const last = this.#lastHead
    if (last?.answeredBelow === answeredBelow && last.seenTime === seenTime && last.session === session)
      return this.#heads - 1
    this.#lastHead = request
    this.#headBytes.varint(this.name(session))
    this.#headBytes.varint(answeredBelow)
    this.#headBytes.varint(seenTime)
    return this.#heads++
  }

  /** The bytes of all of it; the writer starts anew. */
  take(): Uint8Array {
    const out = new ByteWriter(this.length)
    out.varint(this.#names.size)
    out.bytes(this.#nameBytes.view())
    out.varint(this.#heads)
    out.bytes(this.#headBytes.view())
    this.#names.clear()
    this.#nameBytes.reset()
    this.#headBytes.reset()
    this.#heads = 0
    this.#lastHead = undefined
    return out.view()
  }
}

/** What {@link SharedNamesWriter} wrote, by number. */
export class SharedNames {
  readonly #names: readonly string[]
  readonly #heads: readonly RequestHead[]

  /** Throws {@link MalformedBytes} when `reader` does not hold it, and nothing else. */
  constructor(reader: ByteReader) {
    // Those of the sessions are among them.
    const names = reader.list(() => reader.string())
    this.#names = names
    this.#heads = reader.list(() => {
      const session = names[reader.varint()]
      if (session === undefined) throw new MalformedBytes('a session that the entry does not name')
      return { session, answeredBelow: reader.varint(), seenTime: reader.varint() }
    })
    reader.finish()
  }

  /** The name of a number. Throws {@link MalformedBytes} when there is none. */
  name(number: number): string {
    const name = this.#names[number]
    if (name === undefined) throw new MalformedBytes('a name that the entry does not hold')
    return name
  }

  /** The head of a number. Throws {@link MalformedBytes} when there is none. */
  head(number: number): RequestHead {
    const head = this.#heads[number]
    if (head === undefined) throw new MalformedBytes('a request whose head the entry does not hold')
    return head
  }
}

/** Throws {@link MalformedBytes} for what can be no name. */
export function checkedName(name: string): string {
  const fits = name.length * 3 <= limits.nameBytesMax || Buffer.byteLength(name) <= limits.nameBytesMax
  if (name.length === 0 || !fits || name.includes('\0')) throw new MalformedBytes('an empty or too long name')
  return name
}
