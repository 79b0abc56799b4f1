// `npm run chaos -- --minutes M`: runs chaos and says what came of it. Ends with 0 when everything that was promised holds,
// at least nine of ten calls answered included, with 1 when not, and with 2 for arguments it does not know.

import { parseArgs } from 'node:util'
import { totalOfAll } from '../workloads.ts'
import { runChaos, type ChaosResult } from './chaos.ts'

const usage = `Usage: npm run chaos -- [--minutes M] [--seed S] [--servers 1|3] [--verbose]

Random faults over a cluster of processes under load, for M minutes (default 5). The histories are judged at the end.`

const answeredMin = 0.9

process.exit(await main())

async function main(): Promise<number> {
  const options = readArguments()
  if (options === undefined) return 2
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  const startedAt = performance.now()
  const say = (what: string): void => {
    console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${what}`)
  }
  const { seed, minutes, servers, verbose } = options
  console.log(
    `Chaos for ${minutes} min; again: npm run chaos -- --minutes ${minutes} --servers ${servers} --seed ${seed}`,
  )
  const onEvent = verbose ? { onEvent: (line: string): void => say(`    ${line}`) } : {}
  try {
    const result = await runChaos({ seed, servers, seconds: minutes * 60, say, signal: interrupted.signal, ...onEvent })
    return printResult(result) ? 0 : 1
  } catch (error) {
    if (!interrupted.signal.aborted) throw error
    console.error('Interrupted: everything was stopped.')
    return 130
  }
}

function readArguments():
  | { readonly minutes: number; readonly seed: string; readonly servers: 1 | 3; readonly verbose: boolean }
  | undefined {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '5' },
        seed: { type: 'string', default: `${Math.floor(Math.random() * 1e9)}` },
        servers: { type: 'string', default: '1' },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    const minutes = Number(values.minutes)
    const servers = Number(values.servers)
    if (!values.help && minutes > 0 && (servers === 1 || servers === 3))
      return { minutes, seed: values.seed, servers, verbose: values.verbose }
    console.log(usage)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
  return undefined
}

function printResult({ faults, judgements, total, calls, answered, errors, kept }: ChaosResult): boolean {
  console.log('')
  for (const [name, times] of faults) console.log(`  ${String(times).padStart(3)} × ${name}`)
  console.log('')
  for (const { what, code, message } of errors.slice(0, 10)) console.log(`  ${code ?? ''} ${what}: ${message}`)
  const claims = [
    claim(
      `${answered} of ${calls} calls were answered: at least ${answeredMin * 100} %`,
      answered >= answeredMin * calls,
    ),
    claim(`no money came or went: ${total} of ${totalOfAll}`, total === totalOfAll),
    ...judgements.map(({ workload, operations, verdict }) =>
      claim(`${workload}: ${operations.length} calls, ${verdict.result}`, verdict.result === 'valid'),
    ),
  ]
  for (const { verdict, explained } of judgements) if (verdict.result !== 'valid') console.log(`\n${explained}`)
  if (kept !== undefined) console.log(`\nThe histories are kept in ${kept}.`)
  return claims.every(Boolean)
}

function claim(what: string, holds: boolean): boolean {
  console.log(`  ${holds ? 'yes' : 'NO '}  ${what}`)
  return holds
}
