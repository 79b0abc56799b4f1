// What is measured: Streamy, embedded or as a cluster, and the peers beside it, behind one interface. Workloads know this
// file and nothing of any system; a system knows nothing of workloads. Each port is one small application that every system
// implements as its users would: with stored procedures, scripts, handlers or compare-and-set.

import type { NewOrder, Payment } from '../tpcc-plan.ts'

/** A system under test, running on this machine. */
export interface System {
  /** With its version: `Redis 7.0.15`. */
  readonly title: string
  /** What an answer means for the disk, and how the system is set up for that. */
  readonly durability: string
  /** The roots of its processes beside this one; their children count as well. */
  readonly processes: readonly number[]
  openCounters(keys: readonly string[]): Promise<Counters>
  openAccounts(keys: readonly string[], openingBalance: number): Promise<Accounts>
  openRecords(records: readonly (readonly [key: string, value: string])[]): Promise<Records>
  /** Not there where nobody has written it for this system. */
  openTpcc?(): Promise<Tpcc>
  /** Stops its processes. */
  close(): Promise<void>
}

/** How far a port keeps the promise of its calls. */
export interface Port {
  /** What it does not promise; undefined when every call is one serializable transaction. */
  readonly caveat?: string
}

/** Numbers that only go up, from 0. */
export interface Counters extends Port {
  /** Adds 1 and answers the sum. */
  next(key: string): Promise<number>
  /** Adds 1 to each, all or none; the keys differ. */
  nextOfAll(keys: readonly string[]): Promise<unknown>
  values(keys: readonly string[]): Promise<readonly number[]>
}

/** Money. No account may fall below 0. */
export interface Accounts extends Port {
  transfer(from: string, to: string, amount: number): Promise<unknown>
  /** Moves `amount` to each of several others, all or none. */
  transferToAll(from: string, to: readonly string[], amount: number): Promise<unknown>
  balances(keys: readonly string[]): Promise<readonly number[]>
}

/** Values of a thousand bytes, read and written whole. */
export interface Records extends Port {
  read(key: string): Promise<string | undefined>
  write(key: string, value: string): Promise<unknown>
  /** Reads the record and writes it with one more in front; see `record-value.ts`. */
  modify(key: string): Promise<unknown>
}

/** TPC-C's NewOrder and Payment. */
export interface Tpcc extends Port {
  /** Answers the order's number. */
  newOrder(order: NewOrder): Promise<number>
  payment(payment: Payment): Promise<unknown>
  totals(): Promise<TpccTotals>
}

/** What there is after all orders and payments. */
export interface TpccTotals {
  readonly orders: number
  readonly orderLines: number
  /** Pieces taken from all stocks. */
  readonly sold: number
  readonly paidWarehouses: number
  readonly paidDistricts: number
}

/** A system cannot do what is asked of it; the message says why. It is reported, and the others go on. */
export class Unsupported extends Error {}

/** A call that met conflicts until its patience ended. It has left nothing behind. */
export class GaveUp extends Error {}
