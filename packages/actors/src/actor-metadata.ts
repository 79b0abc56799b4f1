// What decorators and `registerActor` have recorded about a class, kept with reflect-metadata. Recording judges
// nothing; `define-actor.ts` reads it all when the class is registered and refuses what cannot work.

// It extends the global Reflect.
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata'
import type { ActorErrorClass } from './actor-error.ts'
import type { ArgumentSchema, HandlerMethod, TouchesFunction } from './actor-definition.ts'

/** What is declared of a class. */
export interface ActorSpec {
  readonly name: string | undefined
  readonly version: string | undefined
  readonly errors: readonly ActorErrorClass[]
  readonly internal?: boolean
}

/** What is declared of a method. */
export interface HandlerSpec {
  readonly kind: 'message' | 'query'
  readonly input: ArgumentSchema | undefined
  readonly touches: TouchesFunction<never[]> | undefined
}

/** A method's declarations: one, unless it is decorated twice. */
export type HandlerSpecs = readonly HandlerSpec[]

const actorKey = 'streamy:actor'
const handlersKey = 'streamy:handlers'
const transientsKey = 'streamy:transients'

/** Records that `target` is an actor class. */
export function recordActor(target: object, spec: ActorSpec): void {
  Reflect.defineMetadata(actorKey, spec, target)
}

/** Records a handler by its name in a prototype. */
export function recordHandler(prototype: object, name: string, spec: HandlerSpec): void {
  const known = ownMap<HandlerSpecs>(handlersKey, prototype)
  Reflect.defineMetadata(handlersKey, new Map(known).set(name, [...(known.get(name) ?? []), spec]), prototype)
}

/** Records a handler by its function: standard decorators do not know the class. */
export function recordHandlerMethod(method: HandlerMethod, spec: HandlerSpec): void {
  Reflect.defineMetadata(handlersKey, [...methodSpecs(method), spec], method)
}

/** Records a transient field by its name in a prototype. */
export function recordTransient(prototype: object, name: string): void {
  const known = ownMap<true>(transientsKey, prototype)
  if (!known.has(name)) Reflect.defineMetadata(transientsKey, new Map(known).set(name, true), prototype)
}

/** What is declared of this very class; undefined when it is not declared an actor. */
export function actorSpecOf(target: object): ActorSpec | undefined {
  return Reflect.getOwnMetadata(actorKey, target) as ActorSpec | undefined
}

/** The handlers declared for a class and those it extends, up to `root`; the nearest declaration of a name counts. */
export function handlerSpecsOf(target: object, root: object): ReadonlyMap<string, HandlerSpecs> {
  const found = new Map<string, HandlerSpecs>()
  for (const prototype of prototypesOf(target, root)) {
    for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      const specs = typeof member.value === 'function' ? methodSpecs(member.value as object) : []
      if (specs.length > 0) found.set(name, specs)
    }
    for (const [name, specs] of ownMap<HandlerSpecs>(handlersKey, prototype)) found.set(name, specs)
  }
  return found
}

/** The transient fields declared for a class and those it extends, up to `root`. */
export function transientsOf(target: object, root: object): ReadonlySet<string> {
  const found = new Set<string>()
  for (const prototype of prototypesOf(target, root))
    for (const name of ownMap<true>(transientsKey, prototype).keys()) found.add(name)
  return found
}

/** The prototypes from below `root`'s to `target`'s, outermost first. */
export function prototypesOf(target: object, root: object): object[] {
  const found: object[] = []
  for (let level: object | null = target; level !== null && level !== root; level = prototypeOf(level))
    found.unshift((level as { readonly prototype: object }).prototype)
  return found
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null
}

function methodSpecs(method: object): HandlerSpecs {
  return (Reflect.getOwnMetadata(handlersKey, method) as HandlerSpecs | undefined) ?? []
}

function ownMap<Value>(key: string, target: object): ReadonlyMap<string, Value> {
  return (Reflect.getOwnMetadata(key, target) as ReadonlyMap<string, Value> | undefined) ?? new Map()
}
