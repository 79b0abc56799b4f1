// Atomic writes of KV Connect: checks and mutations as one transaction of the key-value layer. Mutations whose keys depend
// on the version of the transaction run behind the others, in the same one.

import { create, toBinary } from '@bufbuild/protobuf'
import { actorRef, type Call, freeze } from '@streamy-db/core'
import {
  decodeTuple,
  type Kv,
  type KvEntryAssert,
  type KvKey,
  kvSpace,
  KvTypeMismatch,
  type KvUpdate,
  versionOf,
} from '@streamy-db/kv'
import { type Database, type Executed, layerPort, layerPortOf, type LayerPort } from '@streamy-db/runtime'
import { HttpProblem } from '../http/http-problem.ts'
import { kvConnectLimits } from '../limits.ts'
import {
  type AtomicWrite,
  AtomicWriteOutputSchema,
  AtomicWriteStatus,
  type Check,
  type Mutation,
  MutationType,
} from './datapath.ts'
import { operandOf, storedOf, type TravellingValue } from './stored-values.ts'

/** Answers a write. Throws BODY_INVALID and what the layer refuses it for. */
export async function atomicWrite(db: Database, space: string, write: AtomicWrite): Promise<Uint8Array> {
  checkSize(write)
  const { checks, mutations } = write
  const asserts = checks.map(assertOf)
  const foreign = asserts.findIndex((assert) => assert === undefined)
  if (foreign >= 0) return checkFailed(foreign)
  const [suffixed, plain] = [mutations.filter(isSuffixed), mutations.filter((each) => !isSuffixed(each))]
  const calls = suffixed.map((mutation) => suffixCall(space, mutation))
  const transaction = { asserts: asserts as KvEntryAssert[], updates: plain.map(updateOf) }
  try {
    if (transaction.asserts.length + transaction.updates.length === 0) return await writeCalls(db, calls)
    const result = await kvWith(db, space, calls).transact(transaction)
    return result.ok ? committed(result.version) : checkFailed(result.failed.index)
  } catch (error) {
    if (error instanceof KvTypeMismatch) throw invalid(error.message)
    throw error
  }
}

// A write of nothing changes nothing, and is answered with where the database stands.
async function writeCalls(db: Database, calls: readonly Call[]): Promise<Uint8Array> {
  if (calls.length === 0) return committed(versionOf(db.position))
  const { position } = await layerPortOf(db).execute(calls)
  return committed(versionOf(position))
}

// The space, with calls that join each transaction of it.
function kvWith(db: Database, space: string, calls: readonly Call[]): Kv {
  if (calls.length === 0) return kvSpace(db, space)
  const port = layerPortOf(db)
  const joined: Pick<LayerPort, 'partitions' | 'execute' | 'query'> = {
    partitions: port.partitions,
    execute: async (others): Promise<Executed> => {
      const { results, position } = await port.execute([...others, ...calls])
      return { results: results.slice(0, others.length), position }
    },
    query: (queries) => port.query(queries),
  }
  // A transaction of a space uses these members of the port, and nothing else of the database.
  return kvSpace({ [layerPort]: joined } as unknown as Database, space)
}

// Undefined for a version that nothing here can have: such a check fails.
function assertOf({ key, versionstamp }: Check): KvEntryAssert | undefined {
  if (versionstamp.length === 0) return { key: keyOf(key), exists: false }
  if (versionstamp.length !== 10) throw invalid(`A versionstamp has ${versionstamp.length} bytes, and not 10.`)
  const version = Buffer.from(versionstamp).toString('hex')
  return Number.isSafeInteger(Number.parseInt(version, 16)) ? { key: keyOf(key), version } : undefined
}

function updateOf(mutation: Mutation): KvUpdate {
  const key = keyOf(mutation.key)
  switch (mutation.mutationType) {
    case MutationType.M_SET:
      return { set: key, value: storedOf(valueOf(mutation)), ...expiryOf(mutation) }
    case MutationType.M_DELETE:
      return { delete: key }
    case MutationType.M_SUM:
      if (mutation.sumMin.length + mutation.sumMax.length > 0)
        throw invalid('Sums with bounds are not known here. Check the value, and set it.')
      return { sum: key, value: operandOf(valueOf(mutation)) }
    case MutationType.M_MIN:
      return { min: key, value: operandOf(valueOf(mutation)) }
    case MutationType.M_MAX:
      return { max: key, value: operandOf(valueOf(mutation)) }
    default:
      throw invalid(`A mutation has the type ${mutation.mutationType}, which is not known here.`)
  }
}

function isSuffixed({ mutationType }: Mutation): boolean {
  return mutationType === MutationType.M_SET_SUFFIX_VERSIONSTAMPED_KEY
}

function suffixCall(space: string, mutation: Mutation): Call {
  const args = [space, keyOf(mutation.key), storedOf(valueOf(mutation)), expiryOf(mutation)?.expireIn]
  const ref = actorRef('http.Versionstamped', `${space}/${Buffer.from(mutation.key).toString('base64url')}`)
  return { ref, message: 'set', args: args.map((arg) => freeze(arg, 'a value')) }
}

function valueOf({ value }: Mutation): TravellingValue {
  if (value !== undefined) return value
  throw invalid('A mutation that sets something has no value.')
}

// What is over when it comes is over a moment later.
function expiryOf({ expireAtMs }: Mutation): { readonly expireIn: number } | undefined {
  return expireAtMs === 0n ? undefined : { expireIn: Math.max(1, Number(expireAtMs) - Date.now()) }
}

function keyOf(bytes: Uint8Array): KvKey {
  return decodeTuple(bytes)
}

function checkSize({ checks, mutations, enqueues }: AtomicWrite): void {
  const { checksPerWriteMax, mutationsPerWriteMax, writeBytesMax } = kvConnectLimits
  if (enqueues.length > 0) throw invalid('There are no queues here. Send a message to an actor instead.')
  if (checks.length > checksPerWriteMax)
    throw invalid(`A write has ${checks.length} checks, above ${checksPerWriteMax}.`)
  if (mutations.length > mutationsPerWriteMax)
    throw invalid(`A write has ${mutations.length} mutations, above ${mutationsPerWriteMax}.`)
  const bytes = mutations.reduce((sum, { key, value }) => sum + key.length + (value?.data.length ?? 0), 0)
  if (bytes > writeBytesMax) throw invalid(`A write has ${bytes} bytes, above ${writeBytesMax}.`)
}

function committed(version: string): Uint8Array {
  const output = { status: AtomicWriteStatus.AW_SUCCESS, versionstamp: Buffer.from(version, 'hex') }
  return toBinary(AtomicWriteOutputSchema, create(AtomicWriteOutputSchema, output))
}

function checkFailed(index: number): Uint8Array {
  const output = { status: AtomicWriteStatus.AW_CHECK_FAILURE, failedChecks: [index] }
  return toBinary(AtomicWriteOutputSchema, create(AtomicWriteOutputSchema, output))
}

function invalid(message: string): HttpProblem {
  return new HttpProblem('BODY_INVALID', message)
}
