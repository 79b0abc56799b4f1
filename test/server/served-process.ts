// A `streamy serve` process, as a person starts it: on a free port, told to stop by a signal or killed. Runs the compiled
// program, so build first; `npm test` does.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** The compiled command line. */
export const program: string = join(root, 'packages', 'streamy-db', 'dist', 'command-line', 'main.js')

/** Actors to serve. */
export const actors: string = join(root, 'test', 'command-line', 'actors.js')

/** A server in a process of its own. */
export class ServedProcess {
  readonly url: string
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.#ended = once(child, 'exit')
    this.url = url
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  /** Starts one; resolves when it serves. Rejects with what it said when it ends before. */
  static start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<ServedProcess> {
    const child = spawn(process.execPath, [program, 'serve', ...args], { env: { ...process.env, ...environment } })
    let said = ''
    return new Promise((resolve, reject) => {
      child.on('exit', () => reject(new Error(`streamy serve has ended: ${said}`)))
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const url = /at (http:\S+),/.exec(said)?.[1]
        if (url !== undefined) resolve(new ServedProcess(child, url))
      })
    })
  }

  /** Stops it as Ctrl-C does; answers its exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    await this.#ended
    return this.#child.exitCode
  }

  /** Kills it. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

/** What a program has written. */
export interface Ran {
  readonly status: number
  readonly output: string
  readonly errors: string
}

/** Runs a program until it ends. */
export function run(file: string, args: readonly string[], input?: string): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { maxBuffer: 64 * 1024 * 1024 }, (error, output, errors) => {
      if (error !== null && typeof error.code !== 'number') reject(error)
      else resolve({ status: Number(error?.code ?? 0), output, errors })
    })
    if (input !== undefined) child.stdin?.end(input)
  })
}

/** Runs the command line. */
export function streamy(args: readonly string[], input?: string): Promise<Ran> {
  return run(process.execPath, [program, ...args], input)
}
