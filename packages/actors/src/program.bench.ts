// What one message to a small actor costs, three ways: the bare method on a plain object; through the program, with all
// that a transaction takes (execution, slot, facade, handler, settled record); and as it would be if the state were
// unpacked before and packed after every message. It ignores the log, the batch codec and the engine.
//
//   npx vitest bench packages/actors

import { Execution, freeze, sameDatum, thaw, type ActorRecord, type Call } from '@streamy-db/core'
import { bench, describe } from 'vitest'
import { Actor, ActorRegistry, actorRefOf, createProgram, isolate, registerActor } from './index.ts'

class Sequence extends Actor {
  next = 1
  getNextId(): number {
    return this.next++
  }
}
registerActor(Sequence, { messages: { getNextId: {} } })

const program = createProgram(new ActorRegistry([Sequence]))
const call: Call = { ref: actorRefOf('Sequence', 'orders'), message: 'getNextId', args: [] }
const MESSAGES = 10_000

let record: ActorRecord | undefined
const space = { load: (): ActorRecord | undefined => record }
let position = 4097

function transact(): void {
  const execution = new Execution(program, { position: position++, logTime: 1e9, seed: 'seed', space })
  execution.runCall(call, 0)
  for (const { after } of execution.finish()) record = after
}

let packed = freeze({ next: 1 }, 'state')

function transactOnPacked(): void {
  const execution = new Execution(program, { position: position++, logTime: 1e9, seed: 'seed', space })
  // Only this function fills it.
  const state = thaw(packed) as { next: number }
  const instance = new Sequence()
  instance.next = state.next
  instance.getNextId()
  const after = freeze({ next: instance.next }, 'state')
  if (execution.missed === undefined && !sameDatum(packed, after)) packed = after
}

describe(`${MESSAGES.toLocaleString('en')} times getNextId`, () => {
  const bare = new Sequence()
  bench('a bare method call', () => {
    for (let i = 0; i < MESSAGES; i++) bare.getNextId()
  })
  bench('a message', () => {
    program.isolate(() => {
      for (let i = 0; i < MESSAGES; i++) transact()
    })
  })
  bench('unpacking before and packing after', () => {
    for (let i = 0; i < MESSAGES; i++) transactOnPacked()
  })
})

describe('the determinism guard', () => {
  bench('10,000 times isolate', () => {
    for (let i = 0; i < MESSAGES; i++) isolate(() => i)
  })
})
