// World: everything outside the engines that puts things into the log: clients with sessions, liars, and broken bytes.
// It turns the items of a workload into transactions and entries.

import {
  BatchBuilder,
  actorRef,
  encodeControlBatch,
  indexedPartitions,
  type ActorRef,
  type Assert,
  type Call,
  type LogTime,
  type PartitionId,
  type Position,
  type Program,
  type Request,
  type Touch,
  type Transaction,
} from '@streamy-db/core'
import { touchesOf } from '../reference/reference-outbox.ts'
import type { Vocabulary } from './vocabulary.ts'
import type { AssertItem, Item, RequestItem } from './workload.ts'

/** The session of a client that takes a repeat for a new request: only for it may one request run twice. */
export const forgetfulSession = 'forgetful'

/** What the names of all other clients' sessions begin with. */
export const clientPrefix = 'client'

/** A transaction with the partitions that its index shall name. */
export interface IndexedTransaction {
  readonly transaction: Transaction
  readonly partitions: readonly PartitionId[]
  /** Void, or at least suspect: not what any submitter would append. */
  readonly broken?: boolean
}

/** What the world can see of the database. */
export interface Sight {
  readonly partitions: number
  readonly logTime: () => LogTime
  readonly versionOf: (ref: ActorRef) => Position | undefined
}

/** The outside world of one case. */
export class World<Saying> {
  readonly #vocabulary: Vocabulary<Saying>
  readonly #program: Program
  readonly #sight: Sight
  readonly #requests: Transaction[] = []
  #number = 0

  constructor(vocabulary: Vocabulary<Saying>, sight: Sight) {
    this.#vocabulary = vocabulary
    this.#program = vocabulary.program()
    this.#sight = sight
  }

  /** What an item wants in the log; undefined when it is no transaction, or repeats nothing. */
  transactionOf(item: Item<Saying>): IndexedTransaction | undefined {
    this.#number += 1
    switch (item.kind) {
      case 'request':
        return this.#send(this.#request(item))
      case 'repeat':
        return this.#repeat(item.of, item.lag, item.attempt)
      case 'forged':
        return this.#forge(item.source, item.sequence, item.call)
      case 'broken':
        return this.#broken(item.how, item.call)
      default:
        return undefined
    }
  }

  /** A transaction with the index it must have. */
  indexed(transaction: Transaction): IndexedTransaction {
    return { transaction, partitions: indexedPartitions(transaction, this.#sight.partitions) }
  }

  #send(transaction: Transaction): IndexedTransaction {
    this.#requests.push(transaction)
    return this.indexed(transaction)
  }

  #request(item: RequestItem<Saying>): Transaction {
    const anonymous = item.session === undefined && this.#sight.partitions === 1
    const plain = this.#plain(item.calls)
    return {
      ...plain,
      request: anonymous ? undefined : this.#identity(item),
      asserts: item.asserts.map((assertion) => this.#assert(assertion)),
      touches: this.#touchesOf(plain.calls, item.declares),
    }
  }

  #identity({ session = 0, lag, stale }: RequestItem<Saying>): Request {
    return {
      session: session === 3 ? forgetfulSession : `${clientPrefix}.${session}`,
      sequence: this.#number,
      suffix: '',
      answeredBelow: this.#answeredBelow(lag),
      seenTime: stale ? 1 : this.#sight.logTime(),
    }
  }

  #answeredBelow(lag: number | undefined): number {
    return lag === undefined ? 0 : Math.max(0, this.#number - lag)
  }

  #assert({ actor, claims }: AssertItem): Assert {
    const { refs } = this.#vocabulary
    const ref = refs[actor % refs.length]!
    const current = this.#sight.versionOf(ref)
    if (claims === 'absent') return { ref, version: undefined }
    return { ref, version: claims === 'current' || current === undefined ? current : current - 1 }
  }

  #repeat(of: number, lag: number | undefined, attempt: number): IndexedTransaction | undefined {
    const transaction = this.#requests[of % Math.max(1, this.#requests.length)]
    if (transaction?.request === undefined) return undefined
    const renewed = transaction.request.session === forgetfulSession ? { seenTime: this.#sight.logTime() } : {}
    const request = { ...transaction.request, answeredBelow: this.#answeredBelow(lag), ...renewed }
    return this.indexed({ ...transaction, request, attempt })
  }

  #forge(source: number, sequence: number, call: Saying): IndexedTransaction {
    const place = source % this.#sight.partitions
    const request = { session: `~${place}`, sequence, suffix: 'forged', answeredBelow: 0, seenTime: 0 }
    return this.indexed({ ...this.#plain([call]), source: place, request })
  }

  // Each way in which a transaction is void, over a call that would otherwise do something.
  #broken(how: number, call: Saying): IndexedTransaction {
    const { partitions } = this.#sight
    const identity = {
      session: 'liar',
      sequence: this.#number,
      suffix: '',
      answeredBelow: 0,
      seenTime: this.#sight.logTime(),
    }
    const sound: Transaction = { ...this.#plain([call]), request: identity }
    const good = this.indexed(sound)
    const ways: readonly (() => IndexedTransaction)[] = [
      () => ({ ...good, partitions: good.partitions.length > 0 ? [] : [0] }),
      () => ({ ...good, partitions: [...good.partitions, partitions + 3] }),
      () => ({ ...good, partitions: Array.from({ length: partitions }, (_, i) => i) }),
      () => this.indexed({ ...sound, attempt: 9 }),
      () => ({ ...good, transaction: { ...sound, calls: [] } }),
      () => this.indexed({ ...sound, calls: [{ ...sound.calls[0]!, ref: actorRef(sound.calls[0]!.ref.type, '') }] }),
      () => this.indexed({ ...sound, request: { ...identity, session: '~0' } }),
      () => this.indexed({ ...sound, source: 0 }),
      () => this.indexed({ ...sound, request: { ...identity, session: `~${partitions}` }, source: partitions }),
      () => this.indexed({ ...sound, request: undefined, source: 0 }),
    ]
    return { ...ways[how % ways.length]!(), broken: true }
  }

  #touchesOf(calls: readonly Call[], declares: RequestItem<Saying>['declares']): Touch[] {
    if (declares === 'none') return []
    const called = new Set(calls.map(({ ref }) => ref.id))
    const touches = new Map<string, Touch>()
    for (const touch of calls.flatMap((call) => touchesOf(this.#program, call)))
      if (!called.has(touch.ref.id) && touches.get(touch.ref.id)?.mode !== 'write') touches.set(touch.ref.id, touch)
    const all = [...touches.values()]
    return declares === 'all' ? all : all.slice(0, Math.ceil(all.length / 2))
  }

  #plain(calls: readonly Saying[]): Transaction {
    return {
      request: undefined,
      attempt: 1,
      source: undefined,
      asserts: [],
      calls: calls.map((call) => this.#vocabulary.callOf(call)),
      touches: [],
    }
  }
}

/** The bytes of an entry that holds all of `transactions`. */
export function entryOf(transactions: readonly IndexedTransaction[]): Uint8Array {
  const builder = new BatchBuilder()
  for (const { transaction, partitions } of transactions)
    if (!builder.add(transaction, partitions)) throw new Error('The entry is full: make the workload smaller.')
  return builder.take()
}

/** The bytes of an entry that only moves log time on. */
export function tickEntry(): Uint8Array {
  return encodeControlBatch('tick', new Uint8Array(0))
}

/** The bytes of an entry that everyone must skip. */
export function garbageEntry(how: number): Uint8Array {
  const sound = entryOf([
    {
      transaction: {
        request: { session: 'noise', sequence: 1, suffix: '', answeredBelow: 0, seenTime: 1 },
        attempt: 1,
        source: undefined,
        asserts: [],
        calls: [{ ref: actorRef('noise', 'a'), message: 'make', args: [] }],
        touches: [],
      },
      partitions: [0],
    },
  ])
  const flipped = Uint8Array.from(sound, (byte, i) => (i === sound.length - how * 9 - 1 ? byte ^ 1 : byte))
  const ways = [
    new Uint8Array(0),
    sound.subarray(0, 11),
    sound.subarray(0, sound.length - 1),
    flipped,
    Buffer.from('noise'),
  ]
  return ways[how % ways.length]!
}
