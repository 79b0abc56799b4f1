// The process that gets killed: opens the bank and does business until it dies. It prints the receipt number of each
// transfer after the database has acknowledged it, so that whoever reads that knows what must not be lost.

import { open } from 'streamy-db'
import { Account, InsufficientFunds, Sequence } from './bank.ts'

const [directory = '', accounts = ''] = process.argv.slice(2)
const customers = 64

const db = await open(directory, { actors: [Account, Sequence] })
const receipts: number[] = []

async function doBusiness(): Promise<never> {
  for (;;) {
    const [from, to] = [anyAccount(), anyAccount()]
    try {
      await db.actor(Account, from).transfer(to, Math.ceil(Math.random() * 100))
    } catch (error) {
      if (!(error instanceof InsufficientFunds)) throw error
    }
    print(await db.actor(Sequence, 'receipts').getNextId())
  }
}

function anyAccount(): string {
  return `account-${Math.floor(Math.random() * Number(accounts))}`
}

// Many receipts in one write: the pipe would be slower than the bank.
function print(receipt: number): void {
  if (receipts.push(receipt) === 1) setImmediate(() => process.stdout.write(`${receipts.splice(0).join('\n')}\n`))
}

await Promise.all(Array.from({ length: customers }, doBusiness))
