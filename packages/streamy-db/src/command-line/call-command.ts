// `streamy call`: one message or query to one actor.

import type { ActorReferences } from '@streamy-db/runtime'
import { UsageError, clusterOf, clusterOptions, text } from './command.ts'
import type { Command, CommandInput } from './command.ts'
import { loadActors } from './load-actors.ts'
import { plainJson } from './plain-json.ts'

export const callCommand: Command = {
  name: 'call',
  usage: 'call TYPE/KEY MESSAGE [ARGUMENT …] (--nats URL --name NAME | --data DIRECTORY --actors FILE)',
  summary: 'Sends one message or query and prints its result as JSON.',
  details: 'Arguments are JSON; what is no JSON is taken as text: streamy call Account/alice transfer bob 5\n',
  options: {
    data: { type: 'string', help: 'directory of an embedded database, which nobody else has open' },
    actors: { type: 'string', multiple: true, help: 'with --data: module that exports its actor classes' },
    ...clusterOptions,
  },
  run: async (input) => {
    const [target, message, ...rest] = input.positionals
    const slash = target?.indexOf('/') ?? -1
    if (target === undefined || message === undefined || slash < 1)
      throw new UsageError('Say what to call: streamy call Account/alice deposit 5 …')
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
