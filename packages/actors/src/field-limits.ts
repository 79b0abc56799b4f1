// Freezing fields, arguments and results without making up names for values that need no check, and the limit on all
// fields of one actor together.

import { type ActorRef, type Datum, freeze, limits, Packed, StreamyError } from '@streamy-db/core'
import type { FieldValues } from './field-values.ts'

const fieldsThatFit = Math.floor(limits.actorBytesMax / limits.valueBytesMax)

/** Freezes a value; scalars that are always valid pass at once. */
export function freezeField(value: unknown, label: string): Datum {
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'undefined':
      return value
    default:
      return freeze(value, label)
  }
}

/** Throws VALUE_TOO_LARGE when the fields of one actor are too much together. */
export function checkActorSize(fields: FieldValues, ref: ActorRef): void {
  if (fields.length < fieldsThatFit) return
  const [, ...data] = fields
  let bytes = 0
  for (const datum of data) bytes += sizeOf(datum)
  if (bytes <= limits.actorBytesMax) return
  throw new StreamyError(
    'VALUE_TOO_LARGE',
    `The fields of ${ref.id} have ${bytes} bytes, above the limit of ${limits.actorBytesMax}. Split it over several actors.`,
  )
}

function sizeOf(datum: Datum): number {
  if (typeof datum === 'string') return Buffer.byteLength(datum)
  if (datum instanceof Packed) return datum.bytes.length
  return 9
}
