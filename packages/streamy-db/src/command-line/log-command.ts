// `streamy log tail`: the log of a cluster, an entry a line.

import {
  ByteReader,
  MalformedBytes,
  controlBody,
  decodeChange,
  openBatch,
  transactionIn,
  transactionsOf,
} from '@streamy-db/core'
import type { Batch, BatchTransaction, LogEntry, Transaction } from '@streamy-db/core'
import { UsageError, clusterOf, clusterOptions, count } from './command.ts'
import type { Command } from './command.ts'

export const logCommand: Command = {
  name: 'log',
  usage: 'log tail --nats URL --name NAME [--from ENTRY] [--follow]',
  summary: 'Prints the log, an entry a line: its number, when it was taken in, and what is in it.',
  details: '',
  options: {
    from: { type: 'string', help: 'the first entry to print; by default the last ten' },
    follow: { type: 'boolean', help: 'go on with what comes' },
    ...clusterOptions,
  },
  run: async (input) => {
    if (input.positionals[0] !== 'tail') throw new UsageError('Say what to do with the log: streamy log tail …')
    const { servers, name } = await clusterOf(input)
    const { clusterLog } = await import('@streamy-db/runtime')
    const opened = await clusterLog(servers, { name })
    try {
      const [first, last] = [await opened.log.first(), await opened.log.tail()]
      const from = count(input.values, 'from') ?? Math.max(first, last - 9)
      const end = input.values['follow'] === true ? Infinity : last
      if (from > end) return 0
      for await (const entries of opened.log.read(from)) {
        for (const entry of entries) if (entry.sequence <= end) process.stdout.write(`${describe(entry)}\n`)
        if (entries.at(-1)!.sequence >= end) return 0
      }
      return 0
    } finally {
      await opened.close()
    }
  },
}

function describe(entry: LogEntry): string {
  const time = new Date(entry.appendTime / 1000).toISOString()
  const restricted = entry.restrictedTo !== undefined
  const batch = openBatch(entry.bytes, { restricted })
  const from = restricted ? `client ${entry.restrictedTo}` : 'worker'
  return `${entry.sequence}  ${time}  ${entry.bytes.length} B  ${from}  ${contentsOf(batch)}`
}

function contentsOf(batch: ReturnType<typeof openBatch>): string {
  if (batch.kind === 'void') return `void: ${batch.reason}`
  if (batch.kind === 'member') return memberText(batch)
  if (batch.kind !== 'transactions') return batch.kind
  const names = transactionsOf(batch).map((found) => transactionText(batch, found))
  const shown = names.slice(0, 5).join(', ')
  return `${names.length} transactions: ${shown}${names.length > 5 ? ', …' : ''}`
}

function memberText(batch: Batch): string {
  try {
    const change = decodeChange(new ByteReader(controlBody(batch)))
    return change.kind === 'upgrade' ? 'upgrade' : `${change.kind} ${change.name}`
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error
    return `void: ${error.message}`
  }
}

// The number of partitions is not known here, so only what does not depend on it is looked at.
function transactionText(batch: Batch, found: BatchTransaction): string {
  try {
    return transactionIn(batch, found).calls.map(callText).join(' + ')
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error
    return `void: ${error.message}`
  }
}

function callText({ ref, message }: Transaction['calls'][number]): string {
  return `${ref.id}.${message}`
}
