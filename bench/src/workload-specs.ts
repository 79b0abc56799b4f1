// The workloads of the workloads suite, with all their parameters: what is called, on how many keys, by how many callers. Where a
// published benchmark is followed, its parameters are named beside it. They know ports and no system.

import { idPlan, transferPlan, type CallPlan } from './call-plan.ts'
import { contentionPlan, multiTransferPlan } from './group-plan.ts'
import type { SpecName } from './spec-names.ts'
import { Unsupported, type Port, type System } from './systems/system.ts'
import { tpccScale } from './tpcc-plan.ts'
import { CounterGroups } from './workloads/counter-groups.ts'
import { GetNextId } from './workloads/get-next-id.ts'
import { MultiTransfers } from './workloads/multi-transfers.ts'
import { RecordCalls, initialRecords, type RecordMix } from './workloads/record-calls.ts'
import { Tpcc } from './workloads/tpcc.ts'
import { Transfers, openingBalance } from './workloads/transfers.ts'
import type { Workload } from './workloads/workload.ts'

/** One workload, for any system. */
export interface WorkloadSpec {
  readonly name: SpecName
  readonly title: string
  /** What a reader needs to repeat it. */
  readonly parameters: string
  /** Numbers of concurrent callers at which it is measured. */
  readonly callers: readonly number[]
  /** Whether its latency is measured in an open loop too. */
  readonly openLoop: boolean
  /** The same calls for a floor; undefined where some of them only read. */
  readonly plan: CallPlan | undefined
  /** Loads what it needs. Rejects with `Unsupported` where a system cannot do it. */
  open(system: System): Promise<OpenWorkload>
}

/** A workload on one system. */
export interface OpenWorkload extends Port {
  readonly workload: Workload
}

const MAIN_CALLERS = 1024
const SEQUENCES = 1000
const ACCOUNTS = 10_000
const SKEW = 1.5
const PUBLISHED_CLIENTS = 64
const PUBLISHED_IN_FLIGHT = 40
const PUBLISHED_ACCOUNTS = 100_000
const MULTI_TRANSFER_SIZE = 4
const RECORDS = 10_000
const YCSB_SKEW = 0.99
const CALVIN_SIZE = 10
const CALVIN_COLD = 50_000
const FEWER_CALLERS = 256
const ladder = [1, 64, 1024]

const specs: Readonly<Record<SpecName, () => WorkloadSpec>> = {
  ids: () => ids('ids', 'getNextId', SEQUENCES, { callers: ladder, openLoop: true }),
  hot: () => ids('hot', 'getNextId, one actor', 1, {}),
  transfers: () => transfers('transfers', ACCOUNTS, 0, { callers: ladder, openLoop: true }),
  zipf: () => transfers('zipf', ACCOUNTS, SKEW, {}),
  spacetime: () =>
    transfers('spacetime', PUBLISHED_ACCOUNTS, SKEW, {
      title: "transfers, SpacetimeDB's load",
      callers: [PUBLISHED_CLIENTS * PUBLISHED_IN_FLIGHT],
      note: `; ${PUBLISHED_CLIENTS} clients with ${PUBLISHED_IN_FLIGHT} in flight`,
    }),
  smallbank: smallBank,
  'ycsb-a': () => ycsb('a', { writes: 0.5, modifications: 0 }),
  'ycsb-b': () => ycsb('b', { writes: 0.05, modifications: 0 }),
  'ycsb-c': () => ycsb('c', { writes: 0, modifications: 0 }),
  'ycsb-f': () => ycsb('f', { writes: 0, modifications: 0.5 }),
  'ycsb-t': () =>
    transfers('ycsb-t', ACCOUNTS, YCSB_SKEW, {
      title: 'YCSB-T',
      note: '; two reads and two writes in a transaction, as in Styx',
    }),
  tpcc,
  'calvin-10000': () => calvin(10_000),
  'calvin-1000': () => calvin(1000),
  'calvin-100': () => calvin(100),
  'calvin-10': () => calvin(10),
  'calvin-1': () => calvin(1),
}

/** The workload of that name; makes its plan, which takes memory. */
export function workloadSpec(name: SpecName): WorkloadSpec {
  return specs[name]()
}

interface SpecOptions {
  readonly callers?: readonly number[]
  readonly openLoop?: boolean
  readonly title?: string
  readonly note?: string
}

function ids(
  name: SpecName,
  title: string,
  count: number,
  { callers = [MAIN_CALLERS], openLoop = false }: SpecOptions,
): WorkloadSpec {
  const parameters = `${count} counter${count === 1 ? '' : 's'}, drawn alike`
  const plan = idPlan(`${name}-`, count)
  const open = async (system: System): Promise<OpenWorkload> => {
    const keys = Array.from({ length: count }, (_, index) => plan.key(index))
    const counters = await system.openCounters(keys)
    return { workload: new GetNextId(counters, `${title}, ${system.title}`, plan, 'any') }
  }
  return { name, title, parameters, callers, openLoop, plan, open }
}

function transfers(
  name: SpecName,
  count: number,
  exponent: number,
  { title, callers = [MAIN_CALLERS], openLoop = false, note = '' }: SpecOptions,
): WorkloadSpec {
  const skew = exponent === 0 ? 'drawn alike' : `drawn by Zipf ${exponent}`
  const plan = transferPlan(`${name}-`, count, exponent)
  const parameters = `${count} accounts, ${skew}${note}`
  const open = async (system: System): Promise<OpenWorkload> => {
    const accounts = await system.openAccounts(plan.keys, openingBalance)
    if (name !== 'transfers') requireAtomic(accounts)
    return { ...caveatOf(accounts), workload: new Transfers(accounts, `${name}, ${system.title}`, plan) }
  }
  return {
    name,
    title: title ?? (exponent === 0 ? 'transfers, uniform' : `transfers, Zipf ${exponent}`),
    parameters,
    callers,
    openLoop,
    plan,
    open,
  }
}

function smallBank(): WorkloadSpec {
  const plan = multiTransferPlan('smallbank-', ACCOUNTS, MULTI_TRANSFER_SIZE, 1)
  const title = 'SmallBank MultiTransfer'
  const open = async (system: System): Promise<OpenWorkload> => {
    const accounts = await system.openAccounts(plan.keys, openingBalance)
    requireAtomic(accounts)
    return { workload: new MultiTransfers(accounts, `${title}, ${system.title}`, plan) }
  }
  const parameters = `${MULTI_TRANSFER_SIZE} of ${ACCOUNTS} accounts in a transaction, drawn alike (Snapper, SIGMOD 2022)`
  return { name: 'smallbank', title, parameters, callers: [MAIN_CALLERS], openLoop: false, plan, open }
}

function ycsb(letter: 'a' | 'b' | 'c' | 'f', mix: RecordMix): WorkloadSpec {
  // Writes would set back what modifications count, so records that are modified are others.
  const records = initialRecords(mix.modifications === 0 ? 'ycsb-' : `ycsb-${letter}-`, RECORDS)
  const title = `YCSB ${letter.toUpperCase()}`
  const shares = [
    `${Math.round(100 * (1 - mix.writes - mix.modifications))} % reads`,
    ...(mix.writes === 0 ? [] : [`${Math.round(100 * mix.writes)} % writes of whole records`]),
    ...(mix.modifications === 0
      ? []
      : [`${Math.round(100 * mix.modifications)} % read-modify-writes, each a transaction`]),
  ]
  const parameters = `${RECORDS} records of 10 × 100 bytes in one value, Zipf ${YCSB_SKEW}; ${shares.join(', ')}`
  const open = async (system: System): Promise<OpenWorkload> => {
    const opened = await system.openRecords(records)
    const keys = records.map(([key]) => key)
    return { workload: new RecordCalls(opened, `${title}, ${system.title}`, keys, mix, YCSB_SKEW) }
  }
  return { name: `ycsb-${letter}`, title, parameters, callers: [MAIN_CALLERS], openLoop: false, plan: undefined, open }
}

function calvin(hot: 1 | 10 | 100 | 1000 | 10_000): WorkloadSpec {
  const name = `calvin-${hot}` as const
  const title = `Calvin's microbenchmark, contention ${1 / hot}`
  const plan = contentionPlan(`${name}-`, hot, CALVIN_COLD, CALVIN_SIZE)
  const parameters = `${CALVIN_SIZE} read-modify-writes in a transaction, one on ${hot} hot and the others on ${CALVIN_COLD} cold counters`
  const open = async (system: System): Promise<OpenWorkload> => {
    const counters = await system.openCounters(plan.keys)
    requireAtomic(counters)
    return { workload: new CounterGroups(counters, `${title}, ${system.title}`, plan) }
  }
  return { name, title, parameters, callers: [FEWER_CALLERS], openLoop: false, plan, open }
}

function tpcc(): WorkloadSpec {
  const { warehouses, districts, customers, items } = tpccScale
  const title = 'TPC-C NewOrder and Payment'
  const open = async (system: System): Promise<OpenWorkload> => {
    if (system.openTpcc === undefined) throw new Unsupported('not written for it')
    const port = await system.openTpcc()
    return { workload: new Tpcc(port, `${title}, ${system.title}`) }
  }
  const parameters = `${warehouses} warehouses of ${districts} districts, ${customers} customers a district and ${items} items; half and half`
  return { name: 'tpcc', title, parameters, callers: [FEWER_CALLERS], openLoop: false, plan: undefined, open }
}

// What is not atomic is measured once, in uniform transfers, and marked there; elsewhere it is named with its reason.
function requireAtomic({ caveat }: Port): void {
  if (caveat !== undefined) throw new Unsupported(caveat)
}

// Not there rather than undefined, as the compiler asks for.
function caveatOf({ caveat }: Port): Port {
  return caveat === undefined ? {} : { caveat }
}
