// Fleet: a whole cluster as processes on this machine: nats-servers, workers and clients, with one temporary folder for
// everything they write. Whatever happens to whoever started it, nothing of it stays.

import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  startNatsCluster,
  startNatsServer,
  type NatsServer,
  type NatsServerVersion,
} from '@streamy-db/jetstream/testing'
import { connect, type ClusterDatabase } from 'streamy-db'
import { Account, actors } from './actors.ts'
import type { ClientReport, ReportedView, WorkerReport } from './child-report.ts'
import { ChildProgram } from './child-program.ts'
import type { ClientProcessOptions } from './client.ts'
import type { LoadOptions } from './load.ts'
import { LogObserver } from './log-observer.ts'
import type { WorkerProcessOptions } from './worker.ts'
import { accountsOf, openingBalance } from './workloads.ts'

/** What a fleet is made of at first. */
export interface FleetOptions {
  readonly servers: 1 | 3
  readonly version?: NatsServerVersion
  readonly partitions: number
  /** Options that all workers have. */
  readonly worker?: Partial<WorkerProcessOptions['worker']>
  /** Where workers and clients connect to, when it is not the servers themselves: something between them. */
  readonly through?: (urls: readonly string[]) => Promise<readonly string[]>
  /** Told what workers say. */
  readonly onEvent?: (line: string) => void
}

/** How one worker differs. */
export interface WorkerStart {
  readonly code?: WorkerProcessOptions['code']
  /** Without a directory, every start begins at a checkpoint or at the beginning of the log. */
  readonly directory?: false
  readonly servers?: readonly string[]
}

/** How one client behaves. */
export type ClientStart = Pick<LoadOptions, 'lanes'> & {
  readonly seed: string
  readonly thinkMs?: number
  readonly deadlineMs?: number
  readonly classes?: boolean
  readonly servers?: readonly string[]
}

export type WorkerChild = ChildProgram<WorkerReport>
export type ClientChild = ChildProgram<ClientReport>
export type CallerError = Extract<ClientReport, { readonly kind: 'error' }>

/** The database of every fleet; each has servers of its own. */
export const databaseName = 'bank'

/** Between two looks at who leads the log, which the servers tell nobody by themselves. */
const LEADER_LOOK_MS = 100

/** A cluster that runs. */
export class Fleet {
  readonly servers: readonly NatsServer[]
  readonly directory: string
  readonly workers = new Map<string, WorkerChild>()
  readonly clients = new Map<string, ClientChild>()
  /** The errors that have reached callers. */
  readonly errors: CallerError[] = []
  readonly #latenciesUs: number[] = []
  readonly #options: FleetOptions
  readonly #urls: readonly string[]
  readonly #starts = new Map<string, WorkerStart>()
  readonly #started = new Set<ChildProgram<WorkerReport> | ChildProgram<ClientReport>>()
  readonly #watchers = new Set<() => void>()
  #view: ReportedView = { number: -1, members: [], owners: [] }
  #observer: LogObserver | undefined

  private constructor(
    options: FleetOptions,
    directory: string,
    servers: readonly NatsServer[],
    urls: readonly string[],
  ) {
    this.#options = options
    this.directory = directory
    this.servers = servers
    this.#urls = urls
  }

  /** Starts the servers. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const version = options.version === undefined ? {} : { version: options.version }
    const servers =
      options.servers === 1
        ? [await startNatsServer(version)]
        : (await startNatsCluster({ servers: options.servers, placeable: true, ...version })).servers
    const directory = await mkdtemp(join(tmpdir(), 'streamy-fleet-'))
    await mkdir(join(directory, 'histories'))
    const urls = servers.map(({ url }) => url)
    return new Fleet(options, directory, servers, (await options.through?.(urls)) ?? urls)
  }

  /** Where histories are. */
  get histories(): string {
    return join(this.directory, 'histories')
  }

  /** The newest view that any worker has read. */
  get view(): ReportedView {
    return this.#view
  }

  /** Where workers and clients connect to. */
  get urls(): readonly string[] {
    return this.#urls
  }

  /** Where a worker keeps its state. */
  directoryOf(worker: string): string {
    return join(this.directory, worker)
  }

  /** Starts a worker's process; it is ready once it has said so. */
  launchWorker(name: string, start: WorkerStart = {}): WorkerChild {
    const { partitions, servers, worker } = this.#options
    const options: WorkerProcessOptions = {
      servers: start.servers ?? this.#urls,
      worker: {
        name: databaseName,
        worker: name,
        partitions,
        replicas: servers,
        maxLogBytes: 256 * 1024 * 1024,
        ...(start.directory === false ? {} : { directory: this.directoryOf(name) }),
        ...worker,
      },
      code: start.code ?? 'current',
    }
    const child: WorkerChild = new ChildProgram('worker', name, options, (report) => this.#note(name, report))
    this.workers.set(name, child)
    this.#starts.set(name, start)
    this.#started.add(child)
    return child
  }

  /** Starts a worker's process again as it was started last. */
  relaunch(name: string): WorkerChild {
    return this.launchWorker(name, this.#starts.get(name))
  }

  /** Starts workers and waits until all are ready. */
  async startWorkers(...names: readonly string[]): Promise<void> {
    await Promise.all(names.map(async (name) => await this.launchWorker(name).said('ready')))
  }

  /** The worker's process that was started last under that name. */
  worker(name: string): WorkerChild {
    const child = this.workers.get(name)
    if (child === undefined) throw new Error(`There is no worker ${name}.`)
    return child
  }

  /** Starts a client; resolves when it has connected and puts load on the database. */
  async startClient(client: string, start: ClientStart): Promise<ClientChild> {
    const { lanes, seed, thinkMs = 0, deadlineMs = 30_000, classes = true, servers = this.#urls } = start
    const load: LoadOptions = { directory: this.histories, client, seed, lanes, thinkMs }
    const options: ClientProcessOptions = { servers, name: databaseName, deadlineMs, load, classes }
    const child: ClientChild = new ChildProgram('client', client, options, (report) => this.#hear(report))
    this.clients.set(client, child)
    this.#started.add(child)
    await child.said('ready')
    return child
  }

  /** Fills the accounts of both banks. */
  async openAccounts(): Promise<void> {
    await using db = await this.connect()
    const names = [...accountsOf('bank'), ...accountsOf('transactions')]
    await Promise.all(names.map((name) => db.actor(Account, name).deposit(openingBalance)))
  }

  /** A client in this process. */
  async connect(deadlineMs = 30_000): Promise<ClusterDatabase> {
    return await connect(this.#urls, { name: databaseName, actors, deadlineMs })
  }

  /** Stops the load of all clients; resolves when every call has come to its end. */
  async stopClients(): Promise<void> {
    await Promise.all(
      Array.from(this.clients.values(), async (client) => {
        client.order('stop')
        await client.said('done')
      }),
    )
  }

  /** Resolves when the newest view is as wanted. */
  async until(condition: (view: ReportedView) => boolean): Promise<void> {
    while (!condition(this.#view)) {
      // Whoever has failed will not bring it about; this rejects with what it said.
      for (const worker of this.workers.values())
        if (worker.last('stopped') !== undefined) await worker.until(() => false)
      await new Promise<void>((resolve) => this.#watchers.add(resolve))
    }
  }

  /** Resolves when exactly these workers are ready and own everything. */
  async shared(...names: readonly string[]): Promise<void> {
    await this.until(({ members, owners }) => {
      const ready = new Set(members.filter(({ phase }) => phase === 'ready').map(({ name }) => name))
      return (
        members.length === names.length &&
        names.every((name) => ready.has(name) && owners.includes(name)) &&
        owners.every((owner) => owner !== null && names.includes(owner))
      )
    })
  }

  /** Resolves when a worker is no member any more. */
  async evicted(name: string): Promise<void> {
    await this.until(({ members }) => !members.some((member) => member.name === name))
  }

  /** Resolves when clients have completed `count` more calls. */
  async completes(count: number): Promise<void> {
    const target = this.completed + count
    while (this.completed < target) await new Promise<void>((resolve) => this.#watchers.add(resolve))
  }

  /** How many calls clients have completed. */
  get completed(): number {
    const progress = Array.from(this.clients.values(), (client) => client.last('progress')?.completed ?? 0)
    return progress.reduce((sum, completed) => sum + completed, 0)
  }

  /** How long the calls took that clients have completed since the last time, in microseconds. */
  takeLatencies(): readonly number[] {
    return this.#latenciesUs.splice(0)
  }

  /** The server that leads the log's stream. */
  async streamLeader(): Promise<NatsServer> {
    const { leader } = await (await this.observer()).state()
    const server = this.servers.find((each) => each.name === leader)
    if (server === undefined)
      throw new Error(`The stream's leader is ${String(leader)}, which is no server of this fleet.`)
    return server
  }

  /** Resolves with who leads the log's stream as soon as it is another server than `former`. */
  async nextStreamLeader(former: NatsServer): Promise<NatsServer> {
    for (;;) {
      // Until one is elected nobody is named, or nobody answers.
      const leader = await this.streamLeader().catch(() => former)
      if (leader !== former) return leader
      await sleep(LEADER_LOOK_MS)
    }
  }

  /** Sees the log past anything that is between the servers and the others. */
  async observer(): Promise<LogObserver> {
    this.#observer ??= await LogObserver.connect(
      this.servers.map(({ url }) => url),
      databaseName,
    )
    return this.#observer
  }

  /** Puts the histories where they outlive the fleet, and answers where that is. */
  async keepHistories(): Promise<string> {
    const kept = await mkdtemp(join(tmpdir(), 'streamy-histories-'))
    await cp(this.histories, kept, { recursive: true })
    return kept
  }

  /** Ends everything and removes what it has written. */
  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#started, (child) => child.kill()))
    await this.#observer?.close()
    // Nothing of theirs is kept, so they need not end in good order.
    await Promise.all(this.servers.map((server) => server.kill()))
    await Promise.all(this.servers.map((server) => server.stop()))
    await rm(this.directory, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #note(name: string, report: WorkerReport): void {
    if (report.kind === 'view' && report.view.number > this.#view.number) this.#view = report.view
    if (report.kind === 'event') this.#options.onEvent?.(report.line)
    if (report.kind === 'stopped') this.#options.onEvent?.(`${name}: ${report.message}`)
    this.#changed()
  }

  #hear(report: ClientReport): void {
    if (report.kind === 'progress') for (const latency of report.latenciesUs) this.#latenciesUs.push(latency)
    if (report.kind === 'error') this.errors.push(report)
    this.#changed()
  }

  #changed(): void {
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const watcher of watchers) watcher()
  }
}
