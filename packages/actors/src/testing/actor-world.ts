// ActorWorld: the smallest thing that runs a program, for tests: records in a map, one transaction after another, no
// log. After each transaction every written record goes through its bytes, as it would through a store.

import {
  type AccessMode,
  actorRef,
  type ActorRecord,
  type ActorRef,
  type ActorSpace,
  type Call,
  type Datum,
  Execution,
  FootprintMiss,
  type Program,
  refOfId,
  type Tell,
  thaw,
  type Write,
} from '@streamy-db/core'
import type { Actor } from '../actor.ts'
import type { ActorClass, HandlerDefinition } from '../actor-definition.ts'
import { actorRefOf } from '../actor-key.ts'
import { createProgram } from '../actor-program.ts'
import { ActorRegistry } from '../actor-registry.ts'
import { packArguments } from '../argument-schema.ts'
import type { LocalReference } from '../reference.ts'
import { referenceClass } from '../reference-class.ts'

/** What one transaction did. */
export interface Transacted {
  readonly results: readonly unknown[]
  readonly writes: readonly Write[]
  readonly tells: readonly Tell[]
}

/** Runs messages and queries of a few classes. */
export class ActorWorld {
  readonly registry: ActorRegistry
  readonly program: Program
  readonly records = new Map<string, ActorRecord>()
  /** Position of the next transaction. */
  position = 4097
  /** Log time of the next transaction, in microseconds. */
  logTime = 1_000_000_000
  /** Actors that a transaction misses. */
  readonly outside = new Set<string>()
  last: Transacted = { results: [], writes: [], tells: [] }

  constructor(...classes: ActorClass[]) {
    this.registry = new ActorRegistry(classes)
    this.program = createProgram(this.registry)
  }

  /** A reference whose messages are transactions of their own, at once. */
  actor<T extends Actor>(type: ActorClass<T>, key: string): LocalReference<T> {
    const definition = this.registry.find(type)
    const Reference = referenceClass(definition.handlers.values(), (_context, ref, handler, args) =>
      this.#send(ref, handler, args),
    )
    // It has a method for each handler of T.
    return new Reference(undefined, actorRefOf(definition.name, key)) as LocalReference<T>
  }

  /** Runs calls as one transaction. */
  transact(...calls: readonly Call[]): Transacted {
    const execution = this.#execution(false)
    const results = this.program.isolate(() => calls.map((call, index) => thaw(execution.runCall(call, index))))
    return this.#commit(execution, results)
  }

  query(call: Call): unknown {
    return thaw(this.program.isolate(() => this.#execution(true).runQuery(call)))
  }

  /** A call by names, as a log entry may hold it. */
  call(type: string, key: string, message: string, ...args: Datum[]): Call {
    return { ref: actorRef(type, key), message, args }
  }

  /** Every actor's fields as bytes. */
  snapshot(): Map<string, string> {
    const bytes = [...this.records].map(([id, record]): [string, string] => [
      id,
      Buffer.from(this.program.encodeValue(refOfId(id), record.value)).toString('hex'),
    ])
    return new Map(bytes.sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #send(ref: ActorRef, handler: HandlerDefinition, args: unknown[]): unknown {
    const call: Call = { ref, message: handler.name, args: packArguments(handler, args) }
    return handler.kind === 'query' ? this.query(call) : this.transact(call).results[0]
  }

  #execution(readOnly: boolean): Execution {
    const space: ActorSpace = { load: (ref, mode) => this.#load(ref, mode) }
    const { position, logTime } = this
    return new Execution(this.program, { position, logTime, seed: `seed/${position}`, space, readOnly })
  }

  #load(ref: ActorRef, mode: AccessMode): ActorRecord | undefined {
    if (this.outside.has(ref.id)) throw new FootprintMiss(ref, mode)
    return this.records.get(ref.id)
  }

  #commit(execution: Execution, results: readonly unknown[]): Transacted {
    const writes = this.program.isolate(() => execution.finish())
    for (const { ref, after } of writes) {
      if (after === undefined) this.records.delete(ref.id)
      else this.records.set(ref.id, this.#stored(ref, after))
    }
    this.position += 1
    this.logTime += 1000
    this.last = { results, writes, tells: execution.tells }
    return this.last
  }

  #stored(ref: ActorRef, record: ActorRecord): ActorRecord {
    return { ...record, value: this.program.decodeValue(ref, this.program.encodeValue(ref, record.value)) }
  }
}
