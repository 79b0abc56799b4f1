// The bank that is killed: its actors keep books so exact that anything lost, repeated or half done shows. A transfer
// is one transaction over the desk, two accounts and a receipt of its own, sends a tell, and sets a timer.

import { Actor, ActorError, actor, message, query } from 'streamy-db'

export class InsufficientFunds extends ActorError {}

/** One transfer; `tag` is made up by the client, and a new one every time. */
export interface Transfer {
  readonly tag: string
  readonly from: string
  readonly to: string
  readonly amount: number
}

/** What a receipt knows. */
export interface ReceiptFacts {
  readonly transfer: Transfer | undefined
  /** How often the tell has arrived. */
  readonly told: number
  /** How often the timer has run. */
  readonly reminded: number
}

@actor('CrashAccount')
export class Account extends Actor {
  balance = 0

  @message()
  deposit(amount: number): void {
    this.balance += amount
  }

  @message()
  withdraw(amount: number): void {
    if (amount > this.balance) throw new InsufficientFunds(`${this.key} has ${this.balance}`)
    this.balance -= amount
  }

  @query()
  getBalance(): number {
    return this.balance
  }
}

@actor('CrashReceipt')
export class Receipt extends Actor {
  transfer: Transfer | undefined = undefined
  told = 0
  reminded = 0

  @message()
  write(transfer: Transfer): void {
    if (this.transfer !== undefined) throw new Error(`receipt ${this.key} is written twice`)
    this.transfer = transfer
    this.after(transfer.amount).remind()
  }

  @message()
  tellOnce(): void {
    this.told += 1
  }

  @message()
  remind(): void {
    this.reminded += 1
  }

  @query()
  facts(): ReceiptFacts {
    return { transfer: this.transfer, told: this.told, reminded: this.reminded }
  }
}

@actor('CrashDesk')
export class Desk extends Actor {
  receipts = 0

  /** Moves the money and writes a receipt for it. */
  @message()
  transfer(transfer: Transfer): number {
    const { from, to, amount } = transfer
    const receipt = this.record(transfer)
    this.actor(Account, from).withdraw(amount)
    this.actor(Account, to).deposit(amount)
    return receipt
  }

  /** Writes a receipt only: the money is moved by the other calls of a client's transaction. */
  @message()
  record(transfer: Transfer): number {
    const number = `${++this.receipts}`
    this.actor(Receipt, number).write(transfer)
    this.tell(Receipt, number).tellOnce()
    return this.receipts
  }

  @query()
  lastReceipt(): number {
    return this.receipts
  }
}

@actor('CrashSequence')
export class Sequence extends Actor {
  next = 1

  @message()
  getNextId(): number {
    return this.next++
  }

  @query()
  lastId(): number {
    return this.next - 1
  }
}

export const actors = [Account, Receipt, Desk, Sequence]
export const accountNames: readonly string[] = Array.from({ length: 100 }, (_, number) => `account-${number}`)
export const sequenceNames: readonly string[] = ['a', 'b', 'c']
export const openingBalance = 1000
