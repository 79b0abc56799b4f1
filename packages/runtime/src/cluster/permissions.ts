// Permissions: what each role of a database may publish and subscribe to on the NATS servers, derived from the addresses
// and subjects that the code uses. It says what is needed and nothing else; tests hold both halves. Writing it into the
// servers' configuration is for an operator (docs/deploy.md).

import { StreamyError, peerAddress } from '@streamy-db/core'
import {
  busSubject,
  clientStreamSubjects,
  operatorStreamSubjects,
  workerStreamSubjects,
  type DatabaseNames,
} from '@streamy-db/jetstream'
import { isClientPrefix } from './client/client-options.ts'
import { addresses, operatorSessionPrefix, workerSessionPrefix } from './protocol/addresses.ts'

/** Who is to be permitted something. */
export type DatabaseRole =
  | {
      readonly role: 'client'
      /** The client's option `sessionPrefix`: one of its own for each user. */
      readonly sessionPrefix: string
      /** The connection's option `inboxPrefix`; default `_INBOX_` and the session prefix, with `_` for dots. */
      readonly inboxPrefix?: string
    }
  | {
      readonly role: 'worker' | 'operator'
      /** The connection's option `inboxPrefix`; default `_INBOX_worker` or `_INBOX_operator`. */
      readonly inboxPrefix?: string
    }

/** Subjects, as NATS writes them: `*` stands for one token, `>` for all that follow. */
export interface DatabasePermissions {
  readonly publish: readonly string[]
  readonly subscribe: readonly string[]
  readonly inboxPrefix: string
}

/**
 * What a role may do with a database, and nothing else. Throws OPTIONS_INVALID for names that cannot be used.
 *
 * ```ts
 * const { publish, subscribe } = databasePermissions({ name: 'bank', id: 'bank-1' }, { role: 'client', sessionPrefix: 'web' })
 * ```
 */
export function databasePermissions(database: DatabaseNames, who: DatabaseRole): DatabasePermissions {
  const inboxPrefix = who.inboxPrefix ?? defaultInbox(who)
  if (!/^_INBOX[\w-]*(\.[\w-]+)*$/.test(inboxPrefix))
    throw new StreamyError(
      'OPTIONS_INVALID',
      `The inbox prefix ${JSON.stringify(inboxPrefix)} cannot be used. Give a subject that begins with _INBOX, such as _INBOX_bank.`,
    )
  const inbox = `${inboxPrefix}.>`
  switch (who.role) {
    case 'client':
      return { ...clientPermissions(database, who.sessionPrefix, inbox), inboxPrefix }
    case 'worker':
      return { ...workerPermissions(database, inbox), inboxPrefix }
    default:
      return { ...operatorPermissions(database, inbox), inboxPrefix }
  }
}

type Lists = Pick<DatabasePermissions, 'publish' | 'subscribe'>

function clientPermissions(database: DatabaseNames, sessionPrefix: string, inbox: string): Lists {
  if (!isClientPrefix(sessionPrefix))
    throw new StreamyError(
      'OPTIONS_INVALID',
      `The session prefix ${JSON.stringify(sessionPrefix)} cannot be used. Give letters, digits, - and _; not ${workerSessionPrefix} or ${operatorSessionPrefix}.`,
    )
  const { id, name } = database
  return {
    publish: [
      ...clientStreamSubjects(database, sessionPrefix),
      ...subjectsOf(addresses.hello(name), anyPartition(addresses.question(id, 0))),
    ],
    subscribe: [
      inbox,
      ...subjectsOf(
        `${addresses.welcome(sessionPrefix)}.>`,
        `${addresses.reply(id, sessionPrefix)}.>`,
        addresses.notice(id),
      ),
    ],
  }
}

function workerPermissions(database: DatabaseNames, inbox: string): Lists {
  const { id, name } = database
  const between = [
    anyPartition(peerAddress(id, 0)),
    anyPartition(addresses.record(id, 0)),
    addresses.heartbeat(id),
    addresses.checkpoint(id),
  ]
  return {
    publish: [
      ...workerStreamSubjects(database),
      ...subjectsOf(...between, addresses.notice(id), addresses.reply(id, '>'), addresses.welcome('>')),
    ],
    subscribe: [
      inbox,
      ...subjectsOf(
        ...between,
        addresses.hello(name),
        addresses.status(id),
        anyPartition(addresses.question(id, 0)),
        `${addresses.reply(id, workerSessionPrefix)}.>`,
      ),
    ],
  }
}

function operatorPermissions(database: DatabaseNames, inbox: string): Lists {
  const { id } = database
  return {
    publish: [...operatorStreamSubjects(database), ...subjectsOf(addresses.status(id))],
    subscribe: [inbox, ...subjectsOf(`${addresses.reply(id, operatorSessionPrefix)}.>`)],
  }
}

function subjectsOf(...of: readonly string[]): readonly string[] {
  return of.map(busSubject)
}

function anyPartition(address: string): string {
  return address.replace(/\.0$/, '.*')
}

function defaultInbox(who: DatabaseRole): string {
  return `_INBOX_${who.role === 'client' ? who.sessionPrefix.replaceAll('.', '_') : who.role}`
}
