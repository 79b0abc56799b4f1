// Stored text: a value as a string, for arguments that are compared, remembered by what they say, and cost nothing to pass
// on: filters, updates, definitions. Equal values that were put together alike have equal texts.

import { freeze, Packed, thaw, type Datum } from '@streamy-db/core'

/** The text of an object or an array. Throws VALUE_NOT_ENCODABLE and VALUE_TOO_LARGE; `what` names it in errors. */
export function textOfValue(value: object, what: string): string {
  const frozen: Datum = freeze(value, what)
  // Objects freeze to bytes.
  return Buffer.from((frozen as Packed).bytes).toString('latin1')
}

/** A fresh copy of the value whose text this is. Throws VALUE_NOT_ENCODABLE. */
export function valueOfText(text: string): unknown {
  return thaw(new Packed(Buffer.from(text, 'latin1')))
}
