// Faults: what chaos does to a cluster, one at a time, each with its own recovery: when a fault's `strike` has resolved, the
// part it struck is up again or on its way.

import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '@streamy-db/core'
import type { Fleet } from '../fleet.ts'
import type { Direction, TcpProxy } from '../tcp-proxy.ts'

/** What faults strike. */
export interface Scene {
  readonly fleet: Fleet
  readonly workers: readonly string[]
  /** In front of the servers, for each worker; and one for all clients. */
  readonly proxies: ReadonlyMap<string, readonly TcpProxy[]>
  readonly random: Random
  readonly say: (what: string) => void
}

/** One kind of fault. */
export interface Fault {
  readonly name: string
  readonly strike: (scene: Scene) => Promise<void>
}

export const faults: readonly Fault[] = [
  { name: 'kill a worker', strike: killWorker },
  { name: 'kill two workers', strike: killTwoWorkers },
  { name: 'pause a worker', strike: pauseWorker },
  { name: 'pause a worker, then kill it', strike: pauseThenKill },
  { name: 'restart all workers, one after the other', strike: rollingRestart },
  { name: 'kill a server', strike: killServer },
  { name: 'cut connections', strike: cutConnections },
  { name: 'block a network', strike: blockNetwork },
  { name: "fill a worker's disk", strike: fillDisk },
  { name: "flip a bit in a dead worker's files", strike: flipBit },
]

async function killWorker({ fleet, workers, random, say }: Scene): Promise<void> {
  const name = pick(workers, random)
  say(`SIGKILL to ${name}`)
  await fleet.worker(name).kill()
  await sleep(below(2500, random))
  await comeBack(fleet, name, say)
}

async function killTwoWorkers({ fleet, workers, random, say }: Scene): Promise<void> {
  const one = pick(workers, random)
  const other = pick(
    workers.filter((name) => name !== one),
    random,
  )
  say(`SIGKILL to ${one} and ${other}`)
  await Promise.all([fleet.worker(one).kill(), fleet.worker(other).kill()])
  await sleep(below(2500, random))
  await Promise.all([comeBack(fleet, one, say), comeBack(fleet, other, say)])
}

async function pauseWorker({ fleet, workers, random, say }: Scene): Promise<void> {
  const name = pick(workers, random)
  const ms = 200 + below(3500, random)
  say(`SIGSTOP to ${name} for ${ms} ms`)
  fleet.worker(name).pause()
  await sleep(ms)
  fleet.worker(name).resume()
}

async function pauseThenKill({ fleet, workers, random, say }: Scene): Promise<void> {
  const name = pick(workers, random)
  say(`SIGSTOP to ${name}, then SIGKILL`)
  fleet.worker(name).pause()
  await sleep(below(2000, random))
  await fleet.worker(name).kill()
  await comeBack(fleet, name, say)
}

async function rollingRestart({ fleet, workers, say }: Scene): Promise<void> {
  for (const name of workers) {
    say(`${name} leaves and comes back`)
    fleet.worker(name).order('leave')
    await fleet.worker(name).said('left')
    await fleet.worker(name).gone()
    await comeBack(fleet, name, say)
  }
}

async function killServer({ fleet, random, say }: Scene): Promise<void> {
  const server = pick(fleet.servers, random)
  say(`SIGKILL to ${server.name ?? 'the server'}`)
  await server.kill()
  await sleep(below(1500, random))
  await server.launch('listening')
}

async function cutConnections({ proxies, random, say }: Scene): Promise<void> {
  const name = pick([...proxies.keys()], random)
  say(`all connections of ${name} are cut`)
  for (const proxy of proxies.get(name)!) proxy.cut()
  await Promise.resolve()
}

async function blockNetwork({ proxies, random, say }: Scene): Promise<void> {
  const name = pick([...proxies.keys()], random)
  const direction = pick<Direction>(['to-server', 'from-server', 'both'], random)
  const ms = 200 + below(3000, random)
  say(`nothing of ${name} gets through for ${ms} ms, ${direction}`)
  for (const proxy of proxies.get(name)!) proxy.block(direction)
  await sleep(ms)
  for (const proxy of proxies.get(name)!) proxy.unblock()
}

// A worker that cannot write its state stops, and says why; with room again it starts from what it has written before.
async function fillDisk({ fleet, workers, random, say }: Scene): Promise<void> {
  const name = pick(workers, random)
  const worker = fleet.worker(name)
  await worker.fillDisk()
  say(`the disk of ${name} is full`)
  await Promise.race([worker.gone(), sleep(fullDiskMsMax)])
  const stopped = worker.last('stopped')
  if (worker.ended !== undefined && stopped === undefined)
    throw new Error(
      `${name} ended on a full disk with ${worker.ended.signal ?? worker.ended.status} without saying why: ${worker.complaint}`,
    )
  say(stopped === undefined ? `${name} had nothing to write` : `${name}: ${stopped.message}`)
  await worker.kill()
  await comeBack(fleet, name, say)
}

async function flipBit({ fleet, workers, random, say }: Scene): Promise<void> {
  const name = pick(workers, random)
  await fleet.worker(name).kill()
  const where = await flipBitIn(fleet.directoryOf(name), random)
  say(`SIGKILL to ${name}, and ${where ?? 'it has no files to damage'}`)
  await comeBack(fleet, name, say)
}

// Damage in what a worker keeps for itself costs it a fresh start. The name it goes by is no copy of anything.
async function flipBitIn(directory: string, random: Random): Promise<string | undefined> {
  const files = (await readdir(directory, { recursive: true })).filter((file) => file.endsWith('.mdb')).toSorted()
  if (files.length === 0) return undefined
  const path = join(directory, pick(files, random))
  const { size } = await stat(path)
  if (size === 0) return undefined
  const at = below(size, random)
  const bit = below(8, random)
  const file = await open(path, 'r+')
  try {
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, at)
    byte[0]! ^= 1 << bit
    await file.write(byte, 0, 1, at)
  } finally {
    await file.close()
  }
  return `bit ${bit} of byte ${at} of ${path.slice(directory.length + 1)} is flipped`
}

// A worker that cannot connect or finds no checkpoint while a server is down says so and ends: whoever runs it starts it again.
async function comeBack(fleet: Fleet, name: string, say: (what: string) => void): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const child = fleet.relaunch(name)
    try {
      await child.said('ready')
      return
    } catch (error) {
      say(`${name} did not start: ${String(child.last('stopped')?.message ?? error)}`)
      if (attempt === startsMax) throw error
    }
  }
}

const startsMax = 3
const fullDiskMsMax = 10_000

function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[below(items.length, random)]!
}

function below(count: number, random: Random): number {
  return Math.floor(random.next() * count)
}
