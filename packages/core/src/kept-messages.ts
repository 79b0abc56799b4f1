// KeptMessages: what this worker's partitions sent to others, by position, until a checkpoint covers it. A peer that
// replays the position asks for it again, also after this worker has restarted (DESIGN §8).

import { decodePeerMessage, encodePeerMessage } from './peer-message.ts'
import type { KeptMessage, PeerMessage } from './peer-message.ts'
import type { PartitionId, Position } from './position.ts'
import { MinHeap } from './min-heap.ts'
import { keyPrefixes, partitionPrefix, sortableNumber } from './state-format.ts'
import type { StateChange, StateStore } from './state-store.ts'
import { CELL_BYTES, CellBudget } from './cell-budget.ts'
import { StateTable } from './state-table.ts'

const kinds: readonly KeptMessage['kind'][] = ['vote', 'values', 'result']

/** Messages that may be asked for again. */
export class KeptMessages {
  readonly #messages: StateTable<KeptMessage>
  readonly #byPosition = new MinHeap<{ readonly position: Position; readonly key: string }>(
    (a, b) => a.position < b.position,
  )

  constructor(store: StateStore, executed: readonly PartitionId[], sequential: boolean) {
    this.#messages = new StateTable<KeptMessage>({
      store,
      sequential,
      storageKey: (key) => key,
      encode: (_, message) => encodePeerMessage(message),
      decode: (_, bytes) => decodePeerMessage(bytes) as KeptMessage,
      budget: new CellBudget(65_536 * CELL_BYTES),
    })
    for (const partition of executed)
      for (const { key, value } of store.scan(partitionPrefix(keyPrefixes.message, partition)))
        this.#byPosition.push({ position: decodePeerMessage(value).position, key })
  }

  keep(message: KeptMessage): void {
    const { position, from, to, kind } = message
    const key = messageKey(position, from, to, kind)
    this.#messages.put(key, message, position)
    this.#byPosition.push({ position, key })
  }

  /** Lets go of what was sent up to a position. */
  trim(through: Position): void {
    for (
      let top = this.#byPosition.peek();
      top !== undefined && top.position <= through;
      top = this.#byPosition.peek()
    ) {
      this.#byPosition.pop()
      this.#messages.put(top.key, undefined, top.position)
    }
  }

  /** All that `from` sent `to` at `position`. */
  find(position: Position, from: PartitionId, to: PartitionId): PeerMessage[] {
    return kinds.flatMap((kind) => this.get(position, from, to, kind) ?? [])
  }

  get(position: Position, from: PartitionId, to: PartitionId, kind: KeptMessage['kind']): KeptMessage | undefined {
    return this.#messages.get(messageKey(position, from, to, kind))
  }

  capture(position: Position): Iterable<StateChange>[] {
    return [this.#messages.capture(position)]
  }

  flushed(): void {
    this.#messages.flushed()
  }
}

function messageKey(position: Position, from: PartitionId, to: PartitionId, kind: string): string {
  return `${partitionPrefix(keyPrefixes.message, from)}${sortableNumber(position)}/${to}/${kind}`
}
