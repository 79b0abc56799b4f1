// A nats-server under test: on loopback, on a port the system chose and that stays the same over restarts, with a
// temporary folder of its own. It is controlled by process id, and dies with the process that started it.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startWatchdog } from './watchdog.ts'
import { findNatsServer, type NatsServerBinary, type NatsServerVersion } from './nats-server-binary.ts'

/** What a server under test can be told; every value has a default. */
export interface NatsServerOptions {
  /** Default: NATS_SERVER, the one in PATH, or the oldest supported. */
  readonly version?: NatsServerVersion
  /** When the server flushes to disk: `always`, or an interval such as `2m`, the server's default. */
  readonly syncInterval?: string
  /** Bytes of one message with its headers; the server's own default of 1 MiB is too small for a log entry. */
  readonly maxPayload?: number
  /** More lines of the server's configuration. */
  readonly config?: string
  /** A whole configuration file to run with instead; ports are the test's own, and its store is $NATS_STORE_DIR. */
  readonly configFile?: string
  /** What the configuration takes from its environment. */
  readonly environment?: Readonly<Record<string, string>>
}

/** How a server is one of a cluster. */
export interface ClusterMembership {
  readonly serverName: string
  /** Where the others reach it. */
  readonly clusterPort: number
  readonly routePorts: readonly number[]
}

const MIB = 1024 * 1024
const READY_WITHIN_MS = 30_000
const STOP_WITHIN_MS = 10_000
const POLL_EVERY_MS = 20

/** Starts a server that is ready for JetStream. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const server = await NatsServer.prepare(options)
  await server.launch()
  return server
}

/** A server that was started for a test. */
export class NatsServer {
  readonly #binary: NatsServerBinary
  readonly #options: NatsServerOptions
  readonly #membership: ClusterMembership | undefined
  readonly #directory: string
  #port = -1
  #monitorPort = -1
  #process: ChildProcess | undefined
  #watchdog: ChildProcess | undefined
  #output = ''

  private constructor(
    binary: NatsServerBinary,
    options: NatsServerOptions,
    membership: ClusterMembership | undefined,
    directory: string,
  ) {
    this.#binary = binary
    this.#options = options
    this.#membership = membership
    this.#directory = directory
  }

  /** A server that has its folder and is not running yet. */
  static async prepare(options: NatsServerOptions, membership?: ClusterMembership): Promise<NatsServer> {
    const binary = await findNatsServer(options.version)
    return new NatsServer(binary, options, membership, await mkdtemp(join(tmpdir(), 'streamy-nats-')))
  }

  /** Where clients connect to. */
  get url(): string {
    // A client turns to TLS by itself where the server demands it.
    return `nats://127.0.0.1:${this.#port}`
  }

  /** Where `/healthz` and `/varz` are. */
  get monitorUrl(): string {
    return `http://127.0.0.1:${this.#monitorPort}`
  }

  get version(): string {
    return this.#binary.version
  }

  get name(): string | undefined {
    return this.#membership?.serverName
  }

  get storeDir(): string {
    return join(this.#directory, 'store')
  }

  /** The process id; undefined while it is down. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Everything it has logged, for a test that fails. */
  get output(): string {
    return this.#output
  }

  /** Starts the process and waits until it is ready, or only until it listens. */
  async launch(wait: 'ready' | 'listening' = 'ready'): Promise<void> {
    const env = { ...process.env, ...this.#options.environment, NATS_STORE_DIR: this.storeDir }
    // A group of its own: Ctrl-C at a terminal reaches the parent only, which ends its servers in order.
    const child = spawn(this.#binary.path, await this.#arguments(), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env,
      detached: true,
    })
    await once(child, 'spawn')
    this.#process = child
    this.#watchdog = startWatchdog(child.pid!)
    child.stderr?.on('data', (text: Buffer) => (this.#output += text.toString()))
    child.once('exit', () => {
      this.#watchdog?.kill('SIGKILL')
      if (this.#process === child) this.#process = undefined
    })
    if (this.#port === -1) await this.#readPorts(child)
    if (wait === 'ready') await this.ready()
  }

  /** Resolves when the server says that it is healthy, JetStream included. */
  async ready(): Promise<void> {
    await this.#poll('become ready', async () => (await fetch(`${this.monitorUrl}/healthz`)).ok)
  }

  /** Kills it as a crash would; the store stays. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Asks it to shut down; the store stays. */
  async shutDown(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Stops it where it stands. */
  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  /** Lets it go on. */
  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Starts it again, on the same port and the same store; shuts it down first when it is running. */
  async restart(): Promise<void> {
    await this.shutDown()
    await this.launch()
  }

  /** Shuts it down for good and removes what it left behind. */
  async stop(): Promise<void> {
    await this.shutDown()
    await rm(this.#directory, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    const exited = once(child, 'exit')
    // A paused process takes no other signal.
    child.kill('SIGCONT')
    child.kill(signal)
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
    await exited
    clearTimeout(force)
  }

  async #arguments(): Promise<readonly string[]> {
    const { configFile } = this.#options
    if (configFile === undefined) {
      const own = join(this.#directory, 'nats.conf')
      await writeFile(own, this.#config())
      return ['-c', own]
    }
    const ports = ['-a', '127.0.0.1', '-p', String(this.#port), '-m', String(this.#monitorPort)]
    return ['-c', configFile, ...ports, '--ports_file_dir', this.#directory]
  }

  // The system chooses the ports at the first start, and the server says which in a file.
  async #readPorts(child: ChildProcess): Promise<void> {
    const file = join(this.#directory, `nats-server_${child.pid}.ports`)
    await this.#poll('say its ports', async () => {
      const ports = JSON.parse(await readFile(file, 'utf8')) as {
        readonly nats: string[]
        readonly monitoring: string[]
      }
      this.#port = portOf(ports.nats[0])
      this.#monitorPort = portOf(ports.monitoring[0])
      return true
    })
  }

  async #poll(what: string, attempt: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS
    while (!(await attempt().catch(() => false))) {
      if (this.#process === undefined || performance.now() > deadline)
        throw new Error(`nats-server ${this.version} did not ${what}:\n${this.#output}`)
      await delay(POLL_EVERY_MS)
    }
  }

  #config(): string {
    const { maxPayload = 2 * MIB, syncInterval, config = '' } = this.#options
    return [
      `listen: "127.0.0.1:${this.#port}"`,
      `http: "127.0.0.1:${this.#monitorPort}"`,
      `ports_file_dir: ${JSON.stringify(this.#directory)}`,
      `max_payload: ${maxPayload}`,
      'jetstream {',
      `  store_dir: ${JSON.stringify(this.storeDir)}`,
      '  max_file_store: 64GB',
      ...(syncInterval === undefined ? [] : [`  sync_interval: ${syncInterval}`]),
      '}',
      ...clusterLines(this.#membership),
      config,
      '',
    ].join('\n')
  }
}

function clusterLines(membership: ClusterMembership | undefined): readonly string[] {
  if (membership === undefined) return []
  const routes = membership.routePorts.map((port) => `"nats://127.0.0.1:${port}"`)
  return [
    `server_name: ${membership.serverName}`,
    'cluster {',
    '  name: streamy-test',
    `  listen: "127.0.0.1:${membership.clusterPort}"`,
    `  routes: [${routes.join(', ')}]`,
    '}',
  ]
}

function portOf(url: string | undefined): number {
  const port = /:(\d+)\/?$/.exec(url ?? '')?.[1]
  if (port === undefined) throw new Error(`nats-server listens on ${url}, which names no port`)
  return Number(port)
}
