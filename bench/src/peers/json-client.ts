// JSON over HTTP, on connections that are kept open: what a client of Restate or of a worker sends. So many calls at a time; those
// that wait for their turn too long give up, as a client with a deadline does.

import { Agent, request } from 'node:http'
import { GaveUp } from '../systems/system.ts'

interface Post {
  readonly url: string
  readonly bytes: Buffer | undefined
  readonly queuedAt: number
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

const IN_FLIGHT_MAX = 256
const PATIENCE_MS = 2000
// Less than any server keeps a connection that nobody uses.
const UNUSED_MS_MAX = 1000

/** Posts to servers on this machine. */
export class JsonClient {
  readonly #agent = new Agent({ keepAlive: true, noDelay: true, timeout: UNUSED_MS_MAX })
  readonly #queue: Post[] = []
  #inFlight = 0

  /** Resolves with the JSON of the answer, or undefined without one. Rejects with {@link GaveUp} when it was not sent. */
  post(url: string, body: unknown): Promise<unknown> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    return new Promise((resolve, reject) => {
      this.#queue.push({ url, bytes, queuedAt: performance.now(), resolve, reject })
      this.#sendNext()
    })
  }

  close(): void {
    this.#agent.destroy()
  }

  #sendNext(): void {
    while (this.#inFlight < IN_FLIGHT_MAX) {
      const post = this.#queue.shift()
      if (post === undefined) return
      if (performance.now() - post.queuedAt > PATIENCE_MS) post.reject(new GaveUp(`not sent for ${PATIENCE_MS} ms`))
      else {
        this.#inFlight += 1
        this.#send(post)
      }
    }
  }

  #send(post: Post): void {
    const { url, bytes } = post
    const headers = bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': bytes.length }
    const sent = request(url, { method: 'POST', agent: this.#agent, headers }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.once('error', (error) => this.#ended(post, error))
      answer.once('end', () => {
        const text = Buffer.concat(chunks).toString()
        const status = answer.statusCode ?? 0
        if (status < 300) this.#ended(post, text === '' ? undefined : JSON.parse(text))
        else this.#ended(post, new Error(`${url} answered ${status}: ${text.slice(0, 200)}`))
      })
    })
    sent.once('error', (error: NodeJS.ErrnoException) => {
      // The server has closed a connection that nobody used, as this was sent on it: it has not seen it.
      if (sent.reusedSocket && error.code === 'ECONNRESET') this.#send(post)
      else this.#ended(post, error)
    })
    sent.end(bytes)
  }

  #ended({ resolve, reject }: Post, outcome: unknown): void {
    this.#inFlight -= 1
    if (outcome instanceof Error) reject(outcome)
    else resolve(outcome)
    this.#sendNext()
  }
}
