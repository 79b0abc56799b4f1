// History files: newline-delimited JSON, one line an event, the first line naming format and workload. An invocation is
// in the file before the operation is invoked, so a killed client leaves at worst an operation that it never invoked; a
// last line without its end is what a kill leaves and is passed over. Anything else that is wrong is an error.

import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { basename } from 'node:path'
import { HistoryAssembler, HistoryError, merge, type Completion, type Invocation, type Operation } from './history.ts'
import { isWorkload, requireShape, type Workload } from './workloads.ts'

const format = 'streamy-history'
const version = 1
const chunkBytes = 1 << 20

/** A history as its files hold it. */
export interface History {
  readonly workload: Workload
  readonly operations: readonly Operation[]
}

/** Records the operations of one client program. */
export class HistoryWriter {
  readonly #file: number
  readonly #nowUs: () => number
  #nextId = 0

  /** Creates the file, which must not exist. The default clock is one for all processes of a machine. */
  constructor(path: string, workload: Workload, nowUs: () => number = monotonicUs) {
    this.#file = openSync(path, 'wx')
    this.#nowUs = nowUs
    this.#write({ format, version, workload })
  }

  /** Call before invoking the operation; answers the id to complete it with. */
  invoke(process: string, call: unknown): number {
    const id = this.#nextId++
    this.#write({ id, process, atUs: this.#nowUs(), call } satisfies Invocation)
    return id
  }

  /** Call after the operation has ended, or when nobody waits for it any more (`unknown`). */
  complete(id: number, completion: Omit<Completion, 'id' | 'atUs'>): void {
    const { outcome, reply = null, position } = completion
    const atUs = this.#nowUs()
    this.#write(outcome === 'ok' ? { id, atUs, outcome, reply, position } : { id, atUs, outcome })
  }

  close(): void {
    closeSync(this.#file)
  }

  // Written, not flushed: what a process has written survives its death, and a history need not survive the machine's.
  #write(line: object): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    for (let written = 0; written < bytes.length;) written += writeSync(this.#file, bytes, written)
  }
}

/** Reads the history that was recorded in one file, or at the same time in several. */
export function readHistory(paths: readonly string[]): History {
  const histories = paths.map((path) => readOne(path, paths.length > 1 ? `${basename(path)}:` : ''))
  const [first] = histories
  if (first === undefined) throw new HistoryError('no history file is named')
  const other = histories.findIndex(({ workload }) => JSON.stringify(workload) !== JSON.stringify(first.workload))
  if (other >= 0)
    throw new HistoryError(`${paths[other]} and ${paths[0]} are of different workloads; check one workload at a time`)
  const operations = histories.length === 1 ? first.operations : merge(histories.map((history) => history.operations))
  requireShape(first.workload, operations)
  return { workload: first.workload, operations }
}

// Two clients may give their processes the same names, so with several files the file's name goes in front.
function readOne(path: string, processPrefix: string): History {
  const assembler = new HistoryAssembler()
  let workload: Workload | undefined
  let lineNumber = 0
  for (const line of linesOf(path)) {
    lineNumber++
    try {
      if (workload === undefined) workload = readHeader(parse(line))
      else addEvent(assembler, parse(line), processPrefix)
    } catch (error) {
      if (!(error instanceof HistoryError)) throw error
      throw new HistoryError(`${path}, line ${lineNumber}: ${error.message}`, { cause: error })
    }
  }
  if (workload === undefined) throw new HistoryError(`${path} has no complete first line, so it is no history`)
  return { workload, operations: assembler.operations() }
}

function readHeader(header: Readonly<Record<string, unknown>>): Workload {
  if (header['format'] !== format) throw new HistoryError('this is no history: its first line does not say so')
  if (header['version'] !== version)
    throw new HistoryError(`the format has version ${String(header['version'])}, and this reads version ${version}`)
  if (!isWorkload(header['workload']))
    throw new HistoryError(`the workload is not known: ${JSON.stringify(header['workload'])}`)
  return header['workload']
}

function addEvent(assembler: HistoryAssembler, event: Readonly<Record<string, unknown>>, processPrefix: string): void {
  const { id, process, atUs, call, outcome, reply, position } = event
  if (typeof id !== 'number' || typeof atUs !== 'number') throw new HistoryError('the event has no id or no time')
  if (call !== undefined && typeof process === 'string')
    assembler.invoke({ id, process: processPrefix + process, atUs, call })
  else if (outcome !== 'ok' && outcome !== 'failed' && outcome !== 'unknown')
    throw new HistoryError('the event is neither an invocation nor a completion')
  else if (position !== undefined && !Number.isSafeInteger(position))
    throw new HistoryError(`the position is ${JSON.stringify(position)}, which is no integer`)
  // It is an integer, if it is there: that was the question before.
  else assembler.complete({ id, atUs, outcome, reply, position: position as number | undefined })
}

function parse(line: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new HistoryError('the line is not JSON', { cause })
  }
  if (typeof value !== 'object' || value === null) throw new HistoryError('the line is no JSON object')
  // An object's properties can be looked at by name.
  return value as Readonly<Record<string, unknown>>
}

// The whole lines of a file, which may be longer than the longest string.
function* linesOf(path: string): Generator<string> {
  const file = openSync(path, 'r')
  try {
    const chunk = Buffer.alloc(chunkBytes)
    let rest = Buffer.alloc(0)
    for (let length = readSync(file, chunk); length > 0; length = readSync(file, chunk)) {
      const bytes = Buffer.concat([rest, chunk.subarray(0, length)])
      let start = 0
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        yield bytes.toString('utf8', start, end)
        start = end + 1
      }
      rest = bytes.subarray(start)
    }
  } finally {
    closeSync(file)
  }
}

function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
