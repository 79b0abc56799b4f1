// Footprints: which actors a transaction may use, which partitions those lie in, and which protocol follows from it.
// All of it is a function of the entry and the number of partitions, never of where partitions live.

import { limits } from './limits.ts'
import type { PartitionId } from './position.ts'
import { hashText } from './random.ts'
import { sameActor } from './transaction.ts'
import type { AccessMode, ActorRef, Touch, Transaction } from './transaction.ts'

/**
 * How a transaction runs. `whole`: P = 1, the footprint is the partition (F2). `exclusive`: the fourth attempt, every
 * partition (F4). `votes`: calls each confined to its own actor. `home`: a handler reaches declared actors.
 */
export type Protocol = 'whole' | 'exclusive' | 'votes' | 'home'

/** The partition of an actor among `partitions`. */
export function partitionOf(ref: ActorRef, partitions: number): PartitionId {
  return partitions === 1 ? 0 : hashText(ref.id) % partitions
}

/** The home of a transaction: the partition of its first call as written. */
export function homeOf(transaction: Transaction, partitions: number): PartitionId {
  return partitions === 1 ? 0 : partitionOf(transaction.calls[0]!.ref, partitions)
}

/** The protocol a transaction runs by. */
export function protocolOf(transaction: Transaction, partitions: number): Protocol {
  if (partitions === 1) return 'whole'
  if (transaction.attempt >= limits.exclusiveAttempt) return 'exclusive'
  return transaction.touches.length === 0 ? 'votes' : 'home'
}

/** The actors a transaction declares, each once with the strongest mode: calls write, asserts read. */
export function footprintOf(transaction: Transaction): Touch[] {
  const { calls, asserts, touches } = transaction
  const footprint = new FootprintBuilder(calls.length + asserts.length + touches.length)
  for (const call of calls) footprint.add(call.ref, 'write')
  for (const assertion of asserts) footprint.add(assertion.ref, 'read')
  for (const touch of touches) footprint.add(touch.ref, touch.mode)
  return footprint.touches
}

const FEW = 8

/** Gathers touches, each actor once, with the strongest mode. Most footprints are two actors, which no map is made for. */
export class FootprintBuilder {
  readonly touches: Touch[] = []
  readonly #places: Map<string, number> | undefined

  /** Of so many at the most. */
  constructor(most: number) {
    this.#places = most <= FEW ? undefined : new Map()
  }

  add(ref: ActorRef, mode: AccessMode): void {
    const place = this.#placeOf(ref)
    if (place === undefined) {
      this.#places?.set(ref.id, this.touches.length)
      this.touches.push({ ref, mode })
    } else if (mode === 'write' && this.touches[place]!.mode === 'read') this.touches[place] = { ref, mode }
  }

  #placeOf(wanted: ActorRef): number | undefined {
    if (this.#places !== undefined) return this.#places.get(wanted.id)
    const place = this.touches.findIndex(({ ref }) => sameActor(ref, wanted))
    return place < 0 ? undefined : place
  }
}

/** The partitions an entry's index must name, ascending; empty stands for all of them. */
export function indexedPartitions(transaction: Transaction, partitions: number): PartitionId[] {
  const protocol = protocolOf(transaction, partitions)
  if (protocol === 'whole' || protocol === 'exclusive') return []
  if (usesOneActor(transaction) && transaction.source === undefined)
    return [partitionOf(transaction.calls[0]!.ref, partitions)]
  const named: PartitionId[] = []
  for (const { ref } of transaction.calls) nameOnce(named, partitionOf(ref, partitions))
  for (const { ref } of transaction.asserts) nameOnce(named, partitionOf(ref, partitions))
  for (const { ref } of transaction.touches) nameOnce(named, partitionOf(ref, partitions))
  if (transaction.source !== undefined) nameOnce(named, transaction.source)
  return named
}

// Keeps them ascending as they come: there are two, mostly.
function nameOnce(named: PartitionId[], partition: PartitionId): void {
  let place = named.length
  while (place > 0 && named[place - 1]! > partition) place -= 1
  if (place === 0 || named[place - 1] !== partition) named.splice(place, 0, partition)
}

/** Whether nothing is named but the actor of one call: the common case, in which nothing can be named twice. */
export function usesOneActor({ calls, asserts, touches }: Transaction): boolean {
  return calls.length === 1 && asserts.length === 0 && touches.length === 0
}

/** The next attempt of a transaction that missed an actor: the same request with one more touch (F3). */
export function nextAttempt(transaction: Transaction, ref: ActorRef, mode: AccessMode): Transaction {
  const others = transaction.touches.filter((touch) => touch.ref.id !== ref.id)
  return {
    ...transaction,
    source: undefined,
    attempt: transaction.attempt + 1,
    touches: [...others, { ref, mode }],
  }
}
