// `streamy call`: one message or query to one actor.

import type { ActorReferences } from '@streamy-db/runtime'
import { UsageError, clusterOf, text } from './command.ts'
import type { Command, CommandInput } from './command.ts'
import { loadActors } from './load-actors.ts'
import { plainJson } from './plain-json.ts'
import { accessOf, accessOptions } from './server-access.ts'

export const callCommand: Command = {
  name: 'call',
  usage: 'call TYPE/KEY MESSAGE [ARGUMENT …] (--url URL | --nats URL --name NAME | --data DIRECTORY --actors FILE)',
  summary: 'Sends one message or query and prints its result as JSON.',
  details: 'Arguments are JSON; what is no JSON is taken as text: streamy call Account/alice transfer bob 5\n',
  options: accessOptions,
  run: async (input) => {
    const [target, message, ...rest] = input.positionals
    const slash = target?.indexOf('/') ?? -1
    if (target === undefined || message === undefined || slash < 1)
      throw new UsageError('Say what to call: streamy call Account/alice deposit 5 …')
    if (input.values['url'] !== undefined) return await callServer(input, [target, slash], message, rest)
    const database = await databaseOf(input)
    try {
      const reference = database.actor(target.slice(0, slash), target.slice(slash + 1)) as unknown as Callable
      const result = await reference[message]!(...rest.map(argumentOf))
      process.stdout.write(`${plainJson(result, 2)}\n`)
      return 0
    } finally {
      await database.close()
    }
  },
}

async function callServer(
  input: CommandInput,
  [target, slash]: readonly [string, number],
  message: string,
  words: readonly string[],
): Promise<number> {
  const access = await accessOf(input)
  const parts = [target.slice(0, slash), target.slice(slash + 1), message].map(encodeURIComponent)
  const body = JSON.stringify(words.map(argumentOf))
  const response = await access.send(`/v1/actors/${parts.join('/')}`, { method: 'POST', body })
  const answer = await response.text()
  process.stdout.write(answer === '' ? 'null\n' : `${JSON.stringify(JSON.parse(answer), undefined, 2)}\n`)
  return 0
}

// A reference by name has a method for every name.
type Callable = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>

async function databaseOf(input: CommandInput): Promise<ActorReferences & { close(): Promise<void> }> {
  const directory = text(input.values, 'data')
  if (directory !== undefined) {
    const { open } = await import('../open.ts')
    return await open(directory, { actors: await loadActors(input.values['actors']) })
  }
  const { connect } = await import('../connect.ts')
  const { servers, name } = await clusterOf(input)
  return await connect(servers, { name })
}

function argumentOf(word: string): unknown {
  try {
    return JSON.parse(word)
  } catch {
    return word
  }
}
