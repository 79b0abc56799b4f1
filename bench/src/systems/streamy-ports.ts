// The ports on Streamy, embedded or through the client of a cluster: the same actors and the same key-value layer.

import type { Database, Kv } from 'streamy-db'
import { Account, RecordEditor, recordSpace, Sequence } from '../actors.ts'
import { inGroups } from '../workloads/in-groups.ts'
import type { Accounts, Counters, Records } from './system.ts'

/** Counters as actors. */
export class StreamyCounters implements Counters {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  next(key: string): Promise<number> {
    return this.#database.actor(Sequence, key).getNextId()
  }

  nextOfAll([first = '', ...others]: readonly string[]): Promise<void> {
    return this.#database.actor(Sequence, first).advanceAll(others)
  }

  async values(keys: readonly string[]): Promise<readonly number[]> {
    const values: number[] = []
    await inGroups(
      keys.length,
      (index) => this.#database.actor(Sequence, keys[index]!).given(),
      (value) => values.push(value),
    )
    return values
  }
}

/** Accounts as actors. */
export class StreamyAccounts implements Accounts {
  readonly #database: Database

  /** Opens the accounts first. */
  static async open(database: Database, keys: readonly string[], openingBalance: number): Promise<StreamyAccounts> {
    await inGroups(keys.length, (index) => database.actor(Account, keys[index]!).deposit(openingBalance))
    return new StreamyAccounts(database)
  }

  private constructor(database: Database) {
    this.#database = database
  }

  transfer(from: string, to: string, amount: number): Promise<void> {
    return this.#database.actor(Account, from).transfer(to, amount)
  }

  transferToAll(from: string, to: readonly string[], amount: number): Promise<void> {
    return this.#database.actor(Account, from).transferToAll(to, amount)
  }

  async balances(keys: readonly string[]): Promise<readonly number[]> {
    const balances: number[] = []
    await inGroups(
      keys.length,
      (index) => this.#database.actor(Account, keys[index]!).funds(),
      (balance) => balances.push(balance),
    )
    return balances
  }
}

/** Records as entries of the key-value layer. */
export class StreamyRecords implements Records {
  readonly #database: Database
  readonly #kv: Kv<string, [string]>

  /** Writes the records first. */
  static async open(
    database: Database,
    records: readonly (readonly [key: string, value: string])[],
  ): Promise<StreamyRecords> {
    const kv = database.kv<string, [string]>(recordSpace)
    await inGroups(records.length, (index) => kv.set([records[index]![0]], records[index]![1]))
    return new StreamyRecords(database, kv)
  }

  private constructor(database: Database, kv: Kv<string, [string]>) {
    this.#database = database
    this.#kv = kv
  }

  async read(key: string): Promise<string | undefined> {
    return (await this.#kv.get([key])).value
  }

  write(key: string, value: string): Promise<unknown> {
    return this.#kv.set([key], value)
  }

  modify(key: string): Promise<unknown> {
    return this.#database.actor(RecordEditor, key).modify()
  }
}
