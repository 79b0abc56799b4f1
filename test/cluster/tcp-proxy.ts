// TcpProxy: a network that can fail between a process and a server, on loopback: connections through it can be cut, or let
// nothing through in one direction or in both while they stay open.

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** What does not get through: what the one that connects says, or what the server says. */
export type Direction = 'to-server' | 'from-server' | 'both'

interface Link {
  readonly near: Socket
  readonly far: Socket
}

/** One proxy, in front of one server. */
export class TcpProxy {
  readonly #server: Server
  readonly #links = new Set<Link>()
  #blocked: Direction | undefined

  private constructor(server: Server) {
    this.#server = server
  }

  /** Starts a proxy on a free port in front of `url`, as `nats://host:port`. */
  static async start(url: string): Promise<TcpProxy> {
    const { hostname, port } = new URL(url)
    const server = createServer()
    const proxy = new TcpProxy(server)
    server.on('connection', (near) => proxy.#link(near, connect(Number(port), hostname)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  /** Where to connect to instead of the server. */
  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Lets nothing through any more in that direction, on open connections and on new ones. */
  block(direction: Direction): void {
    this.#blocked = direction
    for (const link of this.#links) this.#gate(link)
  }

  /** Lets everything through again, what was held up included. */
  unblock(): void {
    this.#blocked = undefined
    for (const link of this.#links) this.#gate(link)
  }

  /** Cuts all connections that are open. */
  cut(): void {
    for (const { near, far } of this.#links) {
      near.destroy()
      far.destroy()
    }
  }

  async close(): Promise<void> {
    this.cut()
    await once(this.#server.close(), 'close')
  }

  #link(near: Socket, far: Socket): void {
    const link = { near, far }
    this.#links.add(link)
    const end = (): void => {
      this.#links.delete(link)
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
    }
    pass(near, far)
    pass(far, near)
    this.#gate(link)
  }

  #gate({ near, far }: Link): void {
    hold(near, this.#blocked === 'to-server' || this.#blocked === 'both')
    hold(far, this.#blocked === 'from-server' || this.#blocked === 'both')
  }
}

// Not a pipe, which would let a held socket flow again by itself.
function pass(from: Socket, to: Socket): void {
  from.on('data', (bytes) => void to.write(bytes))
  from.on('end', () => to.end())
}

function hold(socket: Socket, held: boolean): void {
  if (held) socket.pause()
  else socket.resume()
}
