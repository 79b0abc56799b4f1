// The state suite: what a message on an actor costs without any log, next to the bare method call, and next to what it
// would cost to serialise the state before and after. It runs in a process of its own, where nothing else is compiled.

import { runIsolated } from '../isolated.ts'
import { spreadOf } from '../spread.ts'
import type { SuiteContext } from '../suite.ts'
import { precise, tableLines } from '../table.ts'
import type { StateInput, StateOutput, StateWay } from '../tasks/state-task.ts'

const wayTitles: Readonly<Record<StateWay, string>> = {
  bare: 'bare method call',
  engine: 'engine: facade, run, commit',
  serialised: 'unpack, call, pack',
}
const ways = ['bare', 'engine', 'serialised'] as const

/** See the header. */
export async function stateSuite({ options, print, progress }: SuiteContext): Promise<unknown> {
  const input: StateInput = { rounds: options.rounds, seconds: options.seconds / 4 }
  print(`STATE  one deposit, in nanoseconds of processor time; no log; medians of ${options.rounds}`)
  progress('calling')
  const output = await runIsolated<StateOutput>(new URL('../tasks/state-task.js', import.meta.url), input)
  progress('')
  const rows = output.map(({ actor, nanoseconds }) => [
    actor,
    ...ways.map((way) => precise(spreadOf(nanoseconds[way]).median)),
  ])
  for (const line of tableLines(['actor', ...ways.map((way) => wayTitles[way])], rows)) print(line)
  return output
}
