// The committed fields of one actor: one list of the shape that names them, shared by all actors of a class version, and
// of their data. Immutable, so a commit passes it on, an abort drops the draft, and "unchanged" is the same object. One
// list and not an object with a list in it: of every actor in memory there is one, and each of them is one thing less to
// fetch from memory and to copy while it is young.
//
// In bytes: version 1, the fields' names, their data. Names are stored with each record, so a record outlives changes
// of its class: a field added since takes its initial value, one taken away stays in the record untouched.

import { type ActorValue, ByteReader, ByteWriter, type Datum, MalformedBytes, StreamyError } from '@streamy-db/core'

const FORMAT_VERSION = 1

/** Names of an actor's fields, in order. Interned: equal names, same object. */
export class FieldShape {
  readonly names: readonly string[]
  /** The names as they stand in front of every record, behind their length. */
  readonly header: Uint8Array

  constructor(names: readonly string[], header: Uint8Array) {
    this.names = names
    this.header = header
  }
}

/** The fields of one actor as of one version: their shape, then their data in the order of its names. */
export type FieldValues = readonly [shape: FieldShape, ...data: readonly Datum[]]

/** Where the first field is in {@link FieldValues}. */
export const firstField = 1

/** The fields behind a value that this package handed to the core. */
export function fieldsOf(value: ActorValue): FieldValues {
  // The core passes on what it was handed, as a type of no content.
  return value as unknown as FieldValues
}

/** Fields as the core passes them on. */
export function asValue(fields: FieldValues): ActorValue {
  // See `fieldsOf`.
  return fields as unknown as ActorValue
}

const shapes = new Map<string, FieldShape>()
const writer = new ByteWriter()
// The shape that was read last.
let latest: FieldShape | undefined

/** The one shape with these names. */
export function shapeOf(names: readonly string[]): FieldShape {
  writer.reset()
  writer.varint(names.length)
  for (const name of names) writer.string(name)
  return internShape(writer.take())
}

/** A record's fields as bytes: the same for the same fields, wherever and whenever they are encoded. */
export function encodeFields(fields: FieldValues): Uint8Array {
  writer.reset()
  writer.u8(FORMAT_VERSION)
  writer.bytes(fields[0].header)
  // What is behind the shape are data.
  for (let place = firstField; place < fields.length; place++) writer.datum(fields[place] as Datum)
  return writer.take()
}

/** Reads what `encodeFields` wrote; `id` names the actor in errors. Throws FORMAT_UNKNOWN or STATE_CORRUPT. */
export function decodeFields(id: string, bytes: Uint8Array): FieldValues {
  try {
    const reader = new ByteReader(bytes)
    const version = reader.u8()
    if (version !== FORMAT_VERSION) throw formatUnknown(id, version)
    const shape = readShape(reader)
    const data = shape.names.map(() => reader.datum())
    reader.finish()
    return [shape, ...data]
  } catch (cause) {
    if (!(cause instanceof MalformedBytes)) throw cause
    throw new StreamyError('STATE_CORRUPT', `The stored fields of ${id} do not parse. Restore from a backup.`, {
      cause,
    })
  }
}

// Records are mostly read class by class.
function readShape(reader: ByteReader): FieldShape {
  if (latest === undefined || !reader.skipIf(latest.header)) latest = internShape(reader.blob())
  return latest
}

function internShape(names: Uint8Array): FieldShape {
  const text = Buffer.from(names.buffer, names.byteOffset, names.length).toString('latin1')
  const known = shapes.get(text)
  if (known !== undefined) return known
  const reader = new ByteReader(names)
  const list = reader.list(() => reader.string())
  reader.finish()
  const header = new ByteWriter()
  header.blob(names)
  const shape = new FieldShape(list, header.take())
  shapes.set(text, shape)
  return shape
}

function formatUnknown(id: string, version: number): StreamyError {
  return new StreamyError(
    'FORMAT_UNKNOWN',
    `The fields of ${id} are stored in format ${version}, which this version of Streamy does not know. Upgrade Streamy.`,
  )
}
