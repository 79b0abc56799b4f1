// The fingerprint of a program: what must be equal for two workers to compute the same (DESIGN §7). The source text of
// handlers is not part of it, since a comment or a formatter would change it; `version` is for that.

import { createHash } from 'node:crypto'
import type { ActorDefinition } from './actor-definition.ts'

const FORMAT_VERSION = 1

/** Equal for equal names, kinds, declared versions and major versions of Node. */
export function fingerprintOf(definitions: Iterable<ActorDefinition>): string {
  const actors = [...definitions].map(describe).sort()
  const [nodeMajor] = process.versions.node.split('.')
  const text = JSON.stringify({ format: FORMAT_VERSION, node: nodeMajor, actors })
  return createHash('sha256').update(text).digest('hex')
}

function describe(definition: ActorDefinition): string {
  const handlers = [...definition.handlers.values()].map(({ name, kind }) => `${name} ${kind}`).sort()
  return JSON.stringify([definition.name, definition.version ?? '', handlers])
}
