// Anomalies of lists that need no cycle to be proven: within a transaction (internal), and between what was read of a key
// and what was appended to it. Names are Elle's where Elle has one (list-append.ts cites it).

import { isPrefix, type KeyHistory, type Read } from './list-append-index.ts'
import { listInWords, transactionInWords } from './list-append-words.ts'
import type { Findings } from './verdict.ts'
import type { ListAppendOperation, Value } from './workloads.ts'

/** Every read must agree with what its own transaction read and appended before. */
export function findInternal(operations: readonly ListAppendOperation[], findings: Findings): void {
  for (const operation of operations) {
    if (operation.outcome !== 'ok') continue
    // By key: the list once it is known, and what was appended while it was not.
    const expected = new Map<string, { list: Value[] | undefined; appended: Value[] }>()
    for (const [at, part] of operation.call.entries()) {
      const state = expected.get(part[1]) ?? { list: undefined, appended: [] }
      expected.set(part[1], state)
      if (part[0] === 'append') (state.list ?? state.appended).push(part[2])
      else {
        const read = operation.reply[at] ?? []
        const wanted = state.list ?? [...read.slice(0, read.length - state.appended.length), ...state.appended]
        if (read.length !== wanted.length || !isPrefix(read, wanted))
          findings.anomaly('internal', () => {
            const before = state.list === undefined ? 'a list that ends with ' : ''
            const own = state.list ?? state.appended
            return `${transactionInWords(operation)}. By its own operations, ${part[1]} was ${before}${listInWords(own)}`
          })
        state.list = [...read]
      }
    }
  }
}

/** What is wrong with the reads and appends of one key. */
export function findInKey(key: KeyHistory, operations: readonly ListAppendOperation[], findings: Findings): void {
  const incompatible = key.reads.filter(({ list }) => !isPrefix(list, key.order))
  const longest = key.reads.find(({ list }) => list === key.order)
  if (longest !== undefined) for (const read of [longest, ...incompatible]) findInList(key, read, operations, findings)
  for (const read of incompatible)
    findings.anomaly(
      'incompatible-order',
      () =>
        `${key.key} was read as ${listInWords(read.list)} by T${read.reader} and as ${listInWords(key.order)} by ` +
        `T${longest!.reader}: neither is a prefix of the other`,
    )
  for (const read of key.reads) findIntermediate(key, read, operations, findings)
  findLost(key, operations, findings)
}

function findInList(
  key: KeyHistory,
  { reader, list }: Read,
  operations: readonly ListAppendOperation[],
  findings: Findings,
): void {
  const seen = new Set<Value>()
  let aborted: number | undefined
  const read = `T${reader} read ${key.key} as ${listInWords(list)}`
  for (const value of list) {
    if (seen.has(value)) findings.anomaly('duplicate-value', () => `${read}: ${value} is in it twice`)
    seen.add(value)
    const append = key.appends.get(value)
    if (append === undefined) {
      findings.anomaly('phantom-value', () => `${read}: nobody has appended ${value}`)
      continue
    }
    const writer = operations[append.writer]!
    if (writer.outcome === 'failed') {
      findings.anomaly('G1a', () => `${read}, with ${value} of a failed transaction, ${transactionInWords(writer)}`)
      aborted ??= append.writer
    } else if (aborted !== undefined && writer.outcome === 'ok') {
      const base = aborted
      findings.anomaly(
        'dirty-update',
        () => `${read}: T${writer.index} appended ${value} to what T${base}, which failed, left`,
      )
      aborted = undefined
    }
  }
}

function findIntermediate(
  key: KeyHistory,
  { reader, list, own }: Read,
  operations: readonly ListAppendOperation[],
  findings: Findings,
): void {
  const value = list[list.length - own - 1]
  const append = value === undefined ? undefined : key.appends.get(value)
  if (append === undefined) return
  const writer = operations[append.writer]!
  if (append.writer === reader)
    findings.anomaly('internal', () => `${transactionInWords(writer)}. It read ${value} before it had appended it`)
  else if (!append.isLast)
    findings.anomaly('G1b', () => {
      const read = `T${reader} read ${key.key} as ${listInWords(list)}`
      return `${read}, which ends in the middle of ${transactionInWords(writer)}`
    })
}

// A read must contain every append that was acknowledged before it was invoked. Sweeps over reads by invocation and over
// appends by acknowledgement, and keeps the acknowledged append that is last in the order (unseen ones are behind all).
function findLost(key: KeyHistory, operations: readonly ListAppendOperation[], findings: Findings): void {
  const acknowledged = [...key.appends.values()]
    .filter(({ writer }) => operations[writer]!.outcome === 'ok')
    .sort((a, b) => operations[a.writer]!.completedUs - operations[b.writer]!.completedUs)
  const placeOf = (value: Value): number => key.places.get(value) ?? Infinity
  let next = 0
  let last: { readonly value: Value; readonly writer: number; readonly place: number } | undefined
  for (const { reader, list } of key.reads) {
    const { invokedUs } = operations[reader]!
    for (; next < acknowledged.length; next++) {
      const { writer, value } = acknowledged[next]!
      if (operations[writer]!.completedUs >= invokedUs) break
      if (last === undefined || placeOf(value) > last.place) last = { value, writer, place: placeOf(value) }
    }
    if (last === undefined || last.place < list.length || !isPrefix(list, key.order)) continue
    const { value, writer, place } = last
    findings.anomaly('lost-append', () => {
      const elsewhere = place === Infinity ? 'no read has seen it' : 'other reads have seen it'
      return (
        `${value} was appended to ${key.key} and acknowledged at ${operations[writer]!.completedUs} µs, but T${reader}, ` +
        `invoked at ${invokedUs} µs, read ${listInWords(list)}; ${elsewhere}: ${transactionInWords(operations[writer]!)}`
      )
    })
  }
}
