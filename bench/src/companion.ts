// Companions: processes that run beside the one that reports, such as the worker of a cluster or a client that measures, until
// they are stopped. A companion is a module that calls `serveCompanion`. It dies with the process that started it.

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** What runs in a companion. */
export interface Served {
  /** How it stands, as data. */
  status(): object
  /** Answers, in data, what else it is asked. What it rejects with ends the process, and so the benchmark. */
  answer?(question: never): Promise<unknown>
}

/** How every companion stands. */
export interface CompanionStatus {
  /** Processor time of its whole process so far, in microseconds. */
  readonly cpuUs: number
}

/** A process that was started. */
export class Companion<Status> {
  readonly #process: ChildProcess
  readonly #module: URL

  private constructor(module: URL) {
    this.#module = module
    this.#process = fork(module, { serialization: 'advanced' })
  }

  /** Starts the module with its input; resolves when it is ready. */
  static async start<Status>(module: URL, input: unknown): Promise<Companion<Status>> {
    const companion = new Companion<Status>(module)
    await companion.#ask({ input })
    return companion
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid!
  }

  async status(): Promise<Status & CompanionStatus> {
    // What `serveCompanion` makes of what the module's status is.
    return (await this.#ask('status')) as Status & CompanionStatus
  }

  /** What its module's `answer` makes of a question; one at a time. */
  async ask(question: object): Promise<unknown> {
    return ((await this.#ask({ question })) as { readonly answer: unknown }).answer
  }

  /** Resolves when its process has ended. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const gone = once(this.#process, 'exit')
    this.#process.send('stop')
    await gone
  }

  // One question at a time; rejects when the process ends without an answer.
  #ask(question: object | 'status'): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null, signal: string | null): void =>
        reject(new Error(`${this.#module.pathname} ended with ${signal ?? code} and no answer.`))
      this.#process.once('exit', ended)
      this.#process.once('message', (answer) => {
        this.#process.off('exit', ended)
        resolve(answer)
      })
      this.#process.send(question)
    })
  }
}

/** Serves what `start` makes of the input. What it throws ends the process, and so the benchmark. */
export function serveCompanion(start: (input: never) => Promise<Served>): void {
  process.once('disconnect', () => process.exit(1))
  process.once('message', (message) => {
    // What `Companion` sends; each suite gives its own module what that takes.
    void serve(start, (message as { readonly input: never }).input)
  })
}

async function serve(start: (input: never) => Promise<Served>, input: never): Promise<void> {
  const served = await start(input)
  process.on('message', (order) => {
    if (order === 'status') process.send?.(statusOf(served))
    // Nothing of what it leaves behind is kept, so it need not end in good order.
    else if (order === 'stop') process.exit(0)
    // Only `ask` sends anything else.
    else void answerTo(served, (order as { readonly question: never }).question)
  })
  process.send?.('ready')
}

async function answerTo(served: Served, question: never): Promise<void> {
  const answered = await served.answer?.(question)
  process.send?.({ answer: answered })
}

function statusOf(served: Served): CompanionStatus {
  const { user, system } = process.cpuUsage()
  return { ...served.status(), cpuUs: user + system }
}
