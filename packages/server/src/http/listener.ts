// Listener: one port for HTTP/1.1 and for HTTP/2 with prior knowledge, told apart by how a connection begins. HTTP/2 says
// so with a preface of 24 bytes that is no request of HTTP/1.1.
//
//   connection --first bytes--> HTTP/1.1 server --.
//                   '---------> HTTP/2 server -----+--> one request listener

import { once } from 'node:events'
import {
  createServer as createHttp1Server,
  type IncomingMessage,
  type Server,
  type ServerOptions as Http1Options,
  type ServerResponse,
} from 'node:http'
import {
  createServer as createHttp2Server,
  Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { StreamyError } from '@streamy-db/core'
import { serverLimits } from '../limits.ts'

/** Answers requests of both protocols. */
export type RequestListener = (
  incoming: IncomingMessage | Http2ServerRequest,
  outgoing: ServerResponse | Http2ServerResponse,
) => unknown

/** Where to listen. */
export interface ListenOptions {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
}

/** How long connections may take; see `serverLimits`. */
export interface ListenerTiming {
  readonly headersWithinMs: number
  readonly requestWithinMs: number
  readonly closeWithinMs: number
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** A port that is served. */
export class Listener {
  readonly #http1: Server
  readonly #http2: ReturnType<typeof createHttp2Server>
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #sockets = new Set<Socket>()
  #closing: Promise<void> | undefined

  readonly #timing: ListenerTiming

  constructor(onRequest: RequestListener, timing: ListenerTiming = serverLimits) {
    this.#timing = timing
    const listener = answeredTogether(onRequest)
    this.#http1 = createHttp1Server(http1Options(timing), listener)
    this.#http1.maxConnections = serverLimits.connectionsMax
    this.#http2 = createHttp2Server(http2Options, listener)
    this.#http2.on('session', (session) => this.#keep(session))
    this.#divide()
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size
  }

  /** Begins to listen; answers on which port. Rejects with SERVER_UNAVAILABLE when the address cannot be had. */
  listen({ host, port }: ListenOptions): Promise<number> {
    return new Promise((resolve, reject) => {
      const refuse = (cause: Error): void => reject(addressRefused(host, port, cause))
      this.#http1.once('error', refuse)
      this.#http1.listen({ host, port }, () => {
        this.#http1.off('error', refuse)
        // A server that listens on TCP has an address of this form.
        resolve((this.#http1.address() as AddressInfo).port)
      })
    })
  }

  /** Takes no more connections, lets requests under way end for a while, and closes what is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http1.close(() => resolve()))
    for (const session of this.#sessions) session.close()
    const late = setTimeout(() => {
      for (const session of this.#sessions) session.destroy()
      for (const socket of this.#sockets) socket.destroy()
    }, this.#timing.closeWithinMs)
    await closed
    await this.#allGone()
    clearTimeout(late)
  }

  // The server says that it is closed a moment before the last of its sockets does.
  async #allGone(): Promise<void> {
    while (this.#sockets.size > 0) {
      const [socket] = this.#sockets
      await once(socket!, 'close')
    }
  }

  // The server of HTTP/1.1 owns the port, and gets its connections once it is known that they are its own.
  #divide(): void {
    const [serveHttp1] = this.#http1.listeners('connection') as [(this: Server, socket: Socket) => void]
    this.#http1.off('connection', serveHttp1)
    this.#http1.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      tellApart(socket, this.#timing.headersWithinMs, (isHttp2) => {
        if (isHttp2) {
          // The server of HTTP/1.1 answers clients that have ended their side; here that is the end of the connection.
          socket.allowHalfOpen = false
          this.#http2.emit('connection', socket)
          return
        }
        serveHttp1.call(this.#http1, socket)
        socket.resume()
      })
    })
  }

  #keep(session: ServerHttp2Session): void {
    this.#sessions.add(session)
    session.setTimeout(serverLimits.keepAliveMs, () => session.close())
    session.once('close', () => this.#sessions.delete(session))
    // What goes wrong on a connection ends it; whoever waited on one of its streams is told there.
    session.on('error', () => {})
  }
}

// Requests that have arrived together are answered together, behind the last of them. A response to a client that sleeps wakes
// it, which may cost more than all else about a request; one answer after the other, each would find it asleep again.
function answeredTogether(onRequest: RequestListener): RequestListener {
  let arrived: Parameters<RequestListener>[] = []
  const answerAll = (): void => {
    const requests = arrived
    arrived = []
    for (const [incoming, outgoing] of requests)
      if (!incoming.destroyed && !outgoing.destroyed) onRequest(incoming, outgoing)
  }
  return (incoming, outgoing) => {
    if (arrived.push([incoming, outgoing]) === 1) setImmediate(answerAll)
  }
}

function http1Options({ headersWithinMs, requestWithinMs }: ListenerTiming): Http1Options {
  return {
    maxHeaderSize: serverLimits.headerBytesMax,
    headersTimeout: headersWithinMs,
    requestTimeout: requestWithinMs,
    keepAliveTimeout: serverLimits.keepAliveMs,
    // How often it is looked for connections that take too long.
    connectionsCheckingInterval: Math.min(1000, headersWithinMs),
    noDelay: true,
  }
}

const http2Options = {
  maxSessionMemory: serverLimits.http2SessionMemoryMb,
  settings: {
    maxConcurrentStreams: serverLimits.requestsPerConnectionMax,
    maxHeaderListSize: serverLimits.headerBytesMax,
    enablePush: false,
  },
}

// Calls back once, with the socket paused and its first bytes put back. One that says nothing in time is closed.
function tellApart(socket: Socket, withinMs: number, decided: (isHttp2: boolean) => void): void {
  let head: Buffer | undefined
  const late = setTimeout(() => socket.destroy(), withinMs)
  const ignore = (): void => {}
  const take = (chunk: Buffer): void => {
    head = head === undefined ? chunk : Buffer.concat([head, chunk])
    const seen = Math.min(head.length, preface.length)
    const isLike = head.compare(preface, 0, seen, 0, seen) === 0
    if (isLike && seen < preface.length) return
    stop()
    socket.pause()
    socket.unshift(head)
    decided(isLike)
  }
  const stop = (): void => {
    clearTimeout(late)
    socket.off('data', take).off('close', stop).off('error', ignore)
  }
  socket.on('data', take).on('close', stop).on('error', ignore)
}

function addressRefused(host: string, port: number, cause: Error): StreamyError {
  return new StreamyError(
    'SERVER_UNAVAILABLE',
    `The server cannot listen on ${host}:${port}: ${cause.message}. Choose another port, or stop what uses it.`,
    { cause },
  )
}
