// The audit: what must hold of the bank after every crash, given all that was ever acknowledged. Receipts are looked at
// once after the crash that followed them, and all of them again at the end.
//
// A1 Every acknowledged transfer has the receipt that was acknowledged; every acknowledged id was given out.
// A2 No id and no receipt was acknowledged twice, and no transfer has two receipts.
// A3 Receipts are numbered without gaps, and each is whole: nothing is half done.
// A4 Every balance is what the receipts add up to, and the sum of all is what it always was.
// A5 No tell and no timer has run twice; at the end each has run once.

import type { Database } from 'streamy-db'
import { accountNames, Account, Desk, openingBalance, Receipt, Sequence } from './crash-bank.ts'
import type { Transfer } from './crash-bank.ts'
import type { Remains } from './kill.ts'

/** Gathers what was acknowledged and holds the bank to it. */
export class Audit {
  readonly #receipts = new Map<number, Transfer>()
  readonly #tags = new Set<string>()
  readonly #acknowledged = new Map<string, number>()
  readonly #ids = new Map<string, Set<number>>()
  readonly #balances = new Map(accountNames.map((name) => [name, openingBalance]))

  /** How much was acknowledged so far. */
  get acknowledged(): number {
    let ids = 0
    for (const drawn of this.#ids.values()) ids += drawn.size
    return ids + this.#acknowledged.size
  }

  /** Takes note of what a victim left. */
  note({ transfers, ids }: Remains): void {
    for (const { tag, receipt } of transfers) {
      hold(!this.#acknowledged.has(tag), `transfer ${tag} was acknowledged twice (A2)`)
      this.#acknowledged.set(tag, receipt)
    }
    for (const { sequence, id } of ids) {
      const drawn = this.#ids.get(sequence) ?? new Set()
      hold(!drawn.has(id), `id ${id} of ${sequence} was given out twice (A2)`)
      this.#ids.set(sequence, drawn.add(id))
    }
  }

  /** Looks at everything that is new since the last time. */
  async check(db: Database): Promise<void> {
    const last = await db.actor(Desk, 'main').lastReceipt()
    for (let number = this.#receipts.size + 1; number <= last; number++) await this.#enter(db, number)
    for (const [tag, receipt] of this.#acknowledged) {
      const isThere = receipt === 0 ? this.#tags.has(tag) : this.#receipts.get(receipt)?.tag === tag
      hold(isThere, `transfer ${tag}, receipt ${receipt}, is lost (A1)`)
    }
    for (const [name, drawn] of this.#ids) {
      const lastId = await db.actor(Sequence, name).lastId()
      for (const id of drawn) hold(id <= lastId, `id ${id} of ${name} is lost (A1)`)
    }
    await this.#checkBalances(db)
  }

  /** Looks at every receipt again, when all tells and timers must have run. */
  async checkAll(db: Database): Promise<void> {
    await this.check(db)
    for (const [number, { tag }] of this.#receipts) {
      const { transfer, told, reminded } = await db.actor(Receipt, `${number}`).facts()
      hold(transfer?.tag === tag, `receipt ${number} has changed (A3)`)
      hold(told === 1, `the tell of receipt ${number} has run ${told} times (A5)`)
      hold(reminded === 1, `the timer of receipt ${number} has run ${reminded} times (A5)`)
    }
    hold((await db.actor(Receipt, `${this.#receipts.size + 1}`).facts()).transfer === undefined, 'one too many (A3)')
  }

  async #enter(db: Database, number: number): Promise<void> {
    const { transfer, told, reminded } = await db.actor(Receipt, `${number}`).facts()
    if (transfer === undefined) throw new Error(`receipt ${number} is missing (A3)`)
    hold(!this.#tags.has(transfer.tag), `transfer ${transfer.tag} has run twice (A2)`)
    hold(told <= 1 && reminded <= 1, `receipt ${number} was told ${told} and reminded ${reminded} times (A5)`)
    this.#tags.add(transfer.tag)
    this.#receipts.set(number, transfer)
    this.#move(transfer.from, -transfer.amount)
    this.#move(transfer.to, transfer.amount)
  }

  #move(account: string, amount: number): void {
    this.#balances.set(account, (this.#balances.get(account) ?? 0) + amount)
  }

  async #checkBalances(db: Database): Promise<void> {
    let total = 0
    for (const [name, balance] of this.#balances) {
      const found = await db.actor(Account, name).getBalance()
      hold(found === balance, `${name} has ${found}, and its receipts add up to ${balance} (A4)`)
      total += found
    }
    hold(total === accountNames.length * openingBalance, `the total is ${total} (A4)`)
  }
}

function hold(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}
