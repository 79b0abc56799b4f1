// Values of KV Connect and what is stored for them. Clients speak in V8's serialisation; what is stored is the value itself,
// so that whoever reads it over REST or in the process sees it too. A 64-bit counter is stored as a bigint. What has no
// other form here, a regular expression or a bigint that is no counter, is kept as its bytes, under `$v8`.

import { deserialize, Serializer } from 'node:v8'
import { freeze } from '@streamy-db/core'
import { HttpProblem } from '../http/http-problem.ts'
import { kvConnectLimits } from '../limits.ts'
import { ValueEncoding } from './datapath.ts'

/** A value as it travels. */
export interface TravellingValue {
  readonly data: Uint8Array
  readonly encoding: ValueEncoding
}

const U64_END = 2n ** 64n

/** What is stored for a value. Throws BODY_INVALID. */
export function storedOf({ data, encoding }: TravellingValue): unknown {
  if (data.length > kvConnectLimits.valueBytesMax)
    throw invalid(`A value has ${data.length} bytes, above the limit of ${kvConnectLimits.valueBytesMax}.`)
  switch (encoding) {
    case ValueEncoding.VE_BYTES:
      return Uint8Array.from(data)
    case ValueEncoding.VE_LE64:
      if (data.length !== 8) throw invalid(`A value of the encoding LE64 has ${data.length} bytes, and not 8.`)
      return Buffer.from(data).readBigUInt64LE()
    case ValueEncoding.VE_V8:
      return storedOfV8(data)
    default:
      throw invalid(`A value has the encoding ${encoding}, which is not known here.`)
  }
}

/** A stored value as it travels. */
export function travellingOf(stored: unknown): TravellingValue {
  if (stored instanceof Uint8Array) return { data: stored, encoding: ValueEncoding.VE_BYTES }
  if (typeof stored === 'bigint' && stored >= 0n && stored < U64_END) {
    const data = Buffer.alloc(8)
    data.writeBigUInt64LE(stored)
    return { data, encoding: ValueEncoding.VE_LE64 }
  }
  return { data: isKeptAsV8(stored) ? stored.$v8 : v8Bytes(stored), encoding: ValueEncoding.VE_V8 }
}

/** The operand of a sum, min or max. Throws BODY_INVALID for what is no number. */
export function operandOf(value: TravellingValue): number | bigint {
  const operand = storedOf(value)
  if (typeof operand === 'number' || typeof operand === 'bigint') return operand
  throw invalid('The operand of a sum, min or max is no number. Send a 64-bit counter, or a number.')
}

interface KeptAsV8 {
  readonly $v8: Uint8Array
}

function storedOfV8(data: Uint8Array): unknown {
  const value = v8Value(data)
  // A bigint by itself is a counter here, and bytes by themselves have an encoding of their own.
  const hasOtherMeaning = typeof value === 'bigint' || value instanceof Uint8Array || isKeptAsV8(value)
  return hasOtherMeaning || !canBeStored(value) ? ({ $v8: Uint8Array.from(data) } satisfies KeptAsV8) : value
}

function v8Value(data: Uint8Array): unknown {
  try {
    return deserialize(data)
  } catch (error) {
    throw invalid(`A value is not in V8's serialisation: ${error instanceof Error ? error.message : String(error)}.`)
  }
}

function canBeStored(value: unknown): boolean {
  if (value === undefined) return false
  try {
    freeze(value, 'a value')
    return true
  } catch {
    return false
  }
}

function isKeptAsV8(value: unknown): value is KeptAsV8 {
  if (typeof value !== 'object' || value === null) return false
  const names = Object.keys(value)
  return names.length === 1 && names[0] === '$v8' && (value as Partial<KeptAsV8>).$v8 instanceof Uint8Array
}

// Node's own `serialize` writes bytes within objects in a way that only Node reads.
function v8Bytes(value: unknown): Uint8Array {
  const serializer = new Serializer()
  serializer.writeHeader()
  serializer.writeValue(value)
  return serializer.releaseBuffer()
}

function invalid(message: string): HttpProblem {
  return new HttpProblem('BODY_INVALID', message)
}
