// Errors on their way to the caller: what a handler threw becomes ErrorData, and ErrorData an error of the same class.
// Encoding never throws, whatever was thrown; stacks never travel.

import {
  type Datum,
  type ErrorCode,
  type ErrorData,
  errorKinds,
  freeze,
  limits,
  StreamyError,
  thaw,
} from '@streamy-db/core'
import { ActorError, errorClassOf } from './actor-error.ts'
import { type ArgumentIssue, ArgumentsInvalid } from './argument-schema.ts'

const builtIns = new Map<string, ErrorConstructor>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [type.name, type]),
)

const MESSAGE_LENGTH_MAX = 8192
const notData = new Set(['name', 'message', 'stack', 'cause', 'code', 'kind', 'data', 'issues'])

/** Puts what was thrown into stored form. Never throws; what cannot be encoded is left out, and the message says so. */
export function encodeError(thrown: unknown): ErrorData {
  try {
    return thrown instanceof Error ? encodeInstance(thrown) : encodeOther(thrown)
  } catch {
    return {
      name: 'StreamyError',
      code: 'HANDLER_FAILED',
      message: 'The handler threw what cannot be read.',
      data: undefined,
    }
  }
}

/** Rebuilds an error: an instance of its class where that is known here, else an {@link ActorError} of its name. */
export function decodeError(error: ErrorData): Error {
  const { name, code, message } = error
  const data = thaw(error.data)
  if (code === 'ACTOR_ERROR') return actorError(name, message, data)
  if (isErrorCode(code)) return streamyError(code, message, data)
  const builtIn = builtIns.get(name)
  if (builtIn === undefined) return actorError(name, message, data)
  return Object.assign(new builtIn(message), data)
}

function encodeInstance(error: Error): ErrorData {
  const name = bounded(nameOf(error), limits.nameBytesMax)
  // Handlers can make anything of an error's message, whatever its type says.
  const { message: given }: { readonly message: unknown } = error
  const text = bounded(String(given), MESSAGE_LENGTH_MAX)
  const [data, note] = freezeData(dataOf(error))
  const message = text + note
  return error instanceof StreamyError ? { name, code: error.code, message, data } : { name, message, data }
}

function encodeOther(thrown: unknown): ErrorData {
  const [data, note] = freezeData(thrown)
  const what = typeof thrown === 'string' ? `'${bounded(thrown, MESSAGE_LENGTH_MAX)}'` : `a ${typeof thrown}`
  const message = `The handler threw ${what}, which is no Error. Throw an ActorError.${note}`
  return { name: 'StreamyError', code: 'HANDLER_FAILED', message, data }
}

function freezeData(value: unknown): [data: Datum, note: string] {
  try {
    return [freeze(value, 'its data'), '']
  } catch (cause) {
    const reason = cause instanceof StreamyError ? cause.message : 'It cannot be read.'
    return [undefined, ` (The data of this error were left out. ${bounded(reason, MESSAGE_LENGTH_MAX)})`]
  }
}

function dataOf(error: Error): unknown {
  if (error instanceof ActorError) return error.data
  if (error instanceof ArgumentsInvalid) return error.issues
  if (error instanceof StreamyError) return error.code === 'HANDLER_FAILED' ? error.cause : undefined
  const own = Object.entries(error).filter(([key]) => !notData.has(key))
  return own.length === 0 ? undefined : Object.fromEntries(own)
}

// Classes that extend Error without setting a name are called by the name of their class.
function nameOf(error: Error): string {
  const { name: given }: { readonly name: unknown } = error
  const name = String(given)
  return name === 'Error' ? error.constructor.name || name : name
}

// Made without calling its constructor, whose parameters only its author knows.
function actorError(name: string, message: string, data: unknown): Error {
  const error = Reflect.construct(Error, [message], errorClassOf(name)) as Error
  const fields = { name, code: 'ACTOR_ERROR', kind: errorKinds.ACTOR_ERROR, data }
  for (const [key, value] of Object.entries(fields))
    Object.defineProperty(error, key, { value, enumerable: true, writable: true, configurable: true })
  return error
}

function streamyError(code: ErrorCode, message: string, data: unknown): StreamyError {
  // Only `encodeError` writes the data of this code.
  if (code === 'ARGUMENTS_INVALID' && Array.isArray(data)) return new ArgumentsInvalid(message, data as ArgumentIssue[])
  return new StreamyError(code, message, data === undefined ? undefined : { cause: data })
}

function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(errorKinds, code)
}

function bounded(text: string, lengthMax: number): string {
  return (text.length <= lengthMax ? text : `${text.slice(0, lengthMax)}…`).toWellFormed()
}
