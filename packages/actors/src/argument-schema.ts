// Argument schemas: checks a message's arguments against the Standard Schema it declares, and freezes them.
//
// A schema runs twice. Where a call is made, it only checks, so that the caller gets the error before anything is
// logged; the log holds what the caller passed. In the transaction it checks again, since a log entry may come from
// anywhere, and what it makes of the arguments (defaults, conversions) is what the handler gets: once.

import { type Datum, freeze, Packed, StreamyError, thaw } from '@streamy-db/core'
import type { HandlerDefinition } from './actor-definition.ts'
import { freezeField } from './field-limits.ts'

/** One thing wrong with the arguments. */
export interface ArgumentIssue {
  readonly message: string
  /** Where: the argument's index, then keys within it. */
  readonly path: readonly (string | number)[]
}

/** ARGUMENTS_INVALID with what is wrong, one by one. */
export class ArgumentsInvalid extends StreamyError {
  readonly issues: readonly ArgumentIssue[]

  constructor(message: string, issues: readonly ArgumentIssue[]) {
    super('ARGUMENTS_INVALID', message)
    this.issues = issues
  }
}

/** What the schema of `handler` makes of `args`; `args` themselves without one. Throws {@link ArgumentsInvalid}. */
export function validateArguments(handler: HandlerDefinition, args: readonly unknown[]): readonly unknown[] {
  if (handler.input === undefined) return args
  const result = handler.input['~standard'].validate(args)
  if (result instanceof Promise || 'then' in result) throw asynchronous(handler)
  if (result.issues !== undefined) {
    const issues = result.issues.map((issue) => ({ message: issue.message, path: pathOf(issue.path ?? []) }))
    throw new ArgumentsInvalid(`${handler.label} was called with invalid arguments: ${listed(issues)}.`, issues)
  }
  if (!Array.isArray(result.value)) throw notTuple(handler)
  return result.value
}

/** Checks arguments and puts them into stored form. Throws ARGUMENTS_INVALID, VALUE_NOT_ENCODABLE, VALUE_TOO_LARGE. */
export function packArguments(handler: HandlerDefinition, args: readonly unknown[]): readonly Datum[] {
  if (handler.input !== undefined) validateArguments(handler, args)
  const packed: Datum[] = []
  for (let index = 0; index < args.length; index++) packed.push(freezeArgument(handler, args[index], index))
  return packed
}

/** Gives back arguments as the handler may use them; scalars pass as they are. */
export function unpackArguments(args: readonly Datum[]): readonly unknown[] {
  for (const datum of args) if (datum instanceof Packed) return args.map(thaw)
  return args
}

function freezeArgument(handler: HandlerDefinition, value: unknown, index: number): Datum {
  if (typeof value === 'string' || typeof value === 'object' || typeof value === 'function')
    return freeze(value, `argument ${index + 1} of ${handler.label}`)
  return freezeField(value, `an argument of ${handler.label}`)
}

type PathSegment = PropertyKey | { readonly key: PropertyKey }

function pathOf(path: readonly PathSegment[]): (string | number)[] {
  return path.map((segment) => {
    const key = typeof segment === 'object' ? segment.key : segment
    return typeof key === 'number' ? key : String(key)
  })
}

function listed(issues: readonly ArgumentIssue[]): string {
  return issues.map(({ message, path }) => (path.length === 0 ? message : `${describe(path)}: ${message}`)).join('; ')
}

function describe(path: readonly (string | number)[]): string {
  const [index, ...rest] = path
  const argument = typeof index === 'number' ? `argument ${index + 1}` : String(index)
  return [argument, ...rest].join('.')
}

function asynchronous(handler: HandlerDefinition): StreamyError {
  return new StreamyError(
    'HANDLER_ASYNC',
    `The input schema of ${handler.label} validates asynchronously. Use a synchronous schema: handlers cannot wait.`,
  )
}

function notTuple(handler: HandlerDefinition): StreamyError {
  return new StreamyError(
    'ARGUMENTS_INVALID',
    `The input schema of ${handler.label} does not return a list. It must describe the tuple of all arguments.`,
  )
}
