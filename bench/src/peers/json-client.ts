// JSON over HTTP, on connections that are kept open: what a client of Restate or of a worker sends.

import { Agent, request } from 'node:http'
import { Turns } from './turns.ts'

const IN_FLIGHT_MAX = 256
// Less than any server keeps a connection that nobody uses.
const UNUSED_MS_MAX = 1000

/** Posts to servers on this machine. */
export class JsonClient {
  readonly #agent = new Agent({ keepAlive: true, noDelay: true, timeout: UNUSED_MS_MAX })
  readonly #turns = new Turns(IN_FLIGHT_MAX)

  /** Resolves with the JSON of the answer, or undefined without one. */
  post(url: string, body: unknown): Promise<unknown> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    return this.#turns.take(() => new Promise((resolve, reject) => this.#send(url, bytes, resolve, reject)))
  }

  close(): void {
    this.#agent.destroy()
  }

  #send(
    url: string,
    bytes: Buffer | undefined,
    resolve: (answer: unknown) => void,
    reject: (error: Error) => void,
  ): void {
    const headers = bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': bytes.length }
    const sent = request(url, { method: 'POST', agent: this.#agent, headers }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.once('error', reject)
      answer.once('end', () => {
        const text = Buffer.concat(chunks).toString()
        const status = answer.statusCode ?? 0
        if (status >= 300) reject(new Error(`${url} answered ${status}: ${text.slice(0, 200)}`))
        else resolve(text === '' ? undefined : JSON.parse(text))
      })
    })
    sent.once('error', (error: NodeJS.ErrnoException) => {
      // The server has closed a connection that nobody used, as this was sent on it: it has not seen it.
      if (sent.reusedSocket && error.code === 'ECONNRESET') this.#send(url, bytes, resolve, reject)
      else reject(error)
    })
    sent.end(bytes)
  }
}
