// Operations: what a lane calls next. Each draws a call of its workload and knows how to make it.

import { unreachable, type Position } from '@streamy-db/core'
import type { Database } from '@streamy-db/runtime'
import {
  Account,
  InsufficientFunds,
  List,
  Register,
  Sequence,
  type Content,
  type ListStep,
} from '../../cluster/actors.ts'
import type { Dice } from '../../differential/dice.ts'
import { Courier, Effects } from '../actors.ts'
import { DocumentLane } from './document-operations.ts'
import { EntryLane } from './entry-operations.ts'
import { accountsOf, couriers, effectsKey, mailboxes, type BankName, type WorkloadName } from './workloads.ts'

/** What a call came to. */
export interface Done {
  readonly reply: unknown
  readonly position?: Position | undefined
}

/** One call, as it is recorded. */
export interface LaneCall {
  readonly call: unknown
  readonly run: (db: Database) => Promise<Done>
}

/** What all lanes of a run have in common: names that must be unique or that several use. */
export interface SharedNames {
  readonly now: () => number
  /** A number that nobody has had. */
  readonly unique: () => number
  /** Requests that were sent not long ago and may be sent again. */
  readonly recentRequests: string[]
}

// A register's search and a list's length bound how long a key may be used.
const registerEpochUs = 15_000_000
const registersAtOnce = 3
const listEpochUs = 20_000_000
const listsAtOnce = 4
const recentRequestsMax = 6

/** Draws the calls of one lane. */
export function callsOf(workload: WorkloadName, dice: Dice, shared: SharedNames): () => LaneCall {
  switch (workload) {
    case 'bank':
      return () => (dice.happens(0.15) ? snapshot('bank') : transfer(dice))
    case 'transactions':
      return () => (dice.happens(0.15) ? snapshot('transactions') : transferInTransaction(dice))
    case 'ids':
      return () => drawId(dice)
    case 'registers':
      return () => useRegister(dice, shared)
    case 'lists':
      return () => useLists(dice, shared)
    case 'requests':
      return () => sendRequest(dice, shared)
    case 'deliveries':
      return () => dispatch(dice, shared)
    case 'entries': {
      const lane = new EntryLane(dice, shared)
      return () => lane.next()
    }
    case 'documents': {
      const lane = new DocumentLane(dice, shared)
      return () => lane.next()
    }
    default:
      return unreachable(workload)
  }
}

function transfer(dice: Dice): LaneCall {
  const { from, to, amount } = anyTransfer('bank', dice)
  const declared = dice.happens(0.6)
  return {
    call: ['transfer', from, to, amount],
    run: (db) => {
      const account = db.actor(Account, from)
      return declared ? account.transfer(to, amount) : account.transferUndeclared(to, amount)
    },
  }
}

// Two calls that commit together, by votes; half of them read first and assert what they have read.
function transferInTransaction(dice: Dice): LaneCall {
  const { from, to, amount } = anyTransfer('transactions', dice)
  const reads = dice.happens(0.5)
  const run = async (db: Database): Promise<Done> => {
    await db.transaction(async (tx) => {
      const [payer, payee] = [tx.actor(Account, from), tx.actor(Account, to)]
      const balance = reads ? (await payer.getBalance()).reply : amount
      if (balance < amount) throw new InsufficientFunds('seen before', { balance, wanted: amount })
      void payer.withdraw(amount)
      void payee.deposit(amount)
    })
    return { reply: null }
  }
  return { call: ['transfer', from, to, amount], run }
}

function snapshot(bank: BankName): LaneCall {
  const names = accountsOf(bank)
  const run = async (db: Database): Promise<Done> => {
    const balances = await db.transaction((tx) =>
      Promise.all(names.map((name) => tx.actor(Account, name).getBalance())),
    )
    const reply = Object.fromEntries(names.map((name, at) => [name, balances[at]!.reply]))
    // Transfers by transactions carry no positions, so cuts between their snapshots cannot be exact.
    return { reply, position: bank === 'bank' ? balances[0]!.position : undefined }
  }
  return { call: ['snapshot'], run }
}

function drawId(dice: Dice): LaneCall {
  const key = `sequence-${dice.below(3)}`
  return { call: ['next', key], run: (db) => db.actor(Sequence, key).getNextId() }
}

function useRegister(dice: Dice, { now }: SharedNames): LaneCall {
  const key = `register-${Math.floor(now() / registerEpochUs) % 1_000_000}-${dice.below(registersAtOnce)}`
  const kind = dice.weighted({ read: 4, write: 3, cas: 3 })
  const value = dice.below(5)
  const expected: Content = dice.happens(0.1) ? null : dice.below(5)
  if (kind === 'read')
    return { call: ['read', key], run: async (db) => ({ reply: await db.actor(Register, key).read() }) }
  if (kind === 'write') return { call: ['write', key, value], run: (db) => db.actor(Register, key).write(value) }
  return {
    call: ['cas', key, expected, value],
    run: (db) => db.actor(Register, key).compareAndSet(expected, value),
  }
}

function useLists(dice: Dice, shared: SharedNames): LaneCall {
  const epoch = Math.floor(shared.now() / listEpochUs) % 1_000_000
  const anyKey = (): string => `list-${epoch}-${dice.below(listsAtOnce)}`
  const how = dice.weighted({ read: 2, declared: 4, undeclared: 2, votes: 2, optimistic: 2 })
  if (how === 'read') {
    const key = anyKey()
    return { call: [['read', key]], run: async (db) => ({ reply: [await db.actor(List, key).read()] }) }
  }
  if (how === 'votes' || how === 'optimistic') return listsInTransaction(dice, shared, anyKey, how === 'optimistic')
  const steps: ListStep[] = Array.from({ length: 1 + dice.below(4) }, () =>
    dice.happens(0.5) ? ['append', anyKey(), shared.unique()] : ['read', anyKey()],
  )
  const run = (db: Database): Promise<Done> => {
    const list = db.actor(List, steps[0]![1])
    return how === 'declared' ? list.run(steps) : list.runUndeclared(steps)
  }
  return { call: steps, run }
}

// Reads come first, at one snapshot; then everything is appended, or nothing.
function listsInTransaction(dice: Dice, shared: SharedNames, anyKey: () => string, reads: boolean): LaneCall {
  const read = reads ? Array.from({ length: 1 + dice.below(2) }, anyKey) : []
  const appends = Array.from({ length: 1 + dice.below(3) }, () => [anyKey(), shared.unique()] as const)
  const run = async (db: Database): Promise<Done> => {
    const found = await db.transaction(async (tx) => {
      const items = await Promise.all(read.map((key) => tx.actor(List, key).read()))
      for (const [key, value] of appends) void tx.actor(List, key).append(value)
      return items
    })
    return { reply: [...found, ...appends.map(() => null)] }
  }
  const call = [
    ...read.map((key) => ['read', key] as const),
    ...appends.map(([key, value]) => ['append', key, value] as const),
  ]
  return { call, run }
}

function sendRequest(dice: Dice, { unique, recentRequests }: SharedNames): LaneCall {
  if (dice.happens(0.15))
    return { call: ['effects'], run: async (db) => ({ reply: await db.actor(Effects, effectsKey).read() }) }
  const again = recentRequests.length > 0 && dice.happens(0.4)
  const id = again ? dice.pick(recentRequests) : `request-${unique()}`
  if (!again) recentRequests.push(id)
  if (recentRequests.length > recentRequestsMax) recentRequests.shift()
  const run = (db: Database): Promise<Done> =>
    // The options of a reference of a cluster, which a client's database is.
    db.actor(Effects, effectsKey, { idempotencyKey: id } as object).apply(id)
  return { call: ['send', id], run }
}

function dispatch(dice: Dice, { unique }: SharedNames): LaneCall {
  const [courier, to] = [dice.pick(couriers), dice.pick(mailboxes)]
  const delayMs = dice.happens(0.5) ? 0 : 1 + dice.below(10_000)
  const id = `parcel-${unique()}`
  return {
    call: ['dispatch', id, to, delayMs],
    run: (db) => db.actor(Courier, courier).dispatch(id, to, delayMs),
  }
}

function anyTransfer(
  bank: BankName,
  dice: Dice,
): { readonly from: string; readonly to: string; readonly amount: number } {
  const names = accountsOf(bank)
  const from = dice.below(names.length)
  const to = (from + 1 + dice.below(names.length - 1)) % names.length
  return { from: names[from]!, to: names[to]!, amount: 1 + dice.below(40) }
}
