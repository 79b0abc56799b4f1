// CapturedSpace: the records that a transaction's nodes captured, as the space its handlers run in.

import type { ActorRecord } from './actor-record.ts'
import { FootprintMiss } from './execution.ts'
import type { ActorSpace } from './execution.ts'
import type { AccessMode, ActorRef, Touch } from './transaction.ts'

/** Records by actor, within a declared footprint (F1). */
export class CapturedSpace implements ActorSpace {
  readonly #modes = new Map<string, AccessMode>()
  readonly #records = new Map<string, ActorRecord | undefined>()

  constructor(footprint: readonly Touch[]) {
    for (const { ref, mode } of footprint) this.#modes.set(ref.id, mode)
  }

  add(ref: ActorRef, record: ActorRecord | undefined): void {
    this.#records.set(ref.id, record)
  }

  load(ref: ActorRef, mode: AccessMode): ActorRecord | undefined {
    const allowed = this.#modes.get(ref.id)
    if (allowed === undefined || (mode === 'write' && allowed === 'read')) throw new FootprintMiss(ref, mode)
    return this.#records.get(ref.id)
  }
}
