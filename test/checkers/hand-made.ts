// Histories written by hand, for tests: one line an operation.

import type { FailedOperation, OkOperation, Operation, UnknownOperation } from './history.ts'
import type { ListAppendCall, ListAppendOperation, Value } from './workloads.ts'

type Times = readonly [invokedUs: number, completedUs: number]

/** An operation as a test writes it; its index follows when the history is put together. */
export function ok<Call, Reply>(
  process: string,
  [invokedUs, completedUs]: Times,
  call: Call,
  reply: Reply,
  position?: number,
): OkOperation<Call, Reply> {
  return { index: 0, process, call, invokedUs, completedUs, outcome: 'ok', reply, position }
}

export function failed<Call>(process: string, [invokedUs, completedUs]: Times, call: Call): FailedOperation<Call> {
  const outcome = 'failed'
  return { index: 0, process, call, invokedUs, completedUs, outcome, reply: undefined, position: undefined }
}

export function unknown<Call>(process: string, invokedUs: number, call: Call): UnknownOperation<Call> {
  const outcome = 'unknown'
  return { index: 0, process, call, invokedUs, completedUs: Infinity, outcome, reply: undefined, position: undefined }
}

/** Numbers the operations by invocation. */
export function historyOf<Call, Reply>(...operations: readonly Operation<Call, Reply>[]): Operation<Call, Reply>[] {
  return operations
    .toSorted((a, b) => a.invokedUs - b.invokedUs)
    .map((operation, index) => Object.assign({}, operation, { index }))
}

/** An acknowledged list-append transaction: `a x 1` appends 1 to x, `r x 1 2` reads x as [1 2]. */
export function lists(process: string, times: Times, parts: string, position?: number): ListAppendOperation {
  const { call, reply } = parse(parts)
  return ok(process, times, call, reply, position)
}

/** The same, failed. */
export function failedLists(process: string, times: Times, parts: string): ListAppendOperation {
  return failed(process, times, parse(parts).call)
}

/** The same, with an unknown outcome. */
export function unknownLists(process: string, invokedUs: number, parts: string): ListAppendOperation {
  return unknown(process, invokedUs, parse(parts).call)
}

function parse(parts: string): { call: ListAppendCall; reply: (readonly Value[] | null)[] } {
  const parsed = parts.split(', ').map((part) => part.split(' '))
  return {
    call: parsed.map(([name, key = '', value = '']) =>
      name === 'a' ? (['append', key, Number(value)] as const) : (['read', key] as const),
    ),
    reply: parsed.map(([name, , ...values]) => (name === 'a' ? null : values.map(Number))),
  }
}
