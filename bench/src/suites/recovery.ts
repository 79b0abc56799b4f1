// The recovery suite: one process executes transactions and is killed as it stands, with nothing of its state written
// back; another opens the directory and replays them all. Both start cold, so both pay for compiling once. Replay must be
// at least as fast as the execution was with as many callers as make it fastest.

import { join } from 'node:path'
import { runIsolated } from '../isolated.ts'
import { spreadOf } from '../spread.ts'
import type { SuiteContext } from '../suite.ts'
import { precise, tableLines, whole, withExtremes } from '../table.ts'
import type { RecoveryInput, RecoveryOutput } from '../tasks/recovery-task.ts'
import { passed } from '../workloads/workload.ts'

const task = new URL('../tasks/recovery-task.js', import.meta.url)
const ROUNDS_MAX = 3
const titles = { ids: 'getNextId, 1000 actors', transfers: 'transfers, uniform' } as const
const kinds = ['ids', 'transfers'] as const

interface Pair {
  readonly executedPerSecond: number
  readonly replayedPerSecond: number
}

/** See the header. */
export async function recoverySuite({ options, directory, print, progress }: SuiteContext): Promise<unknown> {
  const { transactions } = options
  const rounds = Math.min(options.rounds, ROUNDS_MAX)
  print(`RECOVERY  ${whole(transactions)} transactions executed, killed, replayed; medians of ${rounds}`)
  const results: Record<string, readonly Pair[]> = {}
  const checks: string[] = []
  for (const kind of kinds) {
    const pairs: Pair[] = []
    for (let round = 1; round <= rounds; round++) {
      progress(`${titles[kind]}, round ${round} of ${rounds}`)
      const input = { directory: join(directory, `${kind}-${round}`), kind, transactions }
      const { pair, check } = await runPair(input)
      pairs.push(pair)
      if (round === 1) checks.push(`checked  ${titles[kind]}: ${check}`)
    }
    results[kind] = pairs
  }
  progress('')
  const header = ['', 'executed/s', 'replayed/s', 'replay to execution', 'goal']
  const rows = Object.entries(results).map(([kind, pairs]) => pairRow(titles[kind as keyof typeof titles], pairs))
  for (const line of [...tableLines(header, rows), ...checks]) print(line)
  return results
}

async function runPair(input: Omit<RecoveryInput, 'mode'>): Promise<{ readonly pair: Pair; readonly check: string }> {
  const executed = await runIsolated<RecoveryOutput>(task, { ...input, mode: 'execute' }, 'killed')
  const replayed = await runIsolated<RecoveryOutput>(task, { ...input, mode: 'replay' })
  const { found, expected } = replayed
  const summary = `after the kill ${whole(found)} found, as acknowledged`
  const { summary: check } = passed(titles[input.kind], { calls: input.transactions, found, expected, summary })
  return {
    pair: {
      executedPerSecond: input.transactions / executed.seconds,
      replayedPerSecond: input.transactions / replayed.seconds,
    },
    check,
  }
}

function pairRow(title: string, pairs: readonly Pair[]): readonly string[] {
  const ratio = spreadOf(pairs.map(({ executedPerSecond, replayedPerSecond }) => replayedPerSecond / executedPerSecond))
  return [
    title,
    withExtremes(spreadOf(pairs.map((pair) => pair.executedPerSecond)), whole),
    withExtremes(spreadOf(pairs.map((pair) => pair.replayedPerSecond)), whole),
    withExtremes(ratio, precise),
    `≥ 1: ${ratio.median >= 1 ? 'met' : 'MISSED'}`,
  ]
}
