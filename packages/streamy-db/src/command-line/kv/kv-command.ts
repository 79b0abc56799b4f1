// `streamy kv`: entries of a space, on the command line.

import { UsageError } from '../command.ts'
import type { Command, CommandInput } from '../command.ts'
import { accessOf, accessOptions, type ServerAccess } from '../server-access.ts'
import { deleteEntry, setEntry, transact } from './write-entries.ts'
import { getEntry, listEntries } from './read-entries.ts'
import { exportEntries } from './export-entries.ts'
import { importEntries } from './import-entries.ts'
import { watchEntries } from './watch-entries.ts'

/** One of the things that the command does. Answers the exit code. */
export type KvAction = (access: ServerAccess, space: string, input: CommandInput) => Promise<number>

const actions = new Map<string, KvAction>([
  ['get', getEntry],
  ['set', setEntry],
  ['delete', deleteEntry],
  ['list', listEntries],
  ['txn', transact],
  ['watch', watchEntries],
  ['import', importEntries],
  ['export', exportEntries],
])

export const kvCommand: Command = {
  name: 'kv',
  usage:
    'kv get|set|delete|list|txn|watch|import|export SPACE … (--url URL | --data DIRECTORY | --nats URL --name NAME)',
  summary: 'Reads and writes key-value entries, as JSON.',
  details: `
streamy kv get SPACE KEY                 prints the value
streamy kv set SPACE KEY VALUE           sets it; what is no JSON is taken as text, and - reads the value from stdin
streamy kv delete SPACE KEY
streamy kv list SPACE                    prints entries in the order of their keys, one a line, all as of one moment
streamy kv txn SPACE [FILE]              runs a transaction: {"asserts": […], "updates": […], "gets": […]}
streamy kv watch SPACE [KEY …]           prints what is there, then what each transaction changes, one a line
streamy kv import SPACE [FILE]           sets an entry for each line: {"key": ["users", 42], "value": …}
streamy kv export SPACE [FILE]           writes such lines, all as of one moment

A key is parts with slashes between them, users/ada, where ~42 is a number, or a JSON list: '["users",42]'. A FILE that is
left out is stdin, or stdout. Values that JSON does not know are written as {"$bigint":"5"}, {"$bytes":"AP8="} and so on.

Exit codes: 0 done; 1 failed; 2 the command line is wrong; 3 the answer is no: there is no such entry, or an assert or a
precondition does not hold.
`,
  options: {
    prefix: { type: 'string', help: 'list, watch, export: keys that begin with these parts and have more' },
    start: { type: 'string', help: 'list, watch, export: the first key' },
    end: { type: 'string', help: 'list, watch, export: the first key behind the range' },
    limit: { type: 'string', help: 'list, export: entries, at most' },
    reverse: { type: 'boolean', help: 'list, export: from the last key to the first' },
    at: { type: 'string', help: 'get, list, export: as it was then, a version or a date like 2026-01-01T00:00:00Z' },
    from: { type: 'string', help: 'watch: goes on behind this version, without what is there' },
    'expire-in': { type: 'string', help: 'set: milliseconds after which the entry is gone' },
    'if-absent': { type: 'boolean', help: 'set: only where there is no entry' },
    'if-version': { type: 'string', help: 'set, delete: only over an entry of this version' },
    ...accessOptions,
  },
  run: async (input) => {
    const [name = '', space, ...positionals] = input.positionals
    const action = actions.get(name)
    if (action === undefined || space === undefined)
      throw new UsageError(`Say what to do and in which space: streamy kv ${[...actions.keys()].join('|')} SPACE …`)
    const access = await accessOf(input)
    try {
      return await action(access, space, { values: input.values, positionals })
    } finally {
      await access.close()
    }
  },
}
