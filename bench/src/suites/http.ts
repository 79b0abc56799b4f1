// The http suite: requests to a served embedded database, beside two floors that answer a constant: the framework that the
// server is made with, and Node alone. Each server is a process of its own; the client is this one, so on two cores each has
// one. Rounds alternate between the servers.

import { join } from 'node:path'
import { measure } from '../closed-loop.ts'
import { Companion } from '../companion.ts'
import type { HttpServerInput, HttpServerStatus } from '../companions/http-server.ts'
import { type HttpRequest, KeepAliveClient } from '../keep-alive-client.ts'
import { spreadOf } from '../spread.ts'
import type { SuiteContext } from '../suite.ts'
import { precise, tableLines, whole, withExtremes } from '../table.ts'

type Kind = HttpServerInput['kind']

interface Measured {
  readonly name: string
  readonly kind: Kind
  readonly request: HttpRequest
}

interface Round {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Processor time of the server per request. */
  readonly cpuUs: number
}

const KEYS = 10_000
const GOAL = 10_000
const GOAL_CALLERS_MIN = 64
const CALLERS_MAX = 1024
const kinds: readonly Kind[] = ['node', 'framework', 'streamy']
const entry = (pick: number): string => `/v1/kv/bench/users/u${pick}`
const value = '{"name":"Ada","visits":1}'
const get: HttpRequest = { method: 'GET', path: entry, status: 200 }
const put: HttpRequest = { method: 'PUT', path: entry, body: value, status: 200 }
const getNextId: HttpRequest = {
  method: 'POST',
  path: (pick) => `/v1/actors/Sequence/s${pick}/getNextId`,
  body: '[]',
  status: 200,
}

/** What is measured, floors before what stands on them. */
const measuredOnes: readonly Measured[] = [
  { name: 'node get', kind: 'node', request: get },
  { name: 'framework get', kind: 'framework', request: get },
  { name: 'get', kind: 'streamy', request: get },
  { name: 'framework put', kind: 'framework', request: put },
  { name: 'put', kind: 'streamy', request: put },
  { name: 'message', kind: 'streamy', request: getNextId },
]

/** See the header. */
export async function httpSuite({ options, directory, print, progress }: SuiteContext): Promise<unknown> {
  const callers = options.callers.filter((count) => count <= CALLERS_MAX)
  print(`HTTP  an embedded database of ${whole(KEYS)} entries, a connection a caller; per second`)
  const servers = new Map<Kind, Companion<HttpServerStatus>>()
  const levels: unknown[] = []
  try {
    for (const kind of kinds) {
      const input: HttpServerInput = { kind, directory: join(directory, kind), keys: KEYS }
      servers.set(kind, await Companion.start<HttpServerStatus>(serverModule, input))
    }
    for (const count of callers) {
      const rounds = new Map<string, Round[]>(measuredOnes.map(({ name }) => [name, []]))
      for (let round = 0; round < options.rounds; round++)
        for (const measured of measuredOnes) {
          progress(`${measured.name}, ${count} callers, round ${round + 1}`)
          rounds
            .get(measured.name)!
            .push(await measureOne(servers.get(measured.kind)!, measured, count, options.seconds))
        }
      progress('')
      report(count, rounds, print)
      levels.push({ callers: count, rounds: Object.fromEntries(rounds) })
    }
    return levels
  } finally {
    for (const server of servers.values()) await server.stop()
  }
}

const serverModule = new URL('../companions/http-server.js', import.meta.url)

async function measureOne(
  server: Companion<HttpServerStatus>,
  { request }: Measured,
  callers: number,
  seconds: number,
): Promise<Round> {
  const before = await server.status()
  const client = new KeepAliveClient(before.port, request, KEYS)
  const { callsPerSecond, p50Ms, p99Ms, callsInAll } = await measure(client, { callers, seconds })
  client.close()
  const { cpuUs } = await server.status()
  return { perSecond: callsPerSecond, p50Ms, p99Ms, cpuUs: (cpuUs - before.cpuUs) / callsInAll }
}

function report(callers: number, rounds: ReadonlyMap<string, readonly Round[]>, print: (line?: string) => void): void {
  print()
  print(`${whole(callers)} ${callers === 1 ? 'caller' : 'callers'}`)
  const header = ['', 'requests', 'of framework', 'p50 ms', 'p99 ms', 'server µs', 'goal']
  const rows = [...rounds].map(([name, measured]) => {
    const floor = rounds.get(name === 'get' ? 'framework get' : 'framework put')!
    const ratios = measured.map(({ perSecond }, round) => perSecond / floor[round]!.perSecond)
    const perSecond = spreadOf(measured.map((each) => each.perSecond))
    const isGoal = callers >= GOAL_CALLERS_MIN && !name.includes(' ')
    const verdict = `≥ ${whole(GOAL)}: ${perSecond.median >= GOAL ? 'met' : 'MISSED'}`
    return [
      name,
      withExtremes(perSecond, whole),
      name.includes(' ') ? '' : precise(spreadOf(ratios).median),
      precise(spreadOf(measured.map(({ p50Ms }) => p50Ms)).median),
      precise(spreadOf(measured.map(({ p99Ms }) => p99Ms)).median),
      precise(spreadOf(measured.map(({ cpuUs }) => cpuUs)).median),
      isGoal ? verdict : '',
    ]
  })
  for (const line of tableLines(header, rows)) print(line)
}
