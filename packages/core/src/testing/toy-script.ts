// The little language of the toy actors: what a message of theirs does is its argument, so that a generator of
// scripts is a generator of arbitrary behaviour. A script is plain arrays, which freeze to the same bytes everywhere.

import { freeze, type Datum } from '../datum.ts'
import { actorRef, type AccessMode, type ActorRef, type Call } from '../transaction.ts'

/** One step of a script. Keys name toy actors. */
export type Step =
  | readonly ['add', amount: number]
  | readonly ['append', value: unknown]
  | readonly ['clear']
  /** Appends what the other actor looks like. */
  | readonly ['look', key: string]
  /** Runs a script on another actor and appends its result; an error passes through. */
  | readonly ['call', key: string, script: Script]
  /** The same, but an error is caught and appended. */
  | readonly ['try', key: string, script: Script]
  /** Calls the actor that the own counter picks: a footprint that depends on state. */
  | readonly ['callPicked', keys: readonly string[], script: Script]
  | readonly ['tell', key: string, script: Script, declared: Declared]
  | readonly ['timer', delayUs: number, script: Script, declared: Declared]
  | readonly ['timers', count: number, delayUs: number, script: Script]
  | readonly ['cancel', which: number]
  | readonly ['destroy']
  | readonly ['random']
  | readonly ['clock']
  | readonly ['ifOdd', script: Script]
  | readonly ['throw', text: string]
  /** Makes the actor refuse to be settled. */
  | readonly ['spoil']
  | readonly ['return', value: unknown]

/** What a message does, step by step. */
export type Script = readonly Step[]

/** The other actors a call declares. */
export type Declared = readonly (readonly [key: string, mode: AccessMode])[]

/** Name of the type of all toy actors. */
export const toyType = 'toy'

/** The toy actor of a key. */
export function toyRef(key: string): ActorRef {
  return actorRef(toyType, key)
}

/** A message that runs a script on a toy actor. */
export function scriptCall(key: string, script: Script, declared: Declared = []): Call {
  return { ref: toyRef(key), message: 'run', args: scriptArgs(script, declared) }
}

/** The arguments of a message that runs a script. */
export function scriptArgs(script: Script, declared: Declared): Datum[] {
  return [freeze(script, 'script'), freeze(declared, 'declared')]
}

/** A query that shows a toy actor and the others of `keys` behind it. */
export function lookCall(key: string, keys: readonly string[] = []): Call {
  return { ref: toyRef(key), message: 'look', args: [freeze(keys, 'keys')] }
}

/** A query for the items of a toy actor. */
export function itemsCall(key: string): Call {
  return { ref: toyRef(key), message: 'items', args: [] }
}

/** Every actor that a script might use in its own transaction, with the strongest mode it might want. */
export function reachOf(script: Script): Declared {
  const modes = new Map<string, AccessMode>()
  collectReach(script, modes)
  return [...modes]
}

function collectReach(script: Script, modes: Map<string, AccessMode>): void {
  for (const step of script) {
    if (step[0] === 'look' && !modes.has(step[1])) modes.set(step[1], 'read')
    if (step[0] === 'call' || step[0] === 'try') modes.set(step[1], 'write')
    if (step[0] === 'callPicked') for (const key of step[1]) modes.set(key, 'write')
    for (const inner of innerScripts(step)) collectReach(inner, modes)
  }
}

// The scripts that run within the same transaction as their step.
function innerScripts(step: Step): readonly Script[] {
  switch (step[0]) {
    case 'call':
    case 'try':
    case 'callPicked':
      return [step[2]]
    case 'ifOdd':
      return [step[1]]
    default:
      return []
  }
}
