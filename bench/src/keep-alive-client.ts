// KeepAliveClient: connections of HTTP/1.1, each with one request at a time. It knows just enough of the protocol to measure
// a server with: responses of a known length. Node's own client would take more processor time than what it measures.

import { connect, type Socket } from 'node:net'
import type { Callable } from './closed-loop.ts'

/** What each caller sends again and again. */
export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST'
  /** May differ from one request to the next. */
  readonly path: (pick: number) => string
  readonly body?: string
  /** The status that is right. */
  readonly status: number
}

const HEAD_END = '\r\n\r\n'

/** Callers of one kind of request, a connection each. */
export class KeepAliveClient implements Callable {
  readonly #port: number
  readonly #request: HttpRequest
  readonly #idle: Connection[] = []
  readonly #all: Connection[] = []
  readonly #keys: number
  #picked = 0

  constructor(port: number, request: HttpRequest, keys: number) {
    this.#port = port
    this.#request = request
    this.#keys = keys
  }

  pick(): number {
    // Steps that share no factor with most numbers of keys, so that neighbours in time are none in the index.
    return (this.#picked += 7919) % this.#keys
  }

  async call(pick: number): Promise<number> {
    const connection = this.#idle.pop() ?? (await this.#open())
    const { method, path, body = '' } = this.#request
    const length = method === 'GET' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`
    const status = await connection.send(`${method} ${path(pick)} HTTP/1.1\r\nhost: localhost\r\n${length}\r\n${body}`)
    this.#idle.push(connection)
    return status
  }

  accept(pick: number, status: unknown): void {
    if (status === this.#request.status) return
    throw new Error(`${this.#request.method} ${this.#request.path(pick)} was answered with ${String(status)}.`)
  }

  /** Closes its connections. */
  close(): void {
    for (const connection of this.#all) connection.close()
  }

  async #open(): Promise<Connection> {
    const connection = await Connection.open(this.#port)
    this.#all.push(connection)
    return connection
  }
}

class Connection {
  readonly #socket: Socket
  #received = ''
  #waiting: { readonly resolve: (status: number) => void; readonly reject: (error: Error) => void } | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    // Every byte is a character, so lengths are lengths.
    socket.setEncoding('latin1').setNoDelay(true)
    socket.on('data', (text: string) => this.#take(text))
    socket.on('close', () => this.#waiting?.reject(new Error('The server closed a connection.')))
    socket.on('error', () => {})
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Connection(socket)))
      socket.once('error', reject)
    })
  }

  send(text: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(text)
    })
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #take(text: string): void {
    this.#received = this.#received === '' ? text : this.#received + text
    const headEnd = this.#received.indexOf(HEAD_END)
    if (headEnd < 0) return
    const length = Number(/content-length: (\d+)/i.exec(this.#received)?.[1] ?? 0)
    if (this.#received.length < headEnd + HEAD_END.length + length) return
    const status = Number(this.#received.slice(9, 12))
    this.#received = ''
    this.#waiting?.resolve(status)
  }
}
