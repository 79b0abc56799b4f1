// Hello and welcome: how a client finds the database of a name, and learns what its actors understand.

import { limits, type ByteReader, type LogTime, type Position } from '@streamy-db/core'
import { isToken } from './addresses.ts'
import { check, openMessage, readHead, readSession } from './framing.ts'
import { protocolLimits } from './protocol-limits.ts'

/** A client that wants to be told about the database. */
export interface Hello {
  readonly session: string
  /** The client's number of the hello: a welcome says which one it answers, so that a late one is not taken for news. */
  readonly id: number
}

/** One message or query of an actor type. */
export interface HandlerDescription {
  readonly name: string
  readonly kind: 'message' | 'query'
  /** Whether it declares other actors that it touches, so that its footprint is worth asking for. */
  readonly touches: boolean
}

/** An actor type as clients without its class see it. */
export interface ActorDescription {
  readonly name: string
  readonly handlers: readonly HandlerDescription[]
}

/** What a worker tells a client about the database. */
export interface Welcome {
  /** Of the hello. */
  readonly id: number
  readonly databaseId: string
  readonly partitions: number
  /** Not older than a minute when it was sent, however idle the database. */
  readonly logTime: LogTime
  readonly position: Position
  readonly actors: readonly ActorDescription[]
}

const helloKinds = ['hello'] as const
const welcomeKinds = ['welcome'] as const

/** Bytes of a hello. */
export function encodeHello({ session, id }: Hello): Uint8Array {
  const out = openMessage(0)
  out.string(session)
  out.varint(id)
  return out.take()
}

/** Reads a hello; throws MalformedBytes when the bytes are not one. */
export function decodeHello(bytes: Uint8Array): Hello {
  const { reader } = readHead(bytes, helloKinds)
  const hello = { session: readSession(reader), id: reader.varint() }
  reader.finish()
  return hello
}

/** Bytes of a welcome. */
export function encodeWelcome(welcome: Welcome): Uint8Array {
  const out = openMessage(0)
  out.varint(welcome.id)
  out.string(welcome.databaseId)
  out.varint(welcome.partitions)
  out.varint(welcome.logTime)
  out.varint(welcome.position)
  out.varint(welcome.actors.length)
  for (const { name, handlers } of welcome.actors) {
    out.string(name)
    out.varint(handlers.length)
    for (const handler of handlers) {
      out.string(handler.name)
      out.u8(handler.kind === 'query' ? 1 : 0)
      out.u8(handler.touches ? 1 : 0)
    }
  }
  return out.take()
}

/** Reads a welcome; throws MalformedBytes when the bytes are not one. */
export function decodeWelcome(bytes: Uint8Array): Welcome {
  const { reader } = readHead(bytes, welcomeKinds)
  const id = reader.varint()
  const databaseId = reader.string()
  check(isToken(databaseId), 'a database id that cannot be part of an address')
  const partitions = reader.varint()
  check(partitions >= 1 && partitions <= protocolLimits.partitionsMax, 'a number of partitions out of range')
  const welcome = {
    id,
    databaseId,
    partitions,
    logTime: reader.varint(),
    position: reader.varint(),
    actors: reader.list(() => readActor(reader)),
  }
  reader.finish()
  return welcome
}

function readActor(reader: ByteReader): ActorDescription {
  const name = readName(reader)
  check(!name.includes('/'), 'a type name with a slash')
  return { name, handlers: reader.list(() => readHandler(reader)) }
}

function readHandler(reader: ByteReader): HandlerDescription {
  const name = readName(reader)
  const kind = reader.flag() ? 'query' : 'message'
  return { name, kind, touches: reader.flag() }
}

function readName(reader: ByteReader): string {
  const name = reader.string()
  check(name.length > 0 && Buffer.byteLength(name) <= limits.nameBytesMax, 'an empty or too long name')
  return name
}
