// ErrorData: an error in the form in which it is logged, stored and sent: its class by name, its message and its data,
// never its stack.

import type { Datum } from './datum.ts'

/** What survives of an error on its way to the caller. */
export interface ErrorData {
  /** Name of the class. */
  readonly name: string
  /** Stable code, for errors that have one. */
  readonly code?: string
  readonly message: string
  readonly data: Datum
}
