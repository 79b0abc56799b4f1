// The reading side of frames: hands out whole payloads, and puts those together that come in parts. Parts arrive late, twice,
// out of order or never, so what it holds is bounded, and the payload that began first is given up for the newest.

import { MalformedBytes } from '@streamy-db/core'
import { decodeFrame, type Part } from './frame.ts'
import { jetstreamLimits } from './jetstream-limits.ts'

/** What an assembler has thrown away since it was made. */
export interface FrameCounts {
  /** Messages that were no frames. */
  readonly malformed: number
  /** Payloads given up because others needed the room. */
  readonly abandoned: number
}

interface Unfinished {
  readonly parts: number
  readonly bytes: number
  readonly contents: Map<number, Uint8Array>
  received: number
}

/** Puts payloads together from frames. */
export class FrameAssembler {
  /** In the order in which they began. */
  readonly #unfinished = new Map<string, Unfinished>()
  readonly #bytesMax: number
  #bytes = 0
  #malformed = 0
  #abandoned = 0

  constructor(bytesMax: number = jetstreamLimits.fragmentBytesMax) {
    this.#bytesMax = bytesMax
  }

  get counts(): FrameCounts {
    return { malformed: this.#malformed, abandoned: this.#abandoned }
  }

  /** The payloads that are whole with this frame; none when it is no frame. They may share its memory. */
  receive(bytes: Uint8Array): readonly Uint8Array[] {
    try {
      const frame = decodeFrame(bytes)
      return frame.kind === 'whole' ? frame.payloads : this.#add(frame.part)
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error
      this.#malformed += 1
      return []
    }
  }

  #add(part: Part): readonly Uint8Array[] {
    const unfinished = this.#unfinished.get(part.name) ?? this.#begin(part)
    const { contents } = unfinished
    if (part.parts !== unfinished.parts || part.bytes !== unfinished.bytes)
      throw new MalformedBytes('parts of one payload contradict each other')
    if (contents.has(part.number)) return []
    // A copy: the message it came in may be one of many in a larger buffer, which would be kept whole.
    contents.set(part.number, new Uint8Array(part.content))
    unfinished.received += part.content.length
    this.#bytes += part.content.length
    if (contents.size === part.parts) return this.#finish(part.name, unfinished)
    this.#makeRoom()
    return []
  }

  #begin({ name, parts, bytes }: Part): Unfinished {
    const unfinished = { parts, bytes, contents: new Map(), received: 0 }
    this.#unfinished.set(name, unfinished)
    return unfinished
  }

  #finish(name: string, unfinished: Unfinished): readonly Uint8Array[] {
    this.#drop(name, unfinished)
    if (unfinished.received !== unfinished.bytes) throw new MalformedBytes('the parts are not the payload they say')
    const payload = new Uint8Array(unfinished.bytes)
    let at = 0
    for (let number = 0; number < unfinished.parts; number++) {
      const content = unfinished.contents.get(number)!
      payload.set(content, at)
      at += content.length
    }
    return [payload]
  }

  #makeRoom(): void {
    for (const [name, oldest] of this.#unfinished) {
      if (this.#bytes <= this.#bytesMax && this.#unfinished.size <= jetstreamLimits.fragmentedMessagesMax) return
      this.#drop(name, oldest)
      this.#abandoned += 1
    }
  }

  #drop(name: string, unfinished: Unfinished): void {
    this.#unfinished.delete(name)
    this.#bytes -= unfinished.received
  }
}
