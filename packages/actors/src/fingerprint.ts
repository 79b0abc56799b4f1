// The fingerprint of a program: what must be equal for two workers to compute the same (DESIGN §7). It is a readable
// text, so that whoever is refused for a difference is told which. The source text of handlers is not part of it, since
// a comment or a formatter would change it; `version` is for that.

import type { ActorDefinition } from './actor-definition.ts'

const FORMAT_VERSION = 1

interface Fingerprint {
  /** Of what handlers run on: the format of state, the major version of Node. */
  readonly platform: readonly string[]
  /** One line for each message and query, and each actor's declared version. */
  readonly actors: readonly string[]
}

/** Equal for equal names, kinds, declared versions and major versions of Node. */
export function fingerprintOf(definitions: Iterable<ActorDefinition>): string {
  const [nodeMajor] = process.versions.node.split('.')
  const fingerprint: Fingerprint = {
    platform: [`state format ${FORMAT_VERSION}`, `Node ${nodeMajor}`],
    actors: [...definitions].flatMap(describe).sort(),
  }
  return JSON.stringify(fingerprint)
}

/** What two fingerprints differ in, for people: `only there: message Account.deposit; only here: Node 22`. */
export function fingerprintDifference(there: string, here: string): string {
  const [a, b] = [linesOf(there), linesOf(here)]
  const only = (lines: readonly string[], others: readonly string[]): string =>
    lines.filter((line) => !others.includes(line)).join(', ') || 'nothing'
  return `only there: ${only(a, b)}; only here: ${only(b, a)}`
}

function describe(definition: ActorDefinition): string[] {
  const { name, version } = definition
  const handlers = [...definition.handlers.values()].map((handler) => `${handler.kind} ${name}.${handler.name}`)
  return [`actor ${name}${version === undefined ? '' : ` version ${version}`}`, ...handlers]
}

function linesOf(text: string): readonly string[] {
  try {
    // Written by `fingerprintOf`; whatever else it may be is shown as it is.
    const { platform, actors } = JSON.parse(text) as Fingerprint
    return [...platform, ...actors]
  } catch {
    return [text]
  }
}
