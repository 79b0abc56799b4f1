// ActorBody: the working form of one actor within one execution. Handlers see it through a facade whose accessors read
// and write `live`. A message that changes numbers and strings costs no serialisation: `live` starts as the committed
// list itself, is copied by the first write, and is compared slot by slot at the end. A field that holds an object is
// thawed by the first read and frozen again at the end, once, if it was read.
//
//   committed data --wake--> live (shared) --first write--> live (own copy) --settle--> committed data
//
// B1 Committed data are never written to.
// B2 `live[i]` is the very Packed of `base` while field i was not read; a thawed object keeps its identity after that.
// B3 While a savepoint is open, its `live` list is not written to, and each object reached through a field that was
//    thawed before is snapshotted first; so a rollback restores lists by reference and objects in place.
// B4 A query leaves every durable field as it found it, or throws QUERY_WRITES.

import { type ActorRef, type Datum, type Execution, type Slot, type StoredForms } from '@streamy-db/core'
import { freeze, Packed, sameDatum, StreamyError, thaw } from '@streamy-db/core'
import type { Actor } from './actor.ts'
import type { ActorDefinition, ActorLookup, HandlerDefinition } from './actor-definition.ts'
import { callHandler } from './call-handler.ts'
import { checkActorSize, freezeField } from './field-limits.ts'
import { type FieldShape, type FieldValues, firstField, shapeOf } from './field-values.ts'
import { ObjectSnapshot } from './object-snapshot.ts'
import { type Access, type HandlerScope, queryWrites, running } from './running.ts'

/** What it takes to undo a nested call on an actor that was awake before, and to see what a query changed. */
interface Savepoint {
  readonly snapshots: ObjectSnapshot[]
}

const nothing: readonly unknown[] = []

/** One actor at work; see B1 to B4. */
export class ActorBody implements HandlerScope, StoredForms {
  readonly slot: Slot
  readonly definition: ActorDefinition
  readonly lookup: ActorLookup
  access: Access = 'construct'
  handler: HandlerDefinition | undefined = undefined
  /**
   * Durable fields as handlers see them, except that an object not yet read is still Packed; laid out like the committed
   * ones, with the shape in front.
   */
  live: readonly unknown[] = nothing

  #ownsLive = false
  /** What `live` is compared with; undefined for an actor that did not exist. */
  #base: FieldValues | undefined = undefined
  /** What the slot's record holds: `#base`, but for records of an older class. */
  #stored: FieldValues | undefined = undefined
  #transients: unknown[] | undefined = undefined
  #facade: Actor | undefined = undefined
  #savepoint: Savepoint | undefined = undefined

  constructor(slot: Slot, definition: ActorDefinition, lookup: ActorLookup) {
    this.slot = slot
    this.definition = definition
    this.lookup = lookup
  }

  get ref(): ActorRef {
    return this.slot.ref
  }

  get source(): Execution {
    return this.slot.execution
  }

  get label(): string {
    return this.handler === undefined ? `${this.definition.name}.constructor` : this.handler.label
  }

  /** Starts from committed fields. */
  wake(stored: FieldValues): void {
    this.#stored = stored
    this.#base = stored[0] === this.definition.shape ? stored : this.#migrated(stored)
    this.live = this.#base
  }

  /** Starts from the initial values of the class. */
  beBorn(): void {
    const instance = this.#construct()
    const { shape } = this.definition
    this.live = [shape, ...shape.names.map((name) => instance[name])]
    this.#ownsLive = true
    this.#transients = this.definition.transients.map((name) => instance[name])
  }

  /** Runs a handler and returns its frozen result. */
  run(handler: HandlerDefinition, args: readonly unknown[], access: Access): Datum {
    const { scope } = running
    const { access: outerAccess, handler: outerHandler } = this
    running.scope = this
    this.access = access
    this.handler = handler
    try {
      this.#facade ??= new this.definition.facadeClass(this)
      return callHandler(handler, this.#facade, args, access === 'query' ? this : undefined)
    } finally {
      running.scope = scope
      this.access = outerAccess
      this.handler = outerHandler
    }
  }

  /** Runs the query that the body was woken for: what it did to it, when it throws, is dropped with it. */
  runFirst(handler: HandlerDefinition, args: readonly unknown[]): Datum {
    const savepoint: Savepoint = { snapshots: [] }
    this.#savepoint = savepoint
    const result = this.run(handler, args, 'query')
    this.#savepoint = undefined
    this.#refuseChanges(savepoint, handler)
    return result
  }

  /** Like `run`, for a body that was awake before, in a call that may be undone alone; and for queries of such a one. */
  runWithSavepoint(handler: HandlerDefinition, args: readonly unknown[], access: Access): Datum {
    const { live } = this
    const ownsLive = this.#ownsLive
    const transients = this.#transients
    const outer = this.#savepoint
    const savepoint: Savepoint = { snapshots: [] }
    this.#savepoint = savepoint
    this.#ownsLive = false
    this.#transients = transients?.slice()
    this.slot.execution.onRollback(() => {
      this.live = live
      this.#ownsLive = ownsLive
      this.#transients = transients
    })
    try {
      const result = this.run(handler, args, access)
      if (access === 'query') this.#refuseChanges(savepoint, handler)
      return result
    } finally {
      this.#savepoint = outer
      this.#ownsLive = ownsLive
    }
  }

  /** The object in the durable field at `place` in `live`, which is `value` or still packed in it. */
  object(place: number, value: object): object {
    if (!(value instanceof Packed)) return this.#keep(value)
    const object = thaw(value) as object
    this.#own()[place] = object
    return this.access === 'query' ? this.#keep(object, value) : object
  }

  /** What a query has read is as it was stored, or the query comes to nothing (B4). */
  storedFormOf(object: object): Packed | undefined {
    return this.#savepoint?.snapshots.find(({ root }) => root === object)?.stored
  }

  setField(place: number, value: unknown): void {
    if (this.access !== 'message') throw queryWrites(this, `set ${this.definition.shape.names[place - firstField]}`)
    this.#own()[place] = value
  }

  transient(index: number): unknown {
    const value = this.#ownTransients()[index]
    return typeof value === 'object' && value !== null && this.access === 'message' ? this.#keep(value) : value
  }

  setTransient(index: number, value: unknown): void {
    this.#ownTransients()[index] = value
  }

  /** The fields to commit: the very ones the actor had when none changed. */
  settle(): FieldValues {
    this.#refuseUndeclared()
    const base = this.#base
    const { live } = this
    if (base !== undefined && live === base) return this.#stored!
    // Nobody writes to `live` after this, unless it copies it first: it may become the committed list itself.
    this.#ownsLive = false
    const fields = base === undefined ? this.#frozen(live) : this.#changed(live, base)
    if (fields === undefined) return this.#stored!
    checkActorSize(fields, this.ref)
    return fields
  }

  #frozen([, ...values]: readonly unknown[]): FieldValues {
    const { shape, fieldLabels } = this.definition
    return [shape, ...values.map((value, index) => freezeField(value, fieldLabels[index]!))]
  }

  #changed(live: readonly unknown[], base: FieldValues): FieldValues | undefined {
    let changed = false
    let fields: unknown[] | undefined
    for (let place = firstField; place < live.length; place++) {
      const value = live[place]
      // What is behind the shape are data.
      const before = base[place] as Datum
      if (Object.is(value, before)) continue
      const frozen = freezeField(value, this.definition.fieldLabels[place - firstField]!)
      const same = sameDatum(frozen, before)
      if (!same) changed = true
      if (!same && frozen === value) continue
      fields ??= live.slice()
      fields[place] = same ? before : frozen
    }
    // Behind the shape every item is a datum now: what was not frozen here is a scalar or the item of `base`.
    return changed ? ((fields ?? live) as readonly unknown[] as FieldValues) : undefined
  }

  #migrated([storedShape, ...stored]: FieldValues): FieldValues {
    const { shape, fieldLabels } = this.definition
    const retained = storedShape.names.filter((name) => !shape.names.includes(name))
    const merged: FieldShape = shapeOf([...shape.names, ...retained])
    let initial: Record<string, unknown> | undefined
    const data = merged.names.map((name, index) => {
      const old = storedShape.names.indexOf(name)
      if (old >= 0) return stored[old]
      initial ??= this.#construct()
      return freeze(initial[name], fieldLabels[index]!)
    })
    return [merged, ...data]
  }

  #construct(): Record<string, unknown> {
    const { scope } = running
    const { access, handler } = this
    running.scope = this
    this.access = 'construct'
    this.handler = undefined
    try {
      // An actor's own fields are read by name below.
      const instance = new this.definition.actorClass() as unknown as Record<string, unknown>
      for (const name of Object.keys(instance)) this.#checkDeclared(name)
      return instance
    } finally {
      running.scope = scope
      this.access = access
      this.handler = handler
    }
  }

  #checkDeclared(name: string): void {
    const { shape, transients } = this.definition
    if (!shape.names.includes(name) && !transients.includes(name)) throw fieldUndeclared(this.definition, name)
  }

  #own(): unknown[] {
    if (!this.#ownsLive) {
      this.live = this.live.slice()
      this.#ownsLive = true
    }
    // Owning it is the right to write to it (B1, B3).
    return this.live as unknown[]
  }

  #ownTransients(): unknown[] {
    if (this.#transients === undefined) {
      const instance = this.#construct()
      this.#transients = this.definition.transients.map((name) => instance[name])
    }
    return this.#transients
  }

  #keep(object: object, stored?: Packed): object {
    const savepoint = this.#savepoint
    if (savepoint === undefined || savepoint.snapshots.some((snapshot) => snapshot.root === object)) return object
    const snapshot = new ObjectSnapshot(object, stored)
    savepoint.snapshots.push(snapshot)
    this.slot.execution.onRollback(() => snapshot.restore())
    return object
  }

  #refuseChanges(savepoint: Savepoint, handler: HandlerDefinition): void {
    this.#refuseUndeclared()
    if (!savepoint.snapshots.some((snapshot) => snapshot.changed())) return
    throw new StreamyError(
      'QUERY_WRITES',
      `The query ${handler.label} of ${this.ref.id} changed an object that is part of its state. ` +
        'Make it a message, or change a copy.',
    )
  }

  #refuseUndeclared(): void {
    for (const name in this.#facade) {
      if (Object.hasOwn(this.#facade, name)) throw fieldUndeclared(this.definition, name)
    }
  }
}

function fieldUndeclared(definition: ActorDefinition, name: string): StreamyError {
  return new StreamyError(
    'STATE_FIELD_UNDECLARED',
    `${definition.name} has no field ${name}, so what was assigned to it would be lost. ` +
      `Give it an initial value in the class: ${name} = undefined.`,
  )
}
