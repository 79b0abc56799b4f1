// Makes an ActorDefinition of a class: reads what decorators recorded, constructs one instance to learn its fields,
// and refuses, with the reason and the remedy, whatever could not work later.

import { StreamyError } from '@streamy-db/core'
import { Actor } from './actor.ts'
import { registerError } from './actor-error.ts'
import type { ActorClass, ActorDefinition, HandlerDefinition, HandlerMethod } from './actor-definition.ts'
import { actorSpecOf, type HandlerSpecs, handlerSpecsOf, prototypesOf, transientsOf } from './actor-metadata.ts'
import { facadeClass } from './facade.ts'
import { shapeOf } from './field-values.ts'
import { handlerReferences } from './handler-references.ts'
import { layerMembers } from './layer-members.ts'
import { privateMembersIn } from './private-members.ts'
import { probeFields } from './probe-fields.ts'
import { checkName, refuse } from './registration-checks.ts'

// What Actor has, what every object has, what would make a reference a promise, and what later layers add to `this`.
const reservedNames: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Actor.prototype),
  ...Object.getOwnPropertyNames(Object.prototype),
  'then',
  ...layerMembers,
])

/** Makes the definition of a registered class. Throws REGISTRATION_INVALID or HANDLER_ASYNC. */
export function defineActor(actorClass: ActorClass): ActorDefinition {
  const spec = checkClass(actorClass)
  const name = spec.name ?? actorClass.name
  checkName(name, `The actor type ${name}`)
  if (spec.version !== undefined) checkName(spec.version, `The version of ${name}`)
  checkMembers(name, actorClass)
  const handlers = handlersOf(name, actorClass)
  const { durable, transients } = fieldsOf(name, actorClass, handlers)
  spec.errors.forEach(registerError)
  return {
    name,
    version: spec.version,
    actorClass,
    internal: spec.internal ?? false,
    handlers,
    shape: shapeOf(durable),
    fieldLabels: durable.map((field) => `field ${field} of ${name}`),
    transients,
    facadeClass: facadeClass(actorClass, durable, transients),
    ...handlerReferences(handlers),
  }
}

function checkClass(actorClass: ActorClass): NonNullable<ReturnType<typeof actorSpecOf>> {
  if (typeof actorClass !== 'function' || !(actorClass.prototype instanceof Actor))
    throw refuse(`${describe(actorClass)} does not extend Actor. List classes that do: class Account extends Actor.`)
  const spec = actorSpecOf(actorClass)
  if (spec !== undefined) return spec
  throw refuse(
    `${describe(actorClass)} is not declared an actor. Decorate it with @actor(), or call registerActor with it.`,
  )
}

function checkMembers(name: string, actorClass: ActorClass): void {
  for (const { constructor } of prototypesOf(actorClass, Actor)) {
    if (constructor.length > 0)
      throw refuse(
        `The constructor of ${describe(constructor)}, actor type ${name}, requires arguments, but an actor is created ` +
          'by its first message. Give fields initial values, and pass the rest in a message.',
      )
    const [hidden] = privateMembersIn(Function.prototype.toString.call(constructor))
    if (hidden !== undefined)
      throw refuse(
        `${describe(constructor)}, actor type ${name}, has the member ${hidden}, which nothing outside the class can ` +
          `see, so it cannot be state. Use TypeScript's private instead: private ${hidden.slice(1)}.`,
      )
  }
}

function handlersOf(type: string, actorClass: ActorClass): ReadonlyMap<string, HandlerDefinition> {
  const handlers = new Map<string, HandlerDefinition>()
  for (const [name, specs] of handlerSpecsOf(actorClass, Actor)) {
    handlers.set(name, handlerOf(type, actorClass, name, specs))
  }
  return handlers
}

function handlerOf(type: string, actorClass: ActorClass, name: string, specs: HandlerSpecs): HandlerDefinition {
  const label = `${type}.${name}`
  const [spec] = specs
  if (spec === undefined || specs.length > 1)
    throw refuse(`${label} is declared more than once. Make it a message or a query, once.`)
  if (reservedNames.has(name)) throw refuse(`${label} has a name that Actor or every object uses. Rename the method.`)
  checkName(name, `The ${spec.kind} ${label}`)
  const method = methodOf(actorClass, name)
  if (method === undefined)
    throw refuse(`${label} is declared a ${spec.kind} but is no method. Declare it: ${name}() {…}.`)
  refuseAsync(label, method)
  return { ...spec, name, label, resultLabel: `the result of ${label}`, argumentLabels: [], method }
}

function methodOf(actorClass: ActorClass, name: string): HandlerMethod | undefined {
  for (const prototype of prototypesOf(actorClass, Actor).toReversed()) {
    const member = Object.getOwnPropertyDescriptor(prototype, name)
    // Any function may be a handler; what it is called with is checked by types where it is called.
    if (member !== undefined) return typeof member.value === 'function' ? (member.value as HandlerMethod) : undefined
  }
  return undefined
}

function refuseAsync(label: string, method: HandlerMethod): void {
  const kind = Object.prototype.toString.call(method)
  if (kind === '[object Function]') return
  throw new StreamyError(
    'HANDLER_ASYNC',
    `${label} is ${kind.includes('Generator') ? 'a generator' : 'asynchronous'}. Handlers are plain synchronous ` +
      'methods: do the waiting in the caller and pass what it brought as an argument.',
  )
}

function fieldsOf(
  type: string,
  actorClass: ActorClass,
  handlers: ReadonlyMap<string, HandlerDefinition>,
): { readonly durable: readonly string[]; readonly transients: readonly string[] } {
  const fields = probeFields(type, actorClass)
  const declared = transientsOf(actorClass, Actor)
  for (const [name, value] of fields) {
    if (reservedNames.has(name)) throw refuse(`The field ${name} of ${type} has a name that Actor uses. Rename it.`)
    if (handlers.has(name)) throw refuse(`${type} has both a field and a handler named ${name}. Rename one.`)
    if (typeof value === 'function' && !declared.has(name))
      throw refuse(`The field ${name} of ${type} holds a function, which cannot be stored. Make it a method.`)
    checkName(name, `The field ${name} of ${type}`)
  }
  for (const name of declared)
    if (!fields.has(name)) throw refuse(`The transient field ${name} of ${type} has no initial value. Give it one.`)
  const names = [...fields.keys()]
  return {
    durable: names.filter((name) => !declared.has(name)),
    transients: names.filter((name) => declared.has(name)),
  }
}

function describe(actorClass: unknown): string {
  return typeof actorClass === 'function' && actorClass.name !== '' ? actorClass.name : 'A class without a name'
}
