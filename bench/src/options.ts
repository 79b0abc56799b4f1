// The command line of the benchmarks: what may be given, what stands when nothing is, and the text of `--help`.

import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { specNames, type SpecName } from './spec-names.ts'
import { peerNames, type PeerName } from './systems/system-names.ts'
import { workloadNames, type WorkloadName } from './workload-names.ts'

/** All suites, in the order in which they run. */
export const suiteNames = [
  'embedded',
  'cluster',
  'multi-partition',
  'workloads',
  'kv',
  'documents',
  'http',
  'memory',
  'scale',
  'recovery',
  'state',
] as const

/** One of {@link suiteNames}. */
export type SuiteName = (typeof suiteNames)[number]

/** What to run and how long. */
export interface BenchOptions {
  readonly suites: readonly SuiteName[]
  /** Of the embedded and the cluster suite. */
  readonly workloads: readonly WorkloadName[]
  /** Of the workloads suite. */
  readonly specs: readonly SpecName[]
  /** What the workloads suite measures Streamy beside. */
  readonly peers: readonly PeerName[]
  readonly callers: readonly number[]
  /** Those of the workloads suite, where they are not the workload's own. */
  readonly specCallers: readonly number[] | undefined
  /** Measured time of one figure in one round. */
  readonly seconds: number
  readonly rounds: number
  /** What the workloads suite should not take longer than: it leaves out rounds, and at last workloads. */
  readonly minutes: number
  /** Actors of the memory suite; its cache holds a twentieth of them. */
  readonly actors: number
  /** Actors of the scale suite. */
  readonly scaleActors: number
  /** Keys of the kv suite. */
  readonly keys: number
  /** Documents of the documents suite. */
  readonly documents: number
  /** Transactions that the recovery suite logs and replays; the scale suite makes 25 times as many. */
  readonly transactions: number
  /** Where databases are put while they are measured. */
  readonly directory: string
  readonly json: string | undefined
  /** Where a report is written that people read, with its pictures beside it. */
  readonly report: string | undefined
  /** A file of results to report on, instead of measuring. */
  readonly from: string | undefined
  /** Whether each suite says where this process spent its time. */
  readonly profile: boolean
}

/** Something on the command line that cannot be. */
export class UsageError extends Error {}

export const usage = `npm run bench -- [suite …] [options]

Suites (embedded, unless others are named; workloads with --peers; all for all of them)
  embedded   ids and transfers in closed loops, beside the floor that disk and encoding set
  cluster    the same on a NATS server with a worker of its own, beside the floor that stream and server set
  multi-partition
             Calvin's microbenchmark on a cluster by the share of transactions over two partitions
  workloads  published workloads on Streamy, embedded and as a cluster, and beside its peers
  kv         a million keys, ascending and random: writes, reads, scans, leaf fill
  documents  documents with three indexes: inserts, reads, ranges, updates by a unique key
  http       requests to a served database, beside the framework and Node alone
  memory     a million actors in a cache of a twentieth of them
  scale      ten million actors, and a log that goes on: recovery, memory and disk against size
  recovery   replaying a log after a kill, beside the execution that wrote it
  state      what a message on a small actor costs without any log

Options
  --quick              everything within about a minute, for a first look
  --callers 1,256      numbers of concurrent callers (1,64,256,1024,4096)
  --seconds N          measured time of one figure in one round (1)
  --rounds N           rounds; the report shows medians and extremes (5)
  --minutes N          about how long the workloads suite may take: rounds, then workloads, are left out (10)
  --workloads a,b      of the embedded and the cluster suite, some of ${workloadNames.slice(0, 4).join(', ')},
                       ${workloadNames.slice(4).join(', ')} (all); of the workloads suite, some of
                       ${specNames.slice(0, 8).join(', ')},
                       ${specNames.slice(8).join(', ')} (all)
  --peers              measures peers in the workloads suite too: ${peerNames.slice(0, 4).join(', ')},
                       ${peerNames.slice(4).join(', ')}; the first time they are fetched
  --peer a,b           only those
  --actors N           actors of the memory suite (1000000)
  --scale N            actors of the scale suite (10000000)
  --keys N             keys of the kv suite (1000000)
  --documents N        documents of the documents suite (100000)
  --transactions N     transactions of the recovery suite; the scale suite makes 25 times as many (1000000)
  --directory DIR      where databases are put meanwhile (the system's temporary directory)
  --json FILE          writes all figures of all rounds to a file as well
  --report FILE        writes the results of the workloads suite as Markdown, with pictures in a folder beside it
  --from FILE          measures nothing, and writes the report of a file that --json has written
  --profile            where what was measured spent its time: functions by their own time
  --help               this text`

const allWorkloads = [...new Set([...workloadNames, ...specNames])]

const thorough = {
  callers: '1,64,256,1024,4096',
  seconds: '1',
  rounds: '5',
  minutes: '10',
  actors: '1000000',
  scale: '10000000',
  keys: '1000000',
  documents: '100000',
  transactions: '1000000',
}
const quick = {
  ...thorough,
  seconds: '0.3',
  rounds: '2',
  minutes: '2',
  actors: '100000',
  scale: '200000',
  keys: '100000',
  documents: '20000',
  transactions: '100000',
}

/** Reads the command line; undefined when it asks for help. Throws {@link UsageError}. */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values, positionals } = parse(args)
  if (values.help === true) return undefined
  const defaults = values.quick === true ? quick : thorough
  const peers = readPeers(values.peers === true, values.peer)
  const workloads = readNames('workloads', values.workloads ?? allWorkloads.join(','), allWorkloads)
  const counts = (list: string): readonly number[] => list.split(',').map((text) => readCount('callers', text))
  return {
    suites: readSuites(positionals, peers.length === 0 ? 'embedded' : 'workloads'),
    workloads: workloadNames.filter((name) => workloads.includes(name)),
    specs: specNames.filter((name) => workloads.includes(name)),
    peers,
    callers: counts(values.callers ?? defaults.callers),
    specCallers: values.callers === undefined ? undefined : counts(values.callers),
    seconds: readNumber('seconds', values.seconds ?? defaults.seconds),
    rounds: readCount('rounds', values.rounds ?? defaults.rounds),
    minutes: readNumber('minutes', values.minutes ?? defaults.minutes),
    actors: readCount('actors', values.actors ?? defaults.actors),
    scaleActors: readCount('scale', values.scale ?? defaults.scale),
    keys: readCount('keys', values.keys ?? defaults.keys),
    documents: readCount('documents', values.documents ?? defaults.documents),
    transactions: readCount('transactions', values.transactions ?? defaults.transactions),
    directory: values.directory ?? tmpdir(),
    json: values.json,
    report: values.report,
    from: values.from,
    profile: values.profile === true,
  }
}

function parse(args: readonly string[]): ReturnType<typeof parseKnown> {
  try {
    return parseKnown(args)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

// Its result has no type of its own to name.
// oxlint-disable-next-line typescript/explicit-function-return-type
function parseKnown(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = {
    callers: text,
    seconds: text,
    rounds: text,
    minutes: text,
    workloads: text,
    actors: text,
    scale: text,
    keys: text,
    documents: text,
    transactions: text,
    directory: text,
    json: text,
    report: text,
    from: text,
    peer: text,
    peers: flag,
    profile: flag,
    quick: flag,
    help: flag,
  }
  return parseArgs({ args: [...args], options, allowPositionals: true })
}

function readSuites(names: readonly string[], otherwise: SuiteName): readonly SuiteName[] {
  if (names.length === 0) return [otherwise]
  if (names.includes('all')) return suiteNames
  return readNames('suite', names.join(','), suiteNames)
}

function readPeers(all: boolean, list: string | undefined): readonly PeerName[] {
  if (list !== undefined) return readNames('peer', list, peerNames)
  return all ? peerNames : []
}

// In the order of `known`, each once.
function readNames<Name extends string>(option: string, list: string, known: readonly Name[]): readonly Name[] {
  const given = list.split(',')
  const unknown = given.find((name) => !(known as readonly string[]).includes(name))
  if (unknown !== undefined) throw new UsageError(`There is no ${option} ${unknown}; there are ${known.join(', ')}.`)
  return known.filter((name) => given.includes(name))
}

function readCount(option: string, text: string): number {
  const value = readNumber(option, text)
  if (!Number.isInteger(value)) throw new UsageError(`--${option} takes whole numbers, and ${text} is none.`)
  return value
}

function readNumber(option: string, text: string): number {
  const value = Number(text)
  if (!(value > 0 && value < Infinity)) throw new UsageError(`--${option} takes a number above 0, and ${text} is none.`)
  return value
}
