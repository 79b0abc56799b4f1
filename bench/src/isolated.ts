// Tasks in processes of their own: where memory is measured, where nothing may be warm, and where a process must die.
// A task is a module that calls `serveTask`; it gets one input and sends one output.

import { fork } from 'node:child_process'

/** How a task's process ends once it has answered: by itself, or killed as it stands with everything open. */
export type Ending = 'itself' | 'killed'

/** Runs the task in `module`; resolves with its output when its process has ended. */
export function runIsolated<Output>(module: URL, input: unknown, ending: Ending = 'itself'): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = fork(module, { serialization: 'advanced' })
    let answer: { readonly output: Output } | undefined
    child.once('message', (message) => {
      // A task sends nothing else.
      answer = message as { readonly output: Output }
      if (ending === 'killed') child.kill('SIGKILL')
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (answer === undefined) reject(new Error(`${module.pathname} ended with ${signal ?? code} and no answer.`))
      else resolve(answer.output)
    })
    child.send({ input })
  })
}

/** Answers with what `task` makes of its input. What it throws ends the process, and so the benchmark. */
export function serveTask(task: (input: never) => Promise<unknown>): void {
  process.once('message', (message) => {
    // What `runIsolated` sends; each suite gives its own task what that takes.
    void serve(task, (message as { readonly input: never }).input)
  })
}

async function serve(task: (input: never) => Promise<unknown>, input: never): Promise<void> {
  const output = await task(input)
  process.send?.({ output }, () => process.disconnect())
}
