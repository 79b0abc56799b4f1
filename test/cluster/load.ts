// Load: lanes of one client that call the database one after the other without a pause, each with one workload, and record
// what they called in the format of the checkers: before invoking, and after completing. A call that failed in a way that
// does not say whether it happened is recorded as unknown, and counts as an error that reached its caller.

import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Random, unreachable } from '@streamy-db/core'
import { type Database, type Position, type Reference } from 'streamy-db'
import { HistoryWriter } from '../checkers/history-file.ts'
import { Account, InsufficientFunds, List, Register, Sequence, type Content, type ListStep } from './actors.ts'
import { codeOf } from './child-report.ts'
import { accountsOf, workloads, type BankName, type WorkloadName } from './workloads.ts'

/** What a load consists of. */
export interface LoadOptions {
  /** Where the histories go. */
  readonly directory: string
  /** Names the client in file names and values; unique among the clients that record into one directory. */
  readonly client: string
  readonly seed: string
  /** How many lanes run each workload. */
  readonly lanes: Readonly<Partial<Record<WorkloadName, number>>>
  /** How long a lane thinks between two calls. */
  readonly thinkMs: number
}

/** One call, as it is recorded. */
interface Step {
  readonly call: unknown
  readonly run: () => Promise<{ readonly reply: unknown; readonly position?: Position | undefined }>
}

// A register's search and a list's length bound how long a key may be used. All clients change at the same moments.
const registerEpochUs = 400_000
const listEpochUs = 150_000
const listsAtOnce = 4
const registersAtOnce = 3

/** Calls a database until it is told to stop. */
export class Load {
  completed = 0
  errors = 0
  readonly #db: Database
  readonly #options: LoadOptions
  readonly #classes: boolean
  readonly #onError: (what: string, error: unknown) => void
  readonly #random: Random
  readonly #writers: HistoryWriter[] = []
  #latenciesUs: number[] = []
  #values = 0
  #stopping = false

  constructor(db: Database, options: LoadOptions, classes: boolean, onError: (what: string, error: unknown) => void) {
    this.#db = db
    this.#options = options
    this.#classes = classes
    this.#onError = onError
    this.#random = new Random(`${options.seed}/${options.client}`)
  }

  /** Runs all lanes; resolves when all have stopped. */
  async run(): Promise<void> {
    const { directory, client, lanes } = this.#options
    const names = Object.keys(workloads) as WorkloadName[]
    const running = names.flatMap((name) => {
      const count = lanes[name] ?? 0
      if (count === 0) return []
      const writer = new HistoryWriter(join(directory, `${name}.${client}.ndjson`), workloads[name])
      this.#writers.push(writer)
      return Array.from({ length: count }, (_, lane) => this.#runLane(writer, `${name}-${lane}`, this.#steps(name)))
    })
    await Promise.all(running)
    for (const writer of this.#writers) writer.close()
  }

  /** Lets each lane finish its call and ends it. */
  stop(): void {
    this.#stopping = true
  }

  /** How long the calls took that were completed since the last time. */
  takeLatencies(): readonly number[] {
    const taken = this.#latenciesUs
    this.#latenciesUs = []
    return taken
  }

  async #runLane(writer: HistoryWriter, lane: string, next: () => Step): Promise<void> {
    while (!this.#stopping) {
      const { call, run } = next()
      const startUs = nowUs()
      const id = writer.invoke(lane, call)
      try {
        writer.complete(id, { outcome: 'ok', ...(await run()) })
      } catch (error) {
        const refused = isRefusal(error)
        writer.complete(id, { outcome: refused ? 'failed' : 'unknown' })
        if (!refused) {
          this.errors += 1
          this.#onError(`${lane} ${JSON.stringify(call)}`, error)
        }
      }
      this.completed += 1
      this.#latenciesUs.push(nowUs() - startUs)
      if (this.#options.thinkMs > 0) await delay(this.#options.thinkMs * 2 * this.#random.next())
    }
  }

  #steps(name: WorkloadName): () => Step {
    switch (name) {
      case 'bank':
        return () => (this.#chance(0.1) ? this.#snapshot('bank') : this.#transfer())
      case 'transactions':
        return () => (this.#chance(0.1) ? this.#snapshot('transactions') : this.#transferInTransaction())
      case 'ids':
        return () => this.#drawId()
      case 'registers':
        return () => this.#useRegister()
      case 'lists':
        return () => this.#useLists()
      default:
        return unreachable(name)
    }
  }

  #transfer(): Step {
    const { from, to, amount } = this.#anyTransfer('bank')
    const account = this.#account(from)
    const run = (): ReturnType<typeof account.transfer> =>
      this.#chance(0.1) ? account.transferUndeclared(to, amount) : account.transfer(to, amount)
    return { call: ['transfer', from, to, amount], run }
  }

  // Two calls that commit together; half of them read first and assert what they read.
  #transferInTransaction(): Step {
    const { from, to, amount } = this.#anyTransfer('transactions')
    const reads = this.#chance(0.5)
    const run = async (): Promise<{ readonly reply: null }> => {
      await this.#db.transaction(async (tx) => {
        const [payer, payee] = this.#classes
          ? [tx.actor(Account, from), tx.actor(Account, to)]
          : [tx.actor<Account>('Account', from), tx.actor<Account>('Account', to)]
        const balance = reads ? (await payer.getBalance()).reply : amount
        if (balance < amount) throw new InsufficientFunds('seen before', { balance, wanted: amount })
        void payer.withdraw(amount)
        void payee.deposit(amount)
      })
      return { reply: null }
    }
    return { call: ['transfer', from, to, amount], run }
  }

  #snapshot(bank: BankName): Step {
    const names = accountsOf(bank)
    const run = async (): Promise<{ readonly reply: unknown; readonly position: Position | undefined }> => {
      const balances = await this.#db.transaction((tx) =>
        Promise.all(
          names.map((name) =>
            (this.#classes ? tx.actor(Account, name) : tx.actor<Account>('Account', name)).getBalance(),
          ),
        ),
      )
      const reply = Object.fromEntries(names.map((name, at) => [name, balances[at]!.reply]))
      // Transfers by transactions carry no positions, so cuts between their snapshots cannot be exact.
      return { reply, position: bank === 'bank' ? balances[0]!.position : undefined }
    }
    return { call: ['snapshot'], run }
  }

  #drawId(): Step {
    const key = `sequence-${this.#below(3)}`
    const sequence = this.#classes ? this.#db.actor(Sequence, key) : this.#db.actor<Sequence>('Sequence', key)
    return { call: ['next', key], run: () => sequence.getNextId() }
  }

  #useRegister(): Step {
    const key = `register-${Math.floor(nowUs() / registerEpochUs)}-${this.#below(registersAtOnce)}`
    const register: Reference<Register> = this.#classes
      ? this.#db.actor(Register, key)
      : this.#db.actor<Register>('Register', key)
    const which = this.#random.next()
    if (which < 0.4) return { call: ['read', key], run: async () => ({ reply: await register.read() }) }
    const value = this.#below(5)
    if (which < 0.7) return { call: ['write', key, value], run: () => register.write(value) }
    const expected: Content = this.#chance(0.1) ? null : this.#below(5)
    return { call: ['cas', key, expected, value], run: () => register.compareAndSet(expected, value) }
  }

  #useLists(): Step {
    const epoch = Math.floor(nowUs() / listEpochUs)
    const anyKey = (): string => `list-${epoch}-${this.#below(listsAtOnce)}`
    const listOf = (key: string): Reference<List> =>
      this.#classes ? this.#db.actor(List, key) : this.#db.actor<List>('List', key)
    if (this.#chance(0.2)) {
      const key = anyKey()
      return { call: [['read', key]], run: async () => ({ reply: [await listOf(key).read()] }) }
    }
    const steps: ListStep[] = Array.from({ length: 1 + this.#below(4) }, () =>
      this.#chance(0.5) ? ['append', anyKey(), this.#uniqueValue()] : ['read', anyKey()],
    )
    return { call: steps, run: () => listOf(steps[0]![1]).run(steps) }
  }

  #account(key: string): Reference<Account> {
    return this.#classes ? this.#db.actor(Account, key) : this.#db.actor<Account>('Account', key)
  }

  #anyTransfer(bank: BankName): { readonly from: string; readonly to: string; readonly amount: number } {
    const names = accountsOf(bank)
    const from = this.#below(names.length)
    const to = (from + 1 + this.#below(names.length - 1)) % names.length
    return { from: names[from]!, to: names[to]!, amount: 1 + this.#below(30) }
  }

  // Different for each client: its name's number is the remainder.
  #uniqueValue(): number {
    const client = Number(/\d+$/.exec(this.#options.client)?.[0] ?? 0)
    return this.#values++ * 1000 + client
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability
  }

  #below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }
}

// Nothing happened, and that is the answer.
function isRefusal(error: unknown): boolean {
  return error instanceof InsufficientFunds || codeOf(error) === 'TRANSACTION_CONFLICT'
}

// The clock of the histories: one for all processes of a machine.
function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
