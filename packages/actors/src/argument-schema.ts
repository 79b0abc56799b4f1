// Argument schemas: checks a message's arguments against the Standard Schema it declares, and freezes them.
//
// A schema runs twice. Where a call is made, it only checks, so that the caller gets the error before anything is
// logged; the log holds what the caller passed. In the transaction it checks again, since a log entry may come from
// anywhere, and what it makes of the arguments (defaults, conversions) is what the handler gets: once.

import { type Datum, freeze, freezeBriefly, Packed, StreamyError, thaw } from '@streamy-db/core'
import type { HandlerDefinition } from './actor-definition.ts'

/** Labels of arguments kept per handler; the others are put together each time. */
const LABELS_MAX = 16

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

/**
 * Checks arguments and puts them into stored form, in their own list: it was made for one call and nobody else holds it,
 * except perhaps a schema that has seen it. `isKept` says that they become part of a state, as those of a timer do. Throws
 * ARGUMENTS_INVALID, VALUE_NOT_ENCODABLE, VALUE_TOO_LARGE.
 */
export function packArguments(handler: HandlerDefinition, args: unknown[], isKept = false): readonly Datum[] {
  const freezing = isKept ? freeze : freezeBriefly
  if (handler.input === undefined) return freezeArguments(handler, args, freezing)
  validateArguments(handler, args)
  return freezeArguments(handler, args.slice(), freezing)
}

/** Gives back arguments as the handler may use them; scalars pass as they are. */
export function unpackArguments(args: readonly Datum[]): readonly unknown[] {
  for (let index = 0; index < args.length; index++) if (args[index] instanceof Packed) return args.map(thaw)
  return args
}

function freezeArguments(handler: HandlerDefinition, args: unknown[], freezing: typeof freeze): readonly Datum[] {
  for (let index = 0; index < args.length; index++) {
    const value = args[index]
    if (typeof value !== 'number') args[index] = freezeArgument(value, argumentLabel(handler, index), freezing)
  }
  // Every item is a datum now.
  return args as Datum[]
}

function freezeArgument(value: unknown, label: string, freezing: typeof freeze): Datum {
  try {
    return freezing(value, label)
  } catch (cause) {
    // No more stack is never an outcome of a handler, and it may be one that sends this.
    if (cause instanceof StreamyError || cause instanceof RangeError) throw cause
    throw new StreamyError(
      'VALUE_NOT_ENCODABLE',
      `${label} runs code of its own when it is read, and that threw: ${messageOf(cause)}. Send a copy of its data.`,
      { cause },
    )
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'what is no Error'
}

// Kept once it was made: putting it together would cost more than looking at the argument, which is in order mostly.
function argumentLabel({ argumentLabels, label }: HandlerDefinition, index: number): string {
  const known = argumentLabels[index]
  if (known !== undefined) return known
  const made = `argument ${index + 1} of ${label}`
  if (index < LABELS_MAX) argumentLabels[index] = made
  return made
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
