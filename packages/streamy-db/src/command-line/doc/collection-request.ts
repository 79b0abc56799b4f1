// Requests to a collection, from what a command was given.

import { count, text, UsageError } from '../command.ts'
import type { CommandInput } from '../command.ts'
import type { ServerAccess } from '../server-access.ts'

/** The address of a collection. */
export function collectionPath(collection: string): string {
  return `/v1/collections/${encodeURIComponent(collection)}`
}

/** Asks a collection to do something; answers what it says. */
export async function post(
  access: ServerAccess,
  collection: string,
  action: string,
  body: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await access.send(`${collectionPath(collection)}/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  // Every answer of these routes is an object.
  return (await response.json()) as Readonly<Record<string, unknown>>
}

/** The options that a query takes, as members of its body. */
export function queryMembers(values: CommandInput['values']): Readonly<Record<string, unknown>> {
  const [sort, projection, limit] = [text(values, 'sort'), text(values, 'projection'), count(values, 'limit')]
  return {
    ...(sort !== undefined && { sort: jsonArgument(sort, 'the sort') }),
    ...(projection !== undefined && { projection: jsonArgument(projection, 'the projection') }),
    ...(limit !== undefined && { limit }),
    ...(values['hint'] !== undefined && { hint: values['hint'] }),
    ...(values['allow-scan'] === true && { allowScan: true }),
  }
}

/** An argument that is JSON. Throws UsageError. */
export function jsonArgument(given: string | undefined, what: string): unknown {
  if (given === undefined) throw new UsageError(`Give ${what}, as JSON: '{"org": "x"}'`)
  try {
    return JSON.parse(given)
  } catch (error) {
    throw new UsageError(`${what} is no JSON: ${(error as SyntaxError).message}`)
  }
}
