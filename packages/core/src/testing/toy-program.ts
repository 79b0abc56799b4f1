// ToyProgram: the program port implemented over toy actors, whose messages interpret their arguments. An actor is a
// counter and a list; every step both changes state and lets what it saw flow into state, so that a wrong read, a lost
// write or a reordered call shows in the hash. It has no determinism guard: scripts can do nothing forbidden.

import type { ActorValue } from '../actor-record.ts'
import { ByteReader } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'
import { freeze, thaw, type Datum } from '../datum.ts'
import type { ErrorData } from '../error-data.ts'
import { StreamyError } from '../errors.ts'
import type { Execution, Slot } from '../execution.ts'
import type { Program } from '../program.ts'
import { hashText } from '../random.ts'
import type { ActorRef, Call, Touch } from '../transaction.ts'
import {
  lookCall,
  scriptArgs,
  scriptCall,
  toyRef,
  toyType,
  type Declared,
  type Script,
  type Step,
} from './toy-script.ts'

/** What a script throws. */
export class ToyError extends Error {
  readonly data: Datum

  constructor(message: string, data: Datum) {
    super(message)
    this.name = 'ToyError'
    this.data = data
  }
}

interface ToyValue {
  readonly count: number
  readonly items: readonly Datum[]
}

// What a slot holds while its actor is worked on: the value is replaced, never changed.
interface ToyBody {
  value: ToyValue
  spoilt: boolean
}

const emptyValue: ToyValue = Object.freeze({ count: 0, items: [] })
const itemsMax = 12

/** The code of the toy actors. */
export class ToyProgram implements Program {
  readonly fingerprint = 'toy'

  runMessage(call: Call, slot: Slot, execution: Execution): Datum {
    checkType(call.ref)
    if (call.message !== 'run') throw unknownMessage(call)
    const script = thaw(call.args[0]) as Script
    if (!Array.isArray(script)) throw new StreamyError('ARGUMENTS_INVALID', 'A script is a list of steps.')
    const self = new ToyActor(slot, execution)
    self.enter()
    return self.run(script)
  }

  runQuery(call: Call, slot: Slot, execution: Execution): Datum {
    checkType(call.ref)
    if (call.message === 'items') return freeze(shownValue(slot).items.map(thaw), 'items')
    if (call.message !== 'look') throw unknownMessage(call)
    const others = thaw(call.args[0]) as readonly string[]
    const seen = others.map((key) => thaw(execution.enter(lookCall(key), 'read')))
    return freeze([...digestOf(shownValue(slot)), ...seen], 'look')
  }

  settle(slot: Slot): ActorValue {
    const { value, spoilt } = slot.body as ToyBody
    if (spoilt) throw new StreamyError('VALUE_TOO_LARGE', `${slot.ref.id} was spoilt.`)
    return value as unknown as ActorValue
  }

  touches(call: Call): readonly Touch[] {
    const declared = thaw(call.args[1]) as Declared | undefined
    if (declared === undefined) throw new StreamyError('ARGUMENTS_INVALID', 'Declared actors are missing.')
    return declared.map(([key, mode]) => ({ ref: toyRef(key), mode })).filter(({ ref }) => ref.id !== call.ref.id)
  }

  encodeError(thrown: unknown): ErrorData {
    const { name, message } = thrown as Error
    if (thrown instanceof ToyError) return { name, message, data: thrown.data }
    if (thrown instanceof StreamyError) return { name, code: thrown.code, message, data: undefined }
    return { name, message, data: undefined }
  }

  encodeValue(_ref: ActorRef, value: ActorValue): Uint8Array {
    const { count, items } = value as unknown as ToyValue
    const out = new ByteWriter()
    out.datum(count)
    out.data(items)
    return out.take()
  }

  decodeValue(_ref: ActorRef, bytes: Uint8Array): ActorValue {
    const reader = new ByteReader(bytes)
    const value: ToyValue = { count: reader.datum() as number, items: reader.data() }
    reader.finish()
    return value as unknown as ActorValue
  }

  isolate<Result>(body: () => Result): Result {
    return body()
  }
}

// One actor at work within one message. Whatever it changes, it tells the execution how to take back.
class ToyActor {
  readonly #slot: Slot
  readonly #execution: Execution

  constructor(slot: Slot, execution: Execution) {
    this.#slot = slot
    this.#execution = execution
  }

  /** Brings the actor to life, also after it was destroyed. */
  enter(): void {
    const slot = this.#slot
    const { body, destroyed } = slot
    if (body !== undefined) return
    this.#execution.onRollback(() => Object.assign(slot, { body, destroyed }))
    Object.assign(slot, { body: { value: shownValue(slot), spoilt: false }, destroyed: false })
  }

  run(script: Script): Datum {
    for (const step of script) {
      if (step[0] === 'return') return freeze(step[1], 'result')
      this.#step(step)
    }
    return shownValue(this.#slot).count
  }

  #step(step: Step): void {
    switch (step[0]) {
      case 'add':
        return this.#change(({ count, items }) => ({ count: count + step[1], items }))
      case 'append':
        return this.#append(freeze(step[1], 'item'))
      case 'clear':
        return this.#change(() => ({ ...emptyValue }))
      case 'ifOdd':
        if (shownValue(this.#slot).count % 2 !== 0) this.run(step[1])
        return
      case 'throw':
        throw new ToyError(step[1], shownValue(this.#slot).count)
      case 'spoil':
        return this.#spoil()
      case 'destroy':
        return this.#execution.destroy(this.#slot)
      case 'random':
        return this.#append(this.#execution.random())
      case 'clock':
        this.#append(this.#execution.now)
        return this.#append(this.#execution.position)
      default:
        return this.#stepWithOthers(step)
    }
  }

  #stepWithOthers(step: Step): void {
    switch (step[0]) {
      case 'look':
        return this.#append(this.#execution.enter(lookCall(step[1]), 'read'))
      case 'call':
        return this.#append(this.#call(step[1], step[2]))
      case 'try':
        return this.#append(this.#try(step[1], step[2]))
      case 'callPicked': {
        const keys = step[1]
        const picked = keys[Math.abs(shownValue(this.#slot).count) % keys.length]
        return this.#append(picked === undefined ? 'nobody' : this.#call(picked, step[2]))
      }
      case 'tell':
        return this.#execution.tell(scriptCall(step[1], step[2], step[3]))
      default:
        return this.#stepWithTimers(step)
    }
  }

  #stepWithTimers(step: Step): void {
    const { timers } = this.#slot
    if (step[0] === 'timer') {
      this.#execution.setTimer(this.#slot, step[1], 'run', scriptArgs(step[2], step[3]))
    } else if (step[0] === 'timers') {
      for (let i = 0; i < step[1]; i++) this.#execution.setTimer(this.#slot, step[2], 'run', scriptArgs(step[3], []))
    } else if (step[0] === 'cancel' && timers.length > 0) {
      const { position, ordinal } = timers[step[1] % timers.length]!
      this.#execution.cancelTimer(this.#slot, position, ordinal)
    }
  }

  #call(key: string, script: Script): Datum {
    return this.#execution.enter(scriptCall(key, script), 'write')
  }

  // Catches everything, misses too: a miss must stick all the same.
  #try(key: string, script: Script): Datum {
    try {
      return this.#call(key, script)
    } catch (error) {
      return `caught ${(error as Error).message}`
    }
  }

  #append(item: Datum): void {
    this.#change(({ count, items }) => ({ count, items: [...items, item].slice(-itemsMax) }))
  }

  #change(next: (value: ToyValue) => ToyValue): void {
    this.enter()
    const body = this.#slot.body as ToyBody
    const { value } = body
    this.#execution.onRollback(() => Object.assign(body, { value }))
    body.value = next(value)
  }

  #spoil(): void {
    this.enter()
    const body = this.#slot.body as ToyBody
    const { spoilt } = body
    this.#execution.onRollback(() => Object.assign(body, { spoilt }))
    body.spoilt = true
  }
}

// The actor as a look at its slot shows it: its working form, else its record unless it was destroyed here.
function shownValue(slot: Slot): ToyValue {
  if (slot.body !== undefined) return (slot.body as ToyBody).value
  if (slot.reborn || slot.record === undefined) return emptyValue
  return slot.record.value as unknown as ToyValue
}

// Short, whatever the actor holds, yet different for every value: looks at looks must not grow.
function digestOf({ count, items }: ToyValue): readonly [count: number, items: number, hash: number] {
  const out = new ByteWriter()
  out.data(items)
  return [count, items.length, hashText(out.take().toString('latin1'))]
}

function checkType(ref: ActorRef): void {
  if (ref.type !== toyType) throw new StreamyError('ACTOR_UNKNOWN', `No actor type ${ref.type} is registered.`)
}

function unknownMessage(call: Call): StreamyError {
  return new StreamyError('MESSAGE_UNKNOWN', `${call.ref.type} has no message ${call.message}.`)
}
