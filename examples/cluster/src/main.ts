// The cluster, in a minute: what callers notice when its parts die. Three servers, three workers and two clients run as
// processes on this machine; one after the other, a worker is killed, started again, paused, the server that leads the log
// is killed, a worker joins and another leaves. At the end the recorded histories are judged. The scenario is here; how a
// worker and a client are started is in test/cluster/worker.ts and client.ts, and takes some ten lines.

import { setTimeout as sleep } from 'node:timers/promises'
import { Completions, Fleet, judge, readHistories, totalOf, type Judgement } from '@streamy-db/system-tests/testing'
import { printReport } from './final-report.ts'
import { LiveBoard } from './live-board.ts'
import { Timeline } from './timeline.ts'

const partitions = 24
const heartbeatMs = 100
const evictAfterMs = 800
// A takeover replays the log from the newest checkpoint on.
const checkpointBytes = 1024 * 1024
const pauseMs = 3000
const settleMs = 3000

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())

console.log(
  'Three nats-servers with three copies of the log, three workers, two clients: all processes on this machine.',
)
const onEvent = process.argv.includes('--verbose') ? (line: string): void => console.log(`         ${line}`) : undefined
const fleet = await Fleet.start({
  servers: 3,
  partitions,
  worker: { heartbeatMs, evictAfterMs, checkpointBytes },
  ...(onEvent && { onEvent }),
})
try {
  const holds = await unlessInterrupted(demonstrate())
  process.exitCode = holds ? 0 : 1
} catch (error) {
  console.error(interrupted.signal.aborted ? '\nInterrupted: everything is being stopped.' : error)
  process.exitCode = interrupted.signal.aborted ? 130 : 1
} finally {
  await fleet.stop()
}
// What was interrupted may still wait for something.
process.exit()

async function demonstrate(): Promise<boolean> {
  await fleet.startWorkers('w1', 'w2', 'w3')
  await fleet.openAccounts()
  const lanes = { bank: 8, transactions: 4, ids: 4, registers: 4, lists: 4 }
  await Promise.all(['client-1', 'client-2'].map((name) => fleet.startClient(name, { lanes, seed: name, thinkMs: 10 })))
  console.log(
    'Clients transfer money, take snapshots of all accounts, draw ids, compare and set registers, append to lists.',
  )

  const board = new LiveBoard(fleet)
  const timeline = new Timeline()
  board.start()
  interrupted.signal.addEventListener('abort', () => board.stop())
  await runScenario(board, timeline)
  await fleet.stopClients()
  board.stop()
  return await conclude(timeline)
}

async function runScenario(board: LiveBoard, timeline: Timeline): Promise<void> {
  const begin = (name: string, what: string, goalMs?: number): void => {
    board.announce(what)
    timeline.begin(name, goalMs)
  }
  const settle = async (ms = settleMs): Promise<void> => {
    timeline.settled()
    await pause(ms)
  }

  begin('nothing', 'Nothing happens for a while, to compare with.')
  await settle()

  begin('a worker dies', `SIGKILL to worker w2, process ${fleet.worker('w2').pid}.`, 2000)
  await fleet.worker('w2').kill()
  await fleet.until(({ members }) => !members.some(({ name }) => name === 'w2'))
  await settle()

  begin('it comes back', 'Worker w2 starts again in its directory.', 100)
  await fleet.startWorkers('w2')
  await untilOwning('w2')
  await settle()

  const paused = fleet.worker('w3')
  begin('a worker is paused', `SIGSTOP to worker w3, process ${paused.pid}, for ${pauseMs / 1000} s.`, 2000)
  paused.pause()
  await fleet.until(({ members }) => !members.some(({ name }) => name === 'w3'))
  timeline.settled()
  await pause(pauseMs)
  begin('it wakes up', 'SIGCONT to worker w3: it finds out that it was evicted, and joins again.', 100)
  paused.resume()
  await untilOwning('w3')
  await settle()

  const leader = await fleet.streamLeader()
  begin(
    'a server dies',
    `SIGKILL to ${leader.name}, process ${leader.pid}, which leads the log: the others elect a new leader.`,
  )
  await leader.kill()
  await fleet.nextStreamLeader(leader)
  // As many calls cannot have been on their way.
  await fleet.completes(100)
  timeline.settled()
  await pause(settleMs)
  begin('it comes back', `${leader.name} starts again.`)
  await leader.launch('listening')
  await settle()

  begin('a worker joins', 'Worker w4 starts on an empty directory.', 100)
  await fleet.startWorkers('w4')
  await untilOwning('w4')
  await settle()

  begin('a worker leaves', 'Worker w1 is asked to leave: it hands over what it owns first.', 100)
  fleet.worker('w1').order('leave')
  await fleet.worker('w1').said('left')
  await settle()

  begin('end', 'The clients stop.')
}

async function conclude(timeline: Timeline): Promise<boolean> {
  console.log('\nThe histories of both clients are judged …')
  await using db = await fleet.connect()
  const total = await totalOf(db)
  const histories = readHistories(fleet.histories)
  const judgements: readonly Judgement[] = judge(histories)
  const effects = timeline.effects(new Completions(histories))
  return printReport({ effects, errors: fleet.errors, judgements, total })
}

async function untilOwning(worker: string): Promise<void> {
  await fleet.until(({ members, owners }) => {
    const member = members.find(({ name }) => name === worker)
    return member?.phase === 'ready' && owners.includes(worker) && !owners.includes(null)
  })
}

async function pause(ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: interrupted.signal })
}

async function unlessInterrupted<Result>(work: Promise<Result>): Promise<Result> {
  const interruption = new Promise<never>((_, reject) => {
    interrupted.signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true })
  })
  return await Promise.race([work, interruption])
}
