// Chaos: random faults over a cluster of processes under load, one after the other, for as long as one likes. A seed decides
// which faults come and when; how far load and cluster have come by then is up to the machine, so a seed repeats a run only
// nearly. Here is the run; what is done to the cluster is in faults.ts.

import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '@streamy-db/core'
import { Fleet } from '../fleet.ts'
import { judge, readHistories, totalOf, type Judgement } from '../judgement.ts'
import { TcpProxy } from '../tcp-proxy.ts'
import { faults, type Scene } from './faults.ts'

/** How chaos is run. */
export interface ChaosOptions {
  readonly seed: string
  readonly seconds: number
  readonly servers: 1 | 3
  readonly say: (what: string) => void
  /** Ends it before its time. */
  readonly signal?: AbortSignal
  /** Told what workers say. */
  readonly onEvent?: (line: string) => void
}

/** What came of it. */
export interface ChaosResult {
  readonly faults: ReadonlyMap<string, number>
  readonly judgements: readonly Judgement[]
  readonly total: number
  readonly calls: number
  /** How many were answered, refusals included. */
  readonly answered: number
  readonly errors: Fleet['errors']
  /** Where the histories are, when one of them is not valid. */
  readonly kept: string | undefined
}

const workers = ['w1', 'w2', 'w3'] as const
const clients = ['client-1', 'client-2'] as const
const lanes = { bank: 3, transactions: 2, ids: 2, registers: 2, lists: 3 }
const restMsMax = 3000

/** Runs chaos, and has the histories judged. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, servers, onEvent } = options
  await using fleet = await Fleet.start({
    servers,
    partitions: 12,
    worker: { checkpointBytes: 256 * 1024, logBytesMax: 128 * 1024 },
    ...(onEvent && { onEvent }),
  })
  const proxies = new Map<string, readonly TcpProxy[]>()
  for (const name of [...workers, 'the clients'])
    proxies.set(name, await Promise.all(fleet.servers.map(({ url }) => TcpProxy.start(url))))
  try {
    const urlsOf = (name: string): readonly string[] => proxies.get(name)!.map(({ url }) => url)
    await Promise.all(
      workers.map(async (name) => await fleet.launchWorker(name, { servers: urlsOf(name) }).said('ready')),
    )
    await fleet.openAccounts()
    await Promise.all(
      clients.map((name) =>
        fleet.startClient(name, { lanes, seed: `${seed}/${name}`, thinkMs: 10, servers: urlsOf('the clients') }),
      ),
    )
    const struck = await strikeUntilOver(options, {
      fleet,
      workers,
      proxies,
      random: new Random(seed),
      say: options.say,
    })
    return await conclude(fleet, struck)
  } finally {
    for (const proxy of [...proxies.values()].flat()) await proxy.close()
  }
}

async function strikeUntilOver(
  { seconds, say, signal }: ChaosOptions,
  scene: Omit<Scene, 'say'> & Pick<Scene, 'say'>,
): Promise<ReadonlyMap<string, number>> {
  const { fleet, random } = scene
  const struck = new Map<string, number>()
  const end = performance.now() + seconds * 1000
  let remaining = shuffled(faults, random)
  while (performance.now() < end) {
    signal?.throwIfAborted()
    await sleep(restMsMax * random.next(), undefined, signal === undefined ? {} : { signal })
    const fault = remaining.pop()!
    struck.set(fault.name, (struck.get(fault.name) ?? 0) + 1)
    await fault.strike(scene)
    // Every kind comes before any comes again.
    if (remaining.length === 0) remaining = shuffled(faults, random)
    say(`${fleet.completed} calls completed, ${fleet.errors.length} errors`)
  }
  return struck
}

async function conclude(fleet: Fleet, struck: ReadonlyMap<string, number>): Promise<ChaosResult> {
  await fleet.stopClients()
  await using db = await fleet.connect()
  const total = await totalOf(db)
  const judgements = judge(readHistories(fleet.histories))
  const outcomes = judgements.flatMap(({ operations }) => operations).map(({ outcome }) => outcome)
  return {
    faults: struck,
    judgements,
    total,
    calls: outcomes.length,
    answered: outcomes.filter((outcome) => outcome !== 'unknown').length,
    errors: fleet.errors,
    kept: judgements.every(({ verdict }) => verdict.result === 'valid') ? undefined : await fleet.keepHistories(),
  }
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const drawn = items.map((item) => ({ item, at: random.next() }))
  return drawn.sort((a, b) => a.at - b.at).map(({ item }) => item)
}
