// The decorators: `@actor`, `@message`, `@query`, `@transient`. Each works as TypeScript's legacy decorator and as a
// standard one, and only records; `define-actor.ts` gives the records their meaning.

import { StreamyError } from '@streamy-db/core'
import type { ActorErrorClass } from './actor-error.ts'
import type { ActorClass, ArgumentSchema, HandlerMethod, TouchesFunction } from './actor-definition.ts'
import { type HandlerSpec, recordActor, recordHandler, recordHandlerMethod, recordTransient } from './actor-metadata.ts'

/** Options of `@actor`. */
export interface ActorOptions {
  /** Name of the type in the log; the class's own name without it. Never change it: it names the data. */
  readonly name?: string
  /** Change it when handlers change behaviour, so that workers of old and new code never mix. */
  readonly version?: string
  /** Error classes that its handlers throw, so that a client that never made one can rebuild them. */
  readonly errors?: readonly ActorErrorClass[]
}

/** Options of `@message`. */
export interface MessageOptions<
  Touched extends readonly unknown[] = readonly never[],
  Input extends readonly unknown[] = readonly never[],
> {
  /** The other actors the message may use; see {@link reads}. */
  readonly touches?: TouchesFunction<Touched>
  /** Standard Schema of the tuple of all arguments. */
  readonly input?: ArgumentSchema<Input>
}

/** Options of `@query`. */
export interface QueryOptions<Input extends readonly unknown[] = readonly never[]> {
  /** Standard Schema of the tuple of all arguments. */
  readonly input?: ArgumentSchema<Input>
}

/** What `@actor()` returns. */
export type ActorDecorator = (target: ActorClass, context?: ClassDecoratorContext) => void

/** What `@message()` and `@query()` return: a decorator of methods that take at least `Touched` and take `Input`. */
export interface HandlerDecorator<Touched extends readonly unknown[], Input extends readonly unknown[]> {
  (method: HandlerTaking<Touched, Input>, context: ClassMethodDecoratorContext): void
  <Method extends HandlerTaking<Touched, Input>>(
    prototype: object,
    name: string,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void
}

/** What `@transient()` returns. */
export interface FieldDecorator {
  <Value>(value: undefined, context: ClassFieldDecoratorContext<object, Value>): (this: object, initial: Value) => Value
  (prototype: object, name: string): void
}

type HandlerTaking<Touched extends readonly unknown[], Input extends readonly unknown[]> = ((
  ...args: [...Touched, ...never[]]
) => unknown) &
  ((...args: [...Input, ...never[]]) => unknown)

/** Marks a class as a type of actors, known in the log by `name`, or by the class's own name. */
export function actor(options: string | ActorOptions = {}): ActorDecorator {
  const { name, version, errors = [] } = typeof options === 'string' ? { name: options } : options
  return (target) => recordActor(target, { name, version, errors })
}

/**
 * Marks a method as a message: it may change state, is always a transaction, and always goes through the log.
 *
 * ```ts
 * @message({ touches: (self, to: string) => [self.actor(Account, to)] })
 * transfer(to: string, amount: number): void { … }
 * ```
 */
export function message<Touched extends readonly unknown[] = [], Input extends readonly unknown[] = []>(
  options: MessageOptions<Touched, Input> = {},
): HandlerDecorator<Touched, Input> {
  // What the function takes is checked against the method by the decorator's type, and by nothing after that.
  const touches = options.touches as TouchesFunction<never[]> | undefined
  return handlerDecorator({ kind: 'message', input: options.input, touches })
}

/** Marks a method as a query: it only reads, and never goes through the log. */
export function query<Input extends readonly unknown[] = []>(
  options: QueryOptions<Input> = {},
): HandlerDecorator<[], Input> {
  return handlerDecorator({ kind: 'query', input: options.input, touches: undefined })
}

/**
 * Marks a field that is not state: in each transaction it starts from its initial value.
 *
 * Use it for what can be computed again. Queries may assign it.
 */
export function transient(): FieldDecorator {
  return recordField as FieldDecorator
}

function handlerDecorator<Touched extends readonly unknown[], Input extends readonly unknown[]>(
  spec: HandlerSpec,
): HandlerDecorator<Touched, Input> {
  return (target: object, nameOrContext: PropertyKey | ClassMethodDecoratorContext): void => {
    if (typeof nameOrContext !== 'object') return recordHandler(target, nameOf(nameOrContext), spec)
    checkContext(nameOrContext, 'method')
    // `checkContext` has seen that it is one.
    recordHandlerMethod(target as HandlerMethod, spec)
  }
}

function recordField(target: object | undefined, nameOrContext: PropertyKey | ClassFieldDecoratorContext): unknown {
  if (typeof nameOrContext !== 'object') return recordTransient(target!, nameOf(nameOrContext))
  checkContext(nameOrContext, 'field')
  const name = nameOf(nameOrContext.name)
  // A standard decorator of a field learns its class from the first instance, which registration makes.
  return function (this: object, initial: unknown): unknown {
    recordTransient(this.constructor.prototype as object, name)
    return initial
  }
}

function checkContext(context: ClassMethodDecoratorContext | ClassFieldDecoratorContext, kind: string): void {
  if (context.kind === kind && !context.private && !context.static) return
  throw new StreamyError(
    'REGISTRATION_INVALID',
    `${String(context.name)} is ${context.static ? 'static' : context.private ? 'private' : `a ${context.kind}`}. ` +
      `Decorate a public ${kind} of the actor.`,
  )
}

function nameOf(name: PropertyKey): string {
  if (typeof name === 'string') return name
  throw new StreamyError(
    'REGISTRATION_INVALID',
    `${String(name)} cannot be decorated: its name must be a string. Give it a plain name.`,
  )
}
