// ReferenceClasses: one class of references for each actor class, made when the first reference is, whose methods all
// call one `send`. A name that is no handler becomes a method that says which ones there are.

import { referenceClass, type ActorDefinition, type ReferenceClass, type Send } from '@streamy-db/actors'
import { refuseUnknownMessages } from './unknown-messages.ts'

/** The reference classes of one `send`. */
export class ReferenceClasses<Context> {
  readonly #send: Send<Context>
  readonly #classes = new WeakMap<ActorDefinition, ReferenceClass<Context>>()

  constructor(send: Send<Context>) {
    this.#send = send
  }

  /** The class of references to actors of `definition`. */
  of(definition: ActorDefinition): ReferenceClass<Context> {
    const known = this.#classes.get(definition)
    if (known !== undefined) return known
    const made = referenceClass(definition.handlers.values(), this.#send)
    // What is behind unknown names does not look at what a reference was made with.
    refuseUnknownMessages(made as ReferenceClass, definition)
    this.#classes.set(definition, made)
    return made
  }
}
