// The kv suite: the key-value layer on an embedded database. Keys are inserted in ascending and in random order, each in
// a process of its own; what is measured there is in `tasks/kv-task.ts`.

import { runIsolated } from '../isolated.ts'
import type { SuiteContext } from '../suite.ts'
import { precise, tableLines, whole } from '../table.ts'
import type { KeyOrder, KvInput, KvOutput } from '../tasks/kv-task.ts'

const CALLERS = 1024
const READS_MIN = 100_000
const WRITES_MIN = 50_000
const orders: readonly KeyOrder[] = ['ascending', 'random']

/** See the header. */
export async function kvSuite({ options, directory, print, progress }: SuiteContext): Promise<unknown> {
  const { keys, seconds } = options
  print(`KV  ${whole(keys)} keys, ${whole(CALLERS)} callers; per second`)
  const outputs: KvOutput[] = []
  for (const order of orders) {
    progress(`keys in ${order} order`)
    const input: KvInput = { directory, order, keys, callers: CALLERS, seconds }
    outputs.push(await runIsolated<KvOutput>(new URL('../tasks/kv-task.js', import.meta.url), input))
  }
  progress('')
  const header = ['keys', 'inserts', 'overwrites', 'sums', 'reads', 'scanned', 'backwards', 'MiB', 'leaves', 'fill']
  for (const line of tableLines(header, outputs.map(row))) print(line)
  for (const { order, cpuUs } of outputs)
    print(
      `processor  ${order}: ${precise(cpuUs.insert)} µs an insert, ${precise(cpuUs.overwrite)} µs an overwrite, ${precise(cpuUs.read)} µs a read`,
    )
  const reads = Math.min(...outputs.map((output) => output.readsPerSecond))
  const writes = Math.min(...outputs.map((output) => output.overwritesPerSecond))
  print(`point reads  ${whole(reads)}, goal ≥ ${whole(READS_MIN)}: ${reads >= READS_MIN ? 'met' : 'MISSED'}`)
  print(`durable writes  ${whole(writes)}, goal ≥ ${whole(WRITES_MIN)}: ${writes >= WRITES_MIN ? 'met' : 'MISSED'}`)
  return outputs
}

function row(output: KvOutput): readonly string[] {
  return [
    output.order,
    whole(output.insertsPerSecond),
    whole(output.overwritesPerSecond),
    whole(output.sumsPerSecond),
    whole(output.readsPerSecond),
    whole(output.scannedPerSecond),
    whole(output.scannedBackPerSecond),
    whole(output.rssMiB),
    whole(output.leaves),
    precise(output.fill),
  ]
}
