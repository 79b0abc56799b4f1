// Calls of the layer's actors in stored form, each checked before anything is sent: this is where a client's mistakes
// become errors.

import { actorRef, type Call, type Datum, freezeBriefly, Packed, StreamyError } from '@streamy-db/core'
import type { EntryCondition } from './entry-condition.ts'
import { kvLimits } from './limits.ts'
import { kindOf, type MergeKind } from './merge-values.ts'
import type { IndexRange } from './ordered-index/ordered-index.ts'
import type { RangeCondition } from './range-actor.ts'
import { keyInSpace } from './space-name.ts'

/** Options of a set. */
export interface KvSetOptions {
  /** Milliseconds of log time after which the entry is gone. */
  readonly expireIn?: number
}

/** Makes the calls of one space. `text` names a key, and `leaf`, if given, is declared to be touched. */
export class KvCalls {
  readonly #space: string

  constructor(space: string) {
    this.#space = space
  }

  get(text: string): Call {
    return this.#entry(text, 'get', [])
  }

  read(text: string): Call {
    return this.#entry(text, 'read', [])
  }

  set(text: string, value: unknown, options: KvSetOptions | undefined, leaf: string | undefined): Call {
    return this.#entry(text, 'set', [freezeValue(value), expireInOf(options), leaf])
  }

  merge(kind: MergeKind, text: string, operand: unknown, leaf: string | undefined): Call {
    checkOperand(kind, operand)
    return this.#entry(text, 'merge', [kind, freezeValue(operand), leaf])
  }

  delete(text: string, leaf: string | undefined): Call {
    return this.#entry(text, 'delete', [leaf])
  }

  check(text: string, conditions: readonly EntryCondition[], index: number): Call {
    return this.#entry(text, 'check', [freezeBriefly(conditions, 'an assert'), index])
  }

  list(range: IndexRange, limit: number, descending: boolean): Call {
    return this.#range(range, 'list', [limit, descending])
  }

  keys(range: IndexRange, limit: number, descending: boolean): Call {
    return this.#range(range, 'keys', [limit, descending])
  }

  readRange(range: IndexRange, limit: number, descending: boolean): Call {
    return this.#range(range, 'read', [limit, descending])
  }

  deleteAll(range: IndexRange): Call {
    return this.#range(range, 'deleteAll', [])
  }

  checkRange(range: IndexRange, condition: RangeCondition, index: number): Call {
    return this.#range(range, 'check', [freezeBriefly(condition, 'an assert'), index])
  }

  #entry(text: string, message: string, args: readonly Datum[]): Call {
    return { ref: actorRef('kv.Entry', keyInSpace(this.#space, text)), message, args }
  }

  #range(range: IndexRange, message: string, args: readonly Datum[]): Call {
    const ref = actorRef('kv.Range', keyInSpace(this.#space, range.from))
    return { ref, message, args: [freezeBriefly(range, 'a range'), ...args] }
  }
}

/** A value in stored form. Throws VALUE_NOT_ENCODABLE and VALUE_TOO_LARGE. */
export function freezeValue(value: unknown): Datum {
  if (value === undefined)
    throw new StreamyError('VALUE_NOT_ENCODABLE', 'A value is undefined, which means no entry. Delete it, or use null.')
  const frozen = freezeBriefly(value, 'a value')
  const bytes =
    frozen instanceof Packed ? frozen.bytes.length : typeof frozen === 'string' ? Buffer.byteLength(frozen) : 0
  if (bytes <= kvLimits.valueBytesMax) return frozen
  throw new StreamyError(
    'VALUE_TOO_LARGE',
    `A value has ${bytes} bytes, above the limit of ${kvLimits.valueBytesMax}. Split it over several keys.`,
  )
}

/** Throws OPTIONS_INVALID for an operand that no value could be merged with. */
export function checkOperand(kind: MergeKind, operand: unknown): void {
  const fits =
    kind === 'append'
      ? typeof operand === 'string' || Array.isArray(operand) || operand instanceof Uint8Array
      : typeof operand === 'bigint' || (typeof operand === 'number' && !Number.isNaN(operand))
  if (fits) return
  const wanted = kind === 'append' ? 'text, a list or bytes' : 'a number or a bigint'
  throw new StreamyError('OPTIONS_INVALID', `${kind} takes ${wanted}, and was given ${kindOf(operand)}.`)
}

/** The time to live of a set. Throws OPTIONS_INVALID. */
export function expireInOf(options: KvSetOptions | undefined): number | undefined {
  const expireIn = options?.expireIn
  if (expireIn === undefined) return undefined
  if (Number.isSafeInteger(expireIn) && expireIn > 0 && expireIn <= kvLimits.expireInMaxMs) return expireIn
  throw new StreamyError(
    'OPTIONS_INVALID',
    `expireIn has the value ${String(expireIn)}. Give whole milliseconds above zero, and at most ${kvLimits.expireInMaxMs}.`,
  )
}
