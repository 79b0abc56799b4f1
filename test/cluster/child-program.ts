// ChildProgram: one program of a cluster under test as a process: a worker or a client. It is controlled by process id, says
// what happens to it in lines of JSON, and dies with the process that started it, even while it is paused.

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startWatchdog } from '@streamy-db/jetstream/testing'

// A write beyond the limit on the size of files (see `fillDisk`) is an error to it then, as on a full disk, and no signal.
const refusedWritesFail = `trap '' XFSZ; exec "$0" "$@"`

/** A program that has been started. */
export class ChildProgram<Report extends { readonly kind: string }> {
  readonly name: string
  /** How it ended: with which status, or by which signal; undefined while it runs. */
  ended: { readonly status: number | null; readonly signal: string | null } | undefined
  readonly #process: ChildProcess
  readonly #watchdog: ChildProcess
  readonly #listeners = new Set<() => void>()
  readonly #last = new Map<Report['kind'], Report>()
  #complaint = ''

  /** Starts `program`, one of the files beside this one, with its options as JSON. */
  constructor(program: 'worker' | 'client', name: string, options: object, onReport: (report: Report) => void) {
    this.name = name
    // Compiled: Node 20 runs no TypeScript. This file is there as source when vitest runs it.
    const folder = import.meta.url.includes('/dist/') ? '.' : '../dist/cluster'
    const file = fileURLToPath(new URL(`${folder}/${program}.js`, import.meta.url))
    const args = [process.execPath, '--enable-source-maps', file, JSON.stringify(options)]
    // A group of its own: Ctrl-C at a terminal reaches the parent only, which ends its children in their order.
    this.#process = spawn('bash', ['-c', refusedWritesFail, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    this.#watchdog = startWatchdog(this.pid)
    const { stdin, stdout, stderr } = this.#process
    stdin?.on('error', () => {})
    stderr?.on('data', (text: Buffer) => (this.#complaint = `${this.#complaint}${text.toString()}`.slice(-4000)))
    createInterface(stdout!).on('line', (line) => {
      // What it says is typed where it says it.
      const report = parse(line) as Report | undefined
      if (report === undefined) return
      this.#last.set(report.kind, report)
      onReport(report)
      this.#changed()
    })
    this.#process.once('close', (status, signal) => {
      this.ended = { status, signal }
      this.#watchdog.kill('SIGKILL')
      this.#changed()
    })
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** What it has written to stderr at last. */
  get complaint(): string {
    return this.#complaint
  }

  /** What it has said last of that kind. */
  last<Kind extends Report['kind']>(kind: Kind): Extract<Report, { readonly kind: Kind }> | undefined {
    // They are kept by their kind.
    return this.#last.get(kind) as Extract<Report, { readonly kind: Kind }> | undefined
  }

  /** Resolves with what it has said last of that kind, once it has; rejects when it ends without. */
  async said<Kind extends Report['kind']>(kind: Kind): Promise<Extract<Report, { readonly kind: Kind }>> {
    await this.until(() => this.#last.has(kind))
    return this.last(kind)!
  }

  /** Resolves when `condition` holds, looking after each report; rejects when it ends before. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.ended !== undefined) throw new Error(this.#inWords())
      await new Promise<void>((resolve) => this.#listeners.add(resolve))
    }
  }

  /** Refuses what it writes to files from now on, as a full disk does. */
  async fillDisk(): Promise<void> {
    await promisify(execFile)('prlimit', ['--pid', `${this.pid}`, '--fsize=1'])
  }

  /** Tells it something. */
  order(word: string): void {
    this.#process.stdin?.write(`${word}\n`)
  }

  /** Kills it as a crash would; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.ended !== undefined) return
    const gone = once(this.#process, 'close')
    this.#process.kill('SIGKILL')
    await gone
  }

  /** Stops it where it stands. */
  pause(): void {
    this.#process.kill('SIGSTOP')
  }

  /** Lets it go on. */
  resume(): void {
    this.#process.kill('SIGCONT')
  }

  /** Resolves when it has ended by itself. */
  async gone(): Promise<void> {
    if (this.ended === undefined) await once(this.#process, 'close')
  }

  #changed(): void {
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener()
  }

  #inWords(): string {
    const { status, signal } = this.ended!
    const last = Array.from(this.#last.values(), (report) => JSON.stringify(report).slice(0, 500))
    return [`${this.name} ended with ${signal ?? status}.`, ...last, this.#complaint].join('\n')
  }
}

// A line that is cut off where the process died is no report.
function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
