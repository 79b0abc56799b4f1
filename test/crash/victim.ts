// The process that is killed: opens the bank and puts load on it until it dies, or closes after a while when it is told
// to. It says on stdout what it is about to do and what has been acknowledged, one line each:
//
//   opening | open | closing     the next thing it does
//   t <tag> <receipt>            an acknowledged transfer; receipt 0 when the client did not learn its number
//   i <sequence> <id>            an acknowledged id
//
// Arguments, as JSON: VictimOptions.

import { Random } from '@streamy-db/core'
import { open } from 'streamy-db'
import type { DatabaseTransaction } from 'streamy-db'
import { accountNames, Account, actors, Desk, InsufficientFunds, Sequence, sequenceNames } from './crash-bank.ts'
import type { Transfer } from './crash-bank.ts'

/** What a victim is told. */
export interface VictimOptions {
  readonly directory: string
  /** Begins every tag it makes up, and seeds its choices. */
  readonly name: string
  readonly logBytesMax: number
  /** After how many transfers it closes the database; never without it. */
  readonly closeAfter?: number | undefined
}

// Its parent has checked them.
const options = JSON.parse(process.argv[2] ?? '{}') as VictimOptions
const random = new Random(options.name)
const lines: string[] = []
let transfers = 0

say('opening')
const db = await open(options.directory, { actors, logBytesMax: options.logBytesMax, onIncident: fail })
say('open')
await Promise.all([callers(24, transferAtTheDesk), callers(4, transferByHand), callers(4, drawIds)].flat())
say('closing')
await db.close()

function callers(count: number, loop: () => Promise<void>): readonly Promise<void>[] {
  return Array.from({ length: count }, loop)
}

async function transferAtTheDesk(): Promise<void> {
  while (!isOver()) {
    const transfer = anyTransfer()
    await attempt(transfer, () => db.actor(Desk, 'main').transfer(transfer))
  }
}

// The same as a client's transaction: reads first, then calls that commit together.
async function transferByHand(): Promise<void> {
  while (!isOver()) {
    const transfer = anyTransfer()
    await attempt(transfer, () => db.transaction((tx) => moveByHand(tx, transfer)))
  }
}

async function moveByHand(tx: DatabaseTransaction, transfer: Transfer): Promise<number> {
  const { from, to, amount } = transfer
  if ((await tx.actor(Account, from).getBalance()) < amount) throw new InsufficientFunds('seen before')
  void tx.actor(Account, from).withdraw(amount)
  void tx.actor(Account, to).deposit(amount)
  void tx.actor(Desk, 'main').record(transfer)
  return 0
}

async function drawIds(): Promise<void> {
  while (!isOver()) {
    const name = any(sequenceNames)
    report(`i ${name} ${await db.actor(Sequence, name).getNextId()}`)
  }
}

async function attempt(transfer: Transfer, run: () => Promise<number>): Promise<void> {
  try {
    report(`t ${transfer.tag} ${await run()}`)
  } catch (error) {
    // A transaction by hand may meet a change every time: then nothing was written.
    const expected = error instanceof InsufficientFunds || (error as { code?: string }).code === 'TRANSACTION_CONFLICT'
    if (!expected) throw error
  }
}

function anyTransfer(): Transfer {
  return {
    tag: `${options.name}-${++transfers}`,
    from: any(accountNames),
    to: any(accountNames),
    amount: 1 + Math.floor(random.next() * 50),
  }
}

function any(names: readonly string[]): string {
  return names[Math.floor(random.next() * names.length)]!
}

function isOver(): boolean {
  return options.closeAfter !== undefined && transfers >= options.closeAfter
}

function report(line: string): void {
  if (lines.push(line) === 1) setImmediate(flushReports)
}

function flushReports(): void {
  if (lines.length > 0) process.stdout.write(`${lines.splice(0).join('\n')}\n`)
}

function say(line: string): void {
  flushReports()
  process.stdout.write(`${line}\n`)
}

function fail(incident: object): void {
  process.stderr.write(`${JSON.stringify(incident)}\n`)
  process.exit(1)
}
