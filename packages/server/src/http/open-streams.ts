// OpenStreams: the responses that go on for as long as a client listens, counted and bounded, and ended when the server
// closes or when a client stops taking what it is sent.

import { serverLimits } from '../limits.ts'
import { HttpProblem } from './http-problem.ts'

/** What a stream is made of. */
export interface StreamSource {
  /** What is sent, chunk by chunk; it ends when the signal says so. */
  readonly chunks: (signal: AbortSignal) => AsyncIterable<string | Uint8Array>
  /** What is sent in a silence; undefined for streams that know none. */
  readonly heartbeat: string | Uint8Array | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Ends when the client goes away. */
  readonly signal: AbortSignal
}

/** The streams of a gateway. */
export class OpenStreams {
  readonly #closing: AbortSignal
  #count = 0

  constructor(closing: AbortSignal) {
    this.#closing = closing
  }

  get count(): number {
    return this.#count
  }

  /** A response that goes on. Throws SERVER_BUSY when there are too many. */
  respond(source: StreamSource): Response {
    if (this.#count >= serverLimits.streamsMax)
      throw new HttpProblem('SERVER_BUSY', `${serverLimits.streamsMax} streams are open. Close some, or come again.`)
    this.#count += 1
    return new Response(this.#stream(source), { headers: { 'cache-control': 'no-store', ...source.headers } })
  }

  #stream({ chunks, heartbeat, signal }: StreamSource): ReadableStream<Uint8Array> {
    const ending = new AbortController()
    const sources = [signal, this.#closing]
    const end = (): void => ending.abort()
    let pulse: NodeJS.Timeout | undefined
    let stalled: NodeJS.Timeout | undefined
    let isOver = false
    const over = (): void => {
      if (isOver) return
      isOver = true
      this.#count -= 1
      clearTimeout(pulse)
      clearTimeout(stalled)
      for (const each of sources) each.removeEventListener('abort', end)
      end()
    }
    for (const each of sources) each.addEventListener('abort', end)
    if (sources.some((each) => each.aborted)) end()
    const iterator = chunks(ending.signal)[Symbol.asyncIterator]()
    const beat = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      if (heartbeat === undefined) return
      clearTimeout(pulse)
      pulse = setTimeout(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(bytesOf(heartbeat))
        beat(controller)
      }, serverLimits.streamHeartbeatMs)
    }
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          clearTimeout(stalled)
          beat(controller)
          try {
            const { done, value } = await iterator.next()
            if (done === true) {
              over()
              controller.close()
              return
            }
            beat(controller)
            // Nobody may hold the server's memory by not reading: a chunk that is not taken in time ends the stream.
            stalled = setTimeout(() => {
              over()
              controller.error(new Error('The client has not read for too long.'))
            }, serverLimits.streamStalledMs)
            controller.enqueue(bytesOf(value))
          } catch (error) {
            over()
            controller.error(error)
          }
        },
        cancel: async () => {
          over()
          await iterator.return?.()
        },
      },
      { highWaterMark: 1 },
    )
  }
}

function bytesOf(chunk: string | Uint8Array): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}
