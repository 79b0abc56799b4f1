#!/usr/bin/env -S node --max-semi-space-size=64
// The command line: finds the command, reads its options, runs it, and turns what it throws into an exit code.
//
// A command loads what it needs when it runs, so that asking for help costs nothing. The first line gives Node a young
// generation that the calls under way fit in: a worker with thousands of them spends half as much on collecting garbage.
//
//   0  done     1  failed: the message says what to do     2  the command line itself was wrong     3  the answer is no

import { parseArgs } from 'node:util'
import { StreamyError } from '@streamy-db/core'
import { callCommand } from './call-command.ts'
import type { Command } from './command.ts'
import { UsageError } from './command.ts'
import { databaseCommand } from './database-command.ts'
import { docCommand } from './doc/doc-command.ts'
import { kvCommand } from './kv/kv-command.ts'
import { logCommand } from './log-command.ts'
import { serveCommand } from './serve-command.ts'
import { statusCommand } from './status-command.ts'
import { workerCommand } from './worker-command.ts'

const commands: readonly Command[] = [
  serveCommand,
  kvCommand,
  docCommand,
  callCommand,
  workerCommand,
  statusCommand,
  logCommand,
  databaseCommand,
]

const overview = `streamy: state that must be right

${commands.map(({ usage, summary }) => `  streamy ${usage}\n      ${summary}`).join('\n')}

  streamy COMMAND --help says more of one.
`

async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(overview)
    return name === undefined ? 2 : 0
  }
  const command = commands.find((each) => each.name === name)
  if (command === undefined) throw new UsageError(`There is no command ${name}. Those there are:\n\n${overview}`)
  const { values, positionals } = parse(command, rest)
  if (values['help'] === true) {
    process.stdout.write(helpOf(command))
    return 0
  }
  return await command.run({ values, positionals })
}

function parse(command: Command, args: readonly string[]): ReturnType<typeof parseArgs> {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { type, multiple }]) => [
      name,
      multiple === true ? { type, multiple } : { type },
    ]),
  )
  try {
    return parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean' } }, allowPositionals: true })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${helpOf(command)}`)
  }
}

function helpOf({ usage, summary, details, options }: Command): string {
  const width = Math.max(...Object.keys(options).map((name) => name.length))
  const lines = Object.entries(options).map(([name, { help }]) => `  --${name.padEnd(width)}  ${help}`)
  return `streamy ${usage}\n\n${summary}\n${details}\n${lines.join('\n')}\n`
}

// A reader of the output that has enough, as `head` has, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.exitCode = tell(error)
}

// Answers the exit code.
function tell(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`)
    return 2
  }
  const code = error instanceof StreamyError ? ` (${error.code})` : ''
  process.stderr.write(`streamy: ${error instanceof Error ? error.message : String(error)}${code}\n`)
  return 1
}
