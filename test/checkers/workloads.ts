// Workloads: what the operations of each kind of history call and are replied, and whether what was recorded has that
// shape. Tuples instead of objects, since there may be a million of them. What they must satisfy is the checkers' matter.

import { describe, HistoryError, type Operation } from './history.ts'

/** What a list holds and a register contains. */
export type Value = string | number

/** Transactions over lists: each value is appended to a key at most once. Reply: for each read its list, else null. */
export type ListAppendCall = readonly (readonly ['append', string, Value] | readonly ['read', string])[]
export type ListAppendReply = readonly (readonly Value[] | null)[]
export type ListAppendOperation = Operation<ListAppendCall, ListAppendReply>

/** One register a key, null at first. A read replies the value, a write null, a compare-and-set whether it matched. */
export type RegisterCall =
  | readonly ['read', string]
  | readonly ['write', string, Value | null]
  | readonly ['cas', string, Value | null, Value | null]
export type RegisterReply = Value | boolean | null
export type RegisterOperation = Operation<RegisterCall, RegisterReply>

/** Money moved between accounts. A refused transfer is `failed`. A snapshot replies the balance of every account. */
export type BankCall = readonly ['transfer', string, string, number] | readonly ['snapshot']
export type BankReply = Readonly<Record<string, number>> | null
export type BankOperation = Operation<BankCall, BankReply>

/** get-next-id. `next` replies the id drawn, `last` the highest id drawn so far. The first is 1. */
export type IdsCall = readonly ['next', string] | readonly ['last', string]
export type IdsOperation = Operation<IdsCall, number>

/** Requests that may be sent more than once, and the effects they left: a list of request ids, in any order. */
export type RequestsCall = readonly ['send', string] | readonly ['effects']
export type RequestsOperation = Operation<RequestsCall>

/** What a history says about itself in its first line. */
export type Workload =
  | { readonly kind: 'list-append' | 'register' | 'ids' | 'requests' }
  | {
      readonly kind: 'bank'
      /** The balances at first. */
      readonly accounts: Readonly<Record<string, number>>
      readonly overdrafts: 'refused' | 'allowed'
    }

/** Whether a history's first line names a workload. */
export function isWorkload(value: unknown): value is Workload {
  if (!isRecord(value) || typeof value['kind'] !== 'string') return false
  if (value['kind'] !== 'bank') return value['kind'] in shapes
  return isBalances(value['accounts']) && (value['overdrafts'] === 'refused' || value['overdrafts'] === 'allowed')
}

/** Holds every operation to the shape its workload gives it. */
export function requireShape(workload: Workload, operations: readonly Operation[]): void {
  const { call, reply } = shapes[workload.kind]
  for (const operation of operations) {
    if (!Array.isArray(operation.call) || !call(operation.call))
      throw new HistoryError(`${describe(operation)} is no call of ${workload.kind}: ${JSON.stringify(operation.call)}`)
    if (operation.outcome === 'ok' && !reply(operation.reply, operation.call))
      throw new HistoryError(
        `${describe(operation)} has no reply of ${workload.kind} to ${JSON.stringify(operation.call)}: ` +
          JSON.stringify(operation.reply),
      )
  }
}

interface Shape {
  readonly call: (call: readonly unknown[]) => boolean
  readonly reply: (reply: unknown, call: readonly unknown[]) => boolean
}

const shapes: Readonly<Record<Workload['kind'], Shape>> = {
  'list-append': {
    call: (call) => call.every((part) => isTuple(part) && isListCall(part)),
    reply: (reply, call) => isTuple(reply) && reply.length === call.length && reply.every(isListReply(call)),
  },
  register: {
    call: ([name, key, ...rest]) =>
      typeof key === 'string' && rest.every(isContent) && rest.length === registerArguments(name),
    reply: (reply, [name]) => (name === 'cas' ? typeof reply === 'boolean' : isContent(reply)),
  },
  bank: {
    call: ([name, from, to, amount]) =>
      name === 'snapshot' ||
      (name === 'transfer' && typeof from === 'string' && typeof to === 'string' && typeof amount === 'number'),
    reply: (reply, [name]) => (name === 'snapshot' ? isBalances(reply) : reply === null),
  },
  ids: {
    call: ([name, sequence]) => (name === 'next' || name === 'last') && typeof sequence === 'string',
    reply: (reply) => typeof reply === 'number',
  },
  requests: {
    call: ([name, request]) => name === 'effects' || (name === 'send' && typeof request === 'string'),
    reply: (reply, [name]) => name === 'send' || (isTuple(reply) && reply.every((id) => typeof id === 'string')),
  },
}

function isListCall([name, key, value]: readonly unknown[]): boolean {
  return typeof key === 'string' && (name === 'read' || (name === 'append' && isValue(value)))
}

function isListReply(call: readonly unknown[]): (reply: unknown, at: number) => boolean {
  return (reply, at) => {
    const part = call[at]
    return isTuple(part) && part[0] === 'read' ? isTuple(reply) && reply.every(isValue) : reply === null
  }
}

function registerArguments(name: unknown): number {
  return ['read', 'write', 'cas'].indexOf(String(name))
}

function isValue(value: unknown): value is Value {
  return typeof value === 'string' || typeof value === 'number'
}

function isContent(value: unknown): boolean {
  return value === null || isValue(value)
}

function isBalances(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((balance) => typeof balance === 'number')
}

function isTuple(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
