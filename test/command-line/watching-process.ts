// A `streamy … watch` process, which prints lines of JSON until it is told to stop.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { program } from '../server/served-process.ts'

/** A watch, and the lines that it has printed. */
export class WatchingProcess<Line> {
  readonly lines: Line[] = []
  readonly #child: ChildProcessWithoutNullStreams
  #rest = ''

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [program, ...args])
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const complete = (this.#rest + chunk).split('\n')
      this.#rest = complete.pop()!
      this.lines.push(...complete.map((line) => JSON.parse(line) as Line))
    })
  }

  /** Resolves when it has printed so many lines. */
  async printed(count: number): Promise<void> {
    while (this.lines.length < count) await once(this.#child.stdout, 'data')
  }

  /** Stops it as Ctrl-C does; answers its exit code. */
  async interrupt(): Promise<number | null> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGINT')
    await ended
    return this.#child.exitCode
  }
}
