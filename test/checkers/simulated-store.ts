// A store that keeps the promise, simulated: clients invoke one operation after the other, and each takes effect at one
// instant between its invocation and its completion, in one serial order with positions. Some fail without effect; some
// time out, and may take effect before or after that, or never. What it records are the good histories of the tests.

import type { Operation, Outcome } from './history.ts'
import { SeededRandom } from './seeded-random.ts'

/** What is called, and what it does to the state. */
export interface Model<Call, Reply> {
  call(random: SeededRandom, index: number): Call
  /** Undefined refuses: nothing has changed, and the outcome is `failed`. */
  apply(call: Call): Reply | undefined
}

export interface Simulation {
  readonly seed: number
  readonly processes: number
  readonly operations: number
  /** How likely a time-out is, and a failure. */
  readonly unknown: number
  readonly failed: number
}

interface Planned<Call> {
  readonly process: string
  readonly call: Call
  readonly invokedUs: number
  readonly completedUs: number
  readonly intended: Outcome
  /** Infinity if never. */
  readonly effectiveUs: number
}

/** The history of one simulation; the same for the same seed. */
export function simulate<Call, Reply>(model: Model<Call, Reply>, simulation: Simulation): Operation<Call, Reply>[] {
  const planned = plan(model, simulation)
  const recorded = new Map<Planned<Call>, Operation<Call, Reply>>()
  const replies = new Map<Planned<Call>, { reply: Reply | undefined; position: number }>()
  const inEffect = planned.filter(({ effectiveUs }) => effectiveUs < Infinity)
  for (const [at, operation] of inEffect.sort((a, b) => a.effectiveUs - b.effectiveUs).entries())
    replies.set(operation, { reply: model.apply(operation.call), position: (at + 1) * 10 })
  const ordered = planned.toSorted((a, b) => a.invokedUs - b.invokedUs)
  for (const [index, operation] of ordered.entries())
    recorded.set(operation, record(operation, index, replies.get(operation)))
  return ordered.map((operation) => recorded.get(operation)!)
}

function plan<Call>(model: Pick<Model<Call, unknown>, 'call'>, simulation: Simulation): Planned<Call>[] {
  const random = new SeededRandom(simulation.seed)
  const planned: Planned<Call>[] = []
  const free = Array.from({ length: simulation.processes }, () => random.below(100))
  const names = free.map((_, index) => `c${index}`)
  for (let index = 0; index < simulation.operations; index++) {
    const process = free.indexOf(Math.min(...free))
    const invokedUs = free[process]! + 1 + random.below(20)
    const completedUs = invokedUs + 1 + random.below(200)
    const intended = outcomeOf(random, simulation)
    const effectiveUs = effectOf(random, intended, invokedUs, completedUs)
    planned.push({
      process: names[process]!,
      call: model.call(random, index),
      invokedUs,
      completedUs,
      intended,
      effectiveUs,
    })
    free[process] = completedUs
  }
  return planned
}

function outcomeOf(random: SeededRandom, { unknown, failed }: Simulation): Outcome {
  const drawn = random.next()
  if (drawn < unknown) return 'unknown'
  return drawn < unknown + failed ? 'failed' : 'ok'
}

// A third of what times out never happens, a third happens in time, a third later.
function effectOf(random: SeededRandom, intended: Outcome, invokedUs: number, completedUs: number): number {
  const within = invokedUs + random.next() * (completedUs - invokedUs)
  if (intended === 'ok') return within
  if (intended === 'failed') return Infinity
  return random.pick([Infinity, within, completedUs + random.next() * 1000])
}

function record<Call, Reply>(
  { process, call, invokedUs, completedUs, intended }: Planned<Call>,
  index: number,
  answer: { readonly reply: Reply | undefined; readonly position: number } | undefined,
): Operation<Call, Reply> {
  if (intended === 'ok' && answer?.reply !== undefined)
    return {
      index,
      process,
      call,
      invokedUs,
      completedUs,
      outcome: 'ok',
      reply: answer.reply,
      position: answer.position,
    }
  const outcome = intended === 'unknown' ? 'unknown' : 'failed'
  const endUs = outcome === 'unknown' ? Infinity : completedUs
  return { index, process, call, invokedUs, completedUs: endUs, outcome, reply: undefined, position: undefined }
}
