// Programs of their own for tests that kill a process or take away its disk. Node 20 runs no TypeScript, so a program is
// bundled first; it imports from `./index.ts` as the sources do.

import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const sources = dirname(dirname(fileURLToPath(import.meta.url)))

/** A program in a file, ready to be started any number of times. */
export class ChildProgram {
  readonly #path: string

  private constructor(path: string) {
    this.#path = path
  }

  /** Bundles `source` into `directory`. */
  static async build(directory: string, source: string): Promise<ChildProgram> {
    const outfile = join(directory, 'child-program.mjs')
    const lmdb = join(dirname(createRequire(import.meta.url).resolve('lmdb')), '..', 'node-index.js')
    await build({
      stdin: { contents: source, resolveDir: sources, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['source'],
      outfile,
      logLevel: 'error',
      plugins: [
        {
          // A native module cannot be bundled; it is imported from where it is installed.
          name: 'lmdb',
          setup: (bundle) =>
            bundle.onResolve({ filter: /^lmdb$/ }, () => ({ path: pathToFileURL(lmdb).href, external: true })),
        },
      ],
    })
    return new ChildProgram(outfile)
  }

  /** Starts it; `fileBytesMax` limits what it may write to one file, as a full disk does. */
  start(args: readonly string[], { fileBytesMax }: { readonly fileBytesMax?: number } = {}): RunningChild {
    const command = [process.execPath, this.#path, ...args]
    if (fileBytesMax === undefined) return new RunningChild(spawn(command[0] ?? '', command.slice(1), withOutput))
    const limited = ['-c', `ulimit -f ${Math.floor(fileBytesMax / 512)} && exec "$@"`, 'sh', ...command]
    return new RunningChild(spawn('sh', limited, withOutput))
  }
}

const withOutput: SpawnOptions = { stdio: ['ignore', 'pipe', 'pipe'] }

/** A started program. */
export class RunningChild {
  readonly pid: number | undefined
  readonly #process: ChildProcess
  readonly #lines: string[] = []
  #errors = ''
  readonly #output: Interface
  readonly #exit: Promise<unknown>

  constructor(process: ChildProcess) {
    this.#process = process
    this.pid = process.pid
    if (process.stdout === null || process.stderr === null) throw new Error('The program has no output')
    this.#output = createInterface({ input: process.stdout }).on('line', (line) => this.#lines.push(line))
    process.stderr.on('data', (data: Buffer) => (this.#errors += data.toString()))
    this.#exit = once(process, 'close')
  }

  /** What it has printed so far. */
  get lines(): readonly string[] {
    return this.#lines
  }

  /** Waits until it has printed this many lines. */
  async printed(count: number): Promise<readonly string[]> {
    while (this.#lines.length < count) await Promise.race([once(this.#output, 'line'), this.#failWhenItEnds()])
    return this.#lines
  }

  /** Kills it, as nothing can be caught, and waits until it is gone. */
  async kill(): Promise<readonly string[]> {
    this.#process.kill('SIGKILL')
    await this.#exit
    return this.#lines
  }

  /** Waits for its end; rejects when it ended by a signal or with an error. */
  async finished(): Promise<readonly string[]> {
    await this.#exit
    if (this.#process.exitCode === 0) return this.#lines
    throw new Error(`The program ended with ${this.#process.exitCode ?? this.#process.signalCode}: ${this.#errors}`)
  }

  async #failWhenItEnds(): Promise<never> {
    await this.#exit
    throw new Error(`The program ended early: ${this.#errors}`)
  }
}
