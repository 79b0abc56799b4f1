// The globals and prototypes that the determinism guard swaps: clocks, randomness, timers, promises, the network.

import childProcess from 'node:child_process'
import dgram from 'node:dgram'
import http from 'node:http'
import net from 'node:net'
import {
  type Guarded,
  guardedFunction,
  guardFunction,
  GuardedProperty,
  notDeterministic,
  refusing,
} from './guarded-property.ts'
import { guardedDate } from './guarded-date.ts'
import { running } from './running.ts'

const useAfter = 'Use this.after(milliseconds) for what shall happen later.'
const doItNow = 'Do it at once, or use this.after(0) or this.tell for what shall happen later.'
const useCaller = 'Do it in the caller, and pass what it brought as an argument.'

/** Everything that is swapped, in order. */
export function guardedGlobals(): readonly Guarded[] {
  return [...clocks(), ...randomness(), ...timers(), ...promises(), ...network()]
}

function clocks(): Guarded[] {
  return [
    new GuardedProperty(globalThis, 'Date', guardedDate),
    ...guardFunction(Date, 'now', (scope) => scope.source.now),
    ...guardFunction(prototypeOf(performance), 'now', (scope) => scope.source.now),
    new GuardedProperty(process, 'hrtime', guardedHrtime),
  ]
}

function guardedHrtime(guarded: GuardedProperty): unknown {
  const refuse = refusing('process.hrtime', 'Use this.now.')
  const replacement = guardedFunction(guarded, refuse)
  const bigint = guardedFunction({ original: Reflect.get(process.hrtime, 'bigint') }, refuse)
  return Object.defineProperty(replacement, 'bigint', { value: bigint })
}

function randomness(): Guarded[] {
  return [
    ...guardFunction(Math, 'random', (scope) => scope.source.random()),
    ...guardFunction(prototypeOf(crypto), 'randomUUID', (scope) => scope.source.uuid()),
    ...guardFunction(prototypeOf(crypto), 'getRandomValues', (scope, [view]) => fillView(scope.source, view)),
  ]
}

function timers(): Guarded[] {
  return [
    ...guardFunction(globalThis, 'setTimeout', refusing('setTimeout', useAfter)),
    ...guardFunction(globalThis, 'setInterval', refusing('setInterval', useAfter)),
    ...guardFunction(globalThis, 'setImmediate', refusing('setImmediate', doItNow)),
    ...guardFunction(globalThis, 'queueMicrotask', refusing('queueMicrotask', doItNow)),
    ...guardFunction(process, 'nextTick', refusing('process.nextTick', doItNow)),
  ]
}

// Promise.prototype.then stays as it is: replacing it would make every await of the process slower, for good.
function promises(): Guarded[] {
  return [new GuardedProperty(globalThis, 'Promise', (guarded) => guardedPromise(guarded))]
}

function network(): Guarded[] {
  return [
    ...guardFunction(globalThis, 'fetch', refusing('fetch', useCaller)),
    ...guardFunction(globalThis, 'WebSocket', refusing('WebSocket', useCaller)),
    ...guardFunction(globalThis, 'EventSource', refusing('EventSource', useCaller)),
    ...guardFunction(net.Socket.prototype, 'connect', refusing('the network', useCaller)),
    ...guardFunction(dgram.Socket.prototype, 'send', refusing('the network', useCaller)),
    ...guardFunction(http.Agent.prototype, 'addRequest', refusing('the network', useCaller)),
    ...guardFunction(childProcess.ChildProcess.prototype, 'spawn', refusing('a child process', useCaller)),
  ]
}

/** Fills any integer view from `source` and returns it, as `crypto.getRandomValues` does. */
export function fillView(source: { randomFill(bytes: Uint8Array): void }, view: unknown): unknown {
  if (!ArrayBuffer.isView(view)) throw new TypeError('The argument must be an integer-typed view.')
  source.randomFill(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
  return view
}

function guardedPromise(guarded: GuardedProperty): unknown {
  const original = guarded.original as PromiseConstructor
  const check = (what: string): void => {
    if (running.scope !== undefined) throw notDeterministic(running.scope, what, `Handlers cannot wait. ${useCaller}`)
  }
  const replacement = function (executor: ConstructorParameters<PromiseConstructor>[0]): unknown {
    check('new Promise')
    // A function that is called with new has itself, or a subclass, as its target.
    const target: unknown = new.target
    return Reflect.construct(original, [executor], target === replacement ? original : (target as PromiseConstructor))
  }
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original))
  for (const name of Object.getOwnPropertyNames(original)) {
    const method: unknown = original[name as keyof PromiseConstructor]
    if (typeof method !== 'function') continue
    const value = (...args: unknown[]): unknown => {
      check(`Promise.${name}`)
      return Reflect.apply(method, original, args)
    }
    Object.defineProperty(replacement, name, { value, writable: true, configurable: true })
  }
  return replacement
}

function prototypeOf(object: object): object {
  return Object.getPrototypeOf(object) as object
}
