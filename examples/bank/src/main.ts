// The bank, in half a minute: what a crash does to transactions. Opens accounts, lets another process do business in
// the same directory, kills it without warning while it is busy, opens the directory again, and counts the money.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Database, open } from 'streamy-db'
import { Account, Sequence } from './bank.ts'

const accounts = 100
const deposit = 1000
const seconds = Number(process.argv[2] ?? 3)

const directory = await mkdtemp(join(tmpdir(), 'streamy-bank-'))
try {
  await openAccounts()
  const receipts = await doBusinessUntilKilled()
  await recover(receipts)
} finally {
  await rm(directory, { recursive: true, force: true })
}

async function openAccounts(): Promise<void> {
  await using db = await open(directory, { actors: [Account, Sequence] })
  await Promise.all(names().map((name) => db.actor(Account, name).deposit(deposit)))
  console.log(`A bank in ${directory}`)
  console.log(`  ${accounts} accounts with ${deposit} each: ${await total(db)} in all.\n`)
}

async function doBusinessUntilKilled(): Promise<readonly number[]> {
  console.log('Business, in a process of its own: 64 customers transfer money and draw receipt numbers.')
  console.log('  Each reply comes after the disk has the transaction.')
  const program = fileURLToPath(new URL('business.js', import.meta.url))
  const business = spawn(process.execPath, [program, directory, `${accounts}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const receipts: number[] = []
  const lines = createInterface(business.stdout)
  lines.on('line', (line) => receipts.push(Number(line)))
  await Promise.race([once(lines, 'line'), once(business, 'exit').then(neverStarted)])
  const start = performance.now()
  setTimeout(() => business.kill('SIGKILL'), seconds * 1000 * (0.8 + 0.2 * Math.random()))
  await once(business, 'close')
  const lasted = (performance.now() - start) / 1000
  const count = receipts.length
  console.log(`  ${count} transfers and as many receipts in ${lasted.toFixed(1)} s, and`)
  console.log(`  that is ${Math.round((2 * count) / lasted)} transactions a second.`)
  console.log('  Then SIGKILL, at a random moment: no warning, no clean-up.\n')
  return receipts
}

async function recover(receipts: readonly number[]): Promise<void> {
  const start = performance.now()
  await using db = await open(directory, { actors: [Account, Sequence] })
  const lasted = (performance.now() - start) / 1000
  console.log(`Opened again: recovered in ${lasted.toFixed(2)} s by running the log once more.`)
  const last = await db.actor(Sequence, 'receipts').lastId()
  const lost = receipts.filter((receipt) => receipt > last).length
  check(`every acknowledged receipt is there: ${receipts.length} acknowledged, ${lost} lost`, lost === 0)
  const twice = receipts.length - new Set(receipts).size
  check(`no receipt was given out twice: ${twice} repeated`, twice === 0)
  const next = await db.actor(Sequence, 'receipts').getNextId()
  check(`the next receipt follows the last: ${last}, then ${next}`, next === last + 1)
  const money = await total(db)
  check(`no money came or went: ${money} in all`, money === accounts * deposit)
}

/** The sum of all balances as of one moment. */
async function total(db: Database): Promise<number> {
  return await db.transaction(async (tx) => {
    const balances = await Promise.all(names().map((name) => tx.actor(Account, name).getBalance()))
    return balances.reduce((sum, balance) => sum + balance, 0)
  })
}

function names(): readonly string[] {
  return Array.from({ length: accounts }, (_, number) => `account-${number}`)
}

function check(claim: string, holds: boolean): void {
  console.log(`  ${holds ? 'yes' : 'NO '}  ${claim}`)
  if (!holds) process.exitCode = 1
}

function neverStarted(): never {
  throw new Error('The business ended before its first transfer: see its message above.')
}
