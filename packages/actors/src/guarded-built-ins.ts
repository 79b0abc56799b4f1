// Functions of Node's built-in modules that modules import by name. They are wrapped once and stay wrapped: outside
// handlers a wrapper does exactly what it wraps. `syncBuiltinESMExports` makes named imports see the wrappers.

import childProcess from 'node:child_process'
import crypto from 'node:crypto'
import dns from 'node:dns'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import { fillView } from './guarded-globals.ts'
import { guardedFunction, type InHandler, notDeterministic, refusing } from './guarded-property.ts'
import type { HandlerSource } from './running.ts'

const useCaller = 'Do it in the caller, and pass what it brought as an argument.'
const useAfter = 'Use this.after(milliseconds) for what shall happen later.'

let wrapped = false

/** Wraps them, the first time it is called. */
export function builtInFunctions(): void {
  if (wrapped) return
  wrapped = true
  wrap(crypto, 'randomUUID', (scope) => scope.source.uuid())
  wrap(crypto, 'getRandomValues', (scope, [view]) => fillView(scope.source, view))
  wrap(crypto, 'randomFillSync', (scope, [view, ...range]) => {
    if (range.length > 0) throw notDeterministic(scope, 'randomFillSync with a range', 'Pass a subarray.')
    return fillView(scope.source, view)
  })
  wrap(crypto, 'randomBytes', (scope, [size, callback]) => {
    if (callback !== undefined) throw notDeterministic(scope, 'a callback', 'Leave it out, and use what is returned.')
    return fillView(scope.source, Buffer.alloc(Number(size)))
  })
  wrap(crypto, 'randomInt', (scope, args) => {
    if (typeof args.at(-1) === 'function') throw notDeterministic(scope, 'a callback', 'Use what is returned.')
    return randomInt(scope.source, args)
  })
  wrap(crypto, 'randomFill', refusing('crypto.randomFill', 'Use crypto.getRandomValues.'))
  for (const name of ['setTimeout', 'setInterval', 'setImmediate']) wrap(timers, name, refusing(name, useAfter))
  for (const name of ['execSync', 'execFileSync', 'spawnSync'])
    wrap(childProcess, name, refusing(`child_process.${name}`, useCaller))
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) wrap(dns, name, refusing(`dns.${name}`, useCaller))
  for (const name of ['openSync', 'readFileSync', 'writeFileSync', 'appendFileSync', 'readFile', 'writeFile'])
    wrap(fs, name, refusing(`fs.${name}`, useCaller))
  syncBuiltinESMExports()
}

function wrap(module: object, name: string, inHandler: InHandler): void {
  const member = Object.getOwnPropertyDescriptor(module, name)
  if (member === undefined || typeof member.value !== 'function' || !member.configurable) return
  const value = guardedFunction({ original: member.value as unknown }, inHandler)
  Object.defineProperty(module, name, { ...member, value })
}

function randomInt(source: HandlerSource, args: readonly unknown[]): number {
  const [first, second] = args
  const least = typeof second === 'number' ? Number(first) : 0
  const end = typeof second === 'number' ? second : Number(first)
  return least + Math.floor(source.random() * (end - least))
}
