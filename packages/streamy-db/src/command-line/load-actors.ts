// Loads the actor classes of a module: everything it exports that is one.

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Actor, type ActorClass } from '@streamy-db/actors'
import { UsageError } from './command.ts'

/** The actor classes that these files export. */
export async function loadActors(files: unknown): Promise<ActorClass[]> {
  if (!Array.isArray(files) || files.length === 0)
    throw new UsageError('Say where the actor classes are: --actors ./dist/actors.js')
  const classes = new Set<ActorClass>()
  for (const file of files) {
    const module = (await import(pathToFileURL(resolve(String(file))).href)) as Record<string, unknown>
    for (const value of Object.values(module)) if (isActorClass(value)) classes.add(value)
  }
  if (classes.size === 0) throw new UsageError(`${files.join(', ')}: exports no class that extends Actor.`)
  return [...classes]
}

function isActorClass(value: unknown): value is ActorClass {
  return typeof value === 'function' && value.prototype instanceof Actor
}
