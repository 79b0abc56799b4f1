// What the state suite measures: the same message in three ways, on actors whose state is small, wider, and holds a long
// list that the message does not look at.

import { ActorRegistry, actorRefOf, createProgram } from '@streamy-db/actors'
import { Execution, type ActorRecord, type Call, type Program } from '@streamy-db/core'
import { Packr } from 'msgpackr'
import { Actor, actor, message } from 'streamy-db'
import { serveTask } from '../isolated.ts'

/** How often and how long each way is measured. */
export interface StateInput {
  readonly rounds: number
  readonly seconds: number
}

/** The ways of calling. */
export type StateWay = 'bare' | 'engine' | 'serialised'

/** Nanoseconds of processor time of one message, a figure per round. */
export type StateOutput = readonly {
  readonly actor: string
  readonly nanoseconds: Readonly<Record<StateWay, readonly number[]>>
}[]

@actor()
class Small extends Actor {
  balance = 0
  @message()
  deposit(amount: number): number {
    return (this.balance += amount)
  }
}

@actor()
class Wide extends Actor {
  balance = 0
  owner = 'Ada Lovelace'
  currency = 'EUR'
  opened = 1_700_000_000
  limit = 500
  blocked = false
  branch = 'London'
  note = ''
  @message()
  deposit(amount: number): number {
    return (this.balance += amount)
  }
}

@actor()
class WithHistory extends Actor {
  balance = 0
  history: readonly number[] = Array.from({ length: 1000 }, (_, index) => index * 1000)
  @message()
  deposit(amount: number): number {
    return (this.balance += amount)
  }
}

interface Depositing {
  balance: number
  deposit(amount: number): number
}

/** Makes one deposit. */
type Step = () => unknown

const CALLS_PER_LOOK = 1000
const AMOUNT = 3
const ways: readonly StateWay[] = ['bare', 'engine', 'serialised']
const types = [
  { title: 'one number', type: Small, fields: { balance: 0 } },
  { title: 'eight fields', type: Wide, fields: wideFields() },
  { title: 'a number and a list of 1000', type: WithHistory, fields: historyFields() },
] as const
const program = createProgram(new ActorRegistry([Small, Wide, WithHistory]))

serveTask(measureState)

async function measureState({ rounds, seconds }: StateInput): Promise<StateOutput> {
  const actors = types.map(({ title, type, fields }) => ({
    title,
    bare: bareStep(type.prototype, fields),
    engine: engineStep(program, type.name),
    serialised: serialisedStep(type.prototype, fields),
    nanoseconds: { bare: [] as number[], engine: [] as number[], serialised: [] as number[] },
  }))
  // The first round only warms up: whoever came first would pay for compiling what all share.
  for (let round = 0; round <= rounds; round++) {
    for (const { bare, engine, serialised, nanoseconds } of actors) {
      const times = {
        bare: timeStep(bare, seconds),
        engine: program.isolate(() => timeStep(engine, seconds)),
        serialised: timeStep(serialised, seconds),
      }
      if (round === 0) continue
      for (const way of ways) nanoseconds[way].push(times[way])
    }
  }
  return actors.map(({ title, nanoseconds }) => ({ actor: title, nanoseconds }))
}

// A plain object with the class's methods: what the message would cost if nothing had to be kept.
function bareStep(prototype: object, fields: object): Step {
  const self = revived(prototype, structuredClone(fields))
  return () => self.deposit(AMOUNT)
}

// What the engine does for a transaction of one call, from the committed record to the next one.
function engineStep(of: Program, type: string): Step {
  const call: Call = { ref: actorRefOf(type, 'key'), message: 'deposit', args: [AMOUNT] }
  const space = { load: (): ActorRecord | undefined => record }
  let record: ActorRecord | undefined
  let position = 0
  return () => {
    position += 1
    const execution = new Execution(of, { position, logTime: position, seed: 'bench', space })
    execution.runCall(call, 0)
    record = execution.finish()[0]?.after
  }
}

// What an engine would do that keeps every state as bytes.
function serialisedStep(prototype: object, fields: object): Step {
  const packr = new Packr()
  let bytes = packr.pack(fields)
  return () => {
    // What was packed are the fields.
    const self = revived(prototype, packr.unpack(bytes) as object)
    self.deposit(AMOUNT)
    bytes = packr.pack(self)
  }
}

function revived(prototype: object, fields: object): Depositing {
  // Every class here has both.
  return Object.assign(Object.create(prototype) as Depositing, fields)
}

// Processor time, which is less at the mercy of neighbours than time on the wall.
function timeStep(step: Step, seconds: number): number {
  let calls = 0
  const until = performance.now() + seconds * 1000
  const before = process.cpuUsage()
  while (performance.now() < until) {
    for (let count = 0; count < CALLS_PER_LOOK; count++) step()
    calls += CALLS_PER_LOOK
  }
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / calls
}

function wideFields(): object {
  const text = { owner: 'Ada Lovelace', currency: 'EUR', branch: 'London', note: '' }
  return { balance: 0, ...text, opened: 1_700_000_000, limit: 500, blocked: false }
}

function historyFields(): object {
  return { balance: 0, history: Array.from({ length: 1000 }, (_, index) => index * 1000) }
}
