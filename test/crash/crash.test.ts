// A process is killed with SIGKILL at random moments, over and over, on one directory: under load, while it flushes its
// state, while it recovers and while it closes, with tells and timers under way. After each crash the books must
// balance, see audit.ts. The seed decides what the victims do and when they are to be killed; how far they have come
// by then is up to the machine, so a seed repeats a run only nearly.
//
//   STREAMY_CRASH_KILLS=500 STREAMY_CRASH_SEED=1 npm test -- test/crash

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '@streamy-db/core'
import { expect, test } from 'vitest'
import { open, type Database } from 'streamy-db'
import { Audit } from './audit.ts'
import { accountNames, Account, actors, openingBalance, Sequence } from './crash-bank.ts'
import { type KillPlan, killVictim } from './kill.ts'

const kills = Number(process.env['STREAMY_CRASH_KILLS'] ?? 50)
const seed = process.env['STREAMY_CRASH_SEED'] ?? `${Math.floor(Math.random() * 1e9)}`
const timeoutMs = 60_000 + kills * 3000
const KIB = 1024
const hourUs = 3_600_000_000

/** What a victim does when it is killed, and how much log it lets gather before it flushes its state. */
interface Scene extends KillPlan {
  readonly logBytesMax: number
  readonly closeAfter?: number
}

/** What became of one bank. */
interface Result {
  readonly killed: number
  readonly acknowledged: number
}

test(`nothing acknowledged is lost and nothing happens twice in ${kills} crashes`, { timeout: timeoutMs }, async () => {
  console.log(`Seed ${seed}; again: STREAMY_CRASH_KILLS=${kills} STREAMY_CRASH_SEED=${seed} npm test -- test/crash`)
  // Two banks at once: most of the time of a crash is waiting for a process to start.
  const results = await Promise.all(['north', 'south'].map((bank) => crashOften(`${seed}/${bank}`, kills / 2)))
  for (const { killed, acknowledged } of results) {
    console.log(`${killed} kills, ${acknowledged} acknowledged transactions, none lost, none repeated.`)
    expect(acknowledged).toBeGreaterThan(killed)
  }
})

async function crashOften(name: string, times: number): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'streamy-crash-'))
  try {
    const random = new Random(name)
    const audit = new Audit()
    await openAccounts(directory)
    let killed = 0
    for (let round = 0; killed < times; round++) {
      for (const [index, scene] of anyScenes(random).entries()) {
        const { logBytesMax, closeAfter } = scene
        const remains = await killVictim(
          { directory, name: `${name}/${round}/${index}`, logBytesMax, closeAfter },
          scene,
        )
        audit.note(remains)
        if (remains.killed) killed += 1
      }
      await using db = await open(directory, { actors })
      await audit.check(db)
    }
    await using db = await openLater(directory)
    await settle(db)
    await audit.checkAll(db)
    return { killed, acknowledged: audit.acknowledged }
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function openAccounts(directory: string): Promise<void> {
  await using db = await open(directory, { actors })
  await Promise.all(accountNames.map((name) => db.actor(Account, name).deposit(openingBalance)))
}

/** One to three crashes in a row, without an orderly opening in between. */
function anyScenes(random: Random): readonly Scene[] {
  const upTo = (ms: number): number => random.next() * ms
  const underLoad: Scene = { during: 'open', afterMs: upTo(200), logBytesMax: 1024 * KIB * KIB }
  const inFlush: Scene = { during: 'open', afterMs: upTo(150), logBytesMax: 1 + Math.floor(upTo(64 * KIB)) }
  const inClose: Scene = {
    during: 'closing',
    afterMs: upTo(12),
    logBytesMax: 1024 * KIB,
    closeAfter: Math.floor(upTo(1000)),
  }
  const inRecovery: Scene = { during: 'opening', afterMs: upTo(60), logBytesMax: 1 + Math.floor(upTo(64 * KIB)) }
  const all = [[underLoad], [inFlush], [inClose], [underLoad, inRecovery], [underLoad, inRecovery, inRecovery]]
  return all[Math.floor(random.next() * all.length)]!
}

/** Opens it an hour later, when every timer is due. */
function openLater(directory: string): Promise<Database> {
  return open(directory, { actors, clock: { now: () => Date.now() * 1000 + hourUs, alarm: () => () => {} } })
}

// Timers run at the start of a batch, and a tell is a batch behind: a few batches, and all have run.
async function settle(db: Database): Promise<void> {
  for (let batch = 0; batch < 20; batch++) await db.actor(Sequence, 'afterwards').getNextId()
}
