// A peer's server: a process on loopback that was started for a run, is controlled by its process id, and dies with this one.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { startWatchdog } from '@streamy-db/jetstream/testing'

/** How to run a server. */
export interface ServerCommand {
  /** What messages call it. */
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly directory: string
  /** Another user, for servers that refuse to be root's. */
  readonly userId?: number
}

const READY_WITHIN_MS = 30_000
const STOP_WITHIN_MS = 10_000
const POLL_EVERY_MS = 50
const OUTPUT_MAX = 4000

/** A running server. */
export class ServerProcess {
  readonly #name: string
  readonly #process: ChildProcess
  readonly #watchdog: ChildProcess
  #output = ''

  /** Starts it; resolves when `isReady` has resolved without being refused. */
  static async start(command: ServerCommand, isReady: () => Promise<unknown>): Promise<ServerProcess> {
    const { name, file, args, directory, environment, userId } = command
    const child = spawn(file, args, {
      cwd: directory,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C at a terminal reaches this process only, which ends its servers in order.
      detached: true,
      ...(userId === undefined ? {} : { uid: userId, gid: userId }),
    })
    await once(child, 'spawn')
    const server = new ServerProcess(name, child)
    try {
      await server.#untilReady(isReady)
    } catch (error) {
      await server.stop()
      throw error
    }
    return server
  }

  private constructor(name: string, child: ChildProcess) {
    this.#name = name
    this.#process = child
    // Its whole group, because servers fork.
    this.#watchdog = startWatchdog(-child.pid!)
    const keep = (text: Buffer): void => void (this.#output = (this.#output + text.toString()).slice(-OUTPUT_MAX))
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.once('exit', () => this.#watchdog.kill('SIGKILL'))
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** Ends it: with `signal`, and by force when that takes too long. */
  async stop(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<void> {
    if (this.#hasEnded()) return
    const ended = once(this.#process, 'exit')
    this.#process.kill(signal)
    const force = setTimeout(() => this.#process.kill('SIGKILL'), STOP_WITHIN_MS)
    await ended
    clearTimeout(force)
  }

  async #untilReady(isReady: () => Promise<unknown>): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS
    for (;;) {
      const refused = await isReady().then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      )
      if (refused === undefined) return
      if (this.#hasEnded() || performance.now() > deadline)
        throw new Error(`${this.#name} did not become ready: ${refused.message}\n${this.#output}`, { cause: refused })
      await delay(POLL_EVERY_MS)
    }
  }

  #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
