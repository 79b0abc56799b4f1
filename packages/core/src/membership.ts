// Membership: which workers there are and which partition belongs to whom, as a pure function of the log (DESIGN §7).
// Workers write what happens to them into the log as control entries; everybody who reads them derives the same view at
// the same place. There is no leader and no second store of truth.
//
//   join --> joining --ready--> ready --leave--> leaving --has handed over everything--> gone
//                 '------- evict, or a join of the same name: gone at once -------'
//
// A partition is meant for the worker that rendezvous hashing over the names picks (its target); it belongs to its owner.
// They differ while the target brings itself up to date: it becomes the owner by saying `ready` for the partition.
//
// V1 A change that names an unknown or an earlier incarnation is no change.
// V2 A partition has at most one owner; it changes hands only at `ready` and where its owner is gone, never by timing.
// V3 An eviction that names an old view is no change: whoever wrote it did not know what happened since.
// V4 While a worker that is ready remains, no partition is without an owner after an eviction.

import type { ByteReader } from './byte-reader.ts'
import { MalformedBytes } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { unreachable } from './errors.ts'
import { limits } from './limits.ts'
import type { PartitionId } from './position.ts'
import { hashText } from './random.ts'

/** One start of one worker. */
export interface WorkerIdentity {
  /** Stable over restarts; placement goes by it. */
  readonly name: string
  /** Unique for each start. */
  readonly incarnation: string
}

/** A worker of a view. */
export interface Member extends WorkerIdentity {
  /** `joining`: owns nothing yet; `leaving`: keeps what it owns until the others are ready for it. */
  readonly phase: 'joining' | 'ready' | 'leaving'
}

/** The workers and owners as of one place in the log. */
export interface View {
  /** Counts the changes. */
  readonly number: number
  /** Of the code that may execute the log from here on; workers of another one cannot join. Empty: none was said yet. */
  readonly fingerprint: string
  /** By name, ascending. */
  readonly members: readonly Member[]
  /** The name of each partition's owner. */
  readonly owners: readonly (string | undefined)[]
}

/** What a worker writes into the log about itself, or about one that is silent. */
export type MembershipChange =
  | ({ readonly kind: 'join'; readonly fingerprint: string } & WorkerIdentity)
  /** It is up to date with these partitions and takes over those meant for it. */
  | ({ readonly kind: 'ready'; readonly partitions: readonly PartitionId[] } & WorkerIdentity)
  | ({ readonly kind: 'leave' } & WorkerIdentity)
  | ({ readonly kind: 'evict'; readonly view: number } & WorkerIdentity)
  /** Other code takes over from here on; the workers of the old one are gone. */
  | { readonly kind: 'upgrade'; readonly fingerprint: string }

/** The view before anybody joined. */
export function firstView(partitions: number, fingerprint: string): View {
  return { number: 0, fingerprint, members: [], owners: Array.from({ length: partitions }, () => undefined) }
}

/** The view after a change; the very same view when the change is none (V1, V3). */
export function changeView(view: View, change: MembershipChange): View {
  switch (change.kind) {
    case 'join':
      return join(view, change)
    case 'ready':
      return ready(view, change)
    case 'leave':
      return leave(view, change)
    case 'evict':
      return evict(view, change)
    case 'upgrade':
      return change.fingerprint === view.fingerprint ? view : upgrade(view, change.fingerprint)
    default:
      return unreachable(change)
  }
}

/** Whether this incarnation is a worker of the view. */
export function memberOf(view: View, worker: WorkerIdentity): Member | undefined {
  return view.members.find(({ name, incarnation }) => name === worker.name && incarnation === worker.incarnation)
}

// Views never change, and workers ask for the targets of the newest one several times a second.
const knownTargets = new WeakMap<View, readonly (string | undefined)[]>()

/** Whom each partition is meant for: rendezvous hashing (Thaler and Ravishankar, 1998) over those who stay. */
export function targetsOf(view: View): readonly (string | undefined)[] {
  const known = knownTargets.get(view)
  if (known !== undefined) return known
  const targets = chooseTargets(view)
  knownTargets.set(view, targets)
  return targets
}

function chooseTargets(view: View): readonly (string | undefined)[] {
  const names = view.members.filter(({ phase }) => phase !== 'leaving').map(({ name }) => name)
  return view.owners.map((_, partition) => pick(names, partition))
}

/** The partitions that belong to the worker of this name, ascending. */
export function ownedBy(view: View, name: string): PartitionId[] {
  return view.owners.flatMap((owner, partition) => (owner === name ? [partition] : []))
}

function join(view: View, { name, incarnation, fingerprint }: MembershipChange & { readonly kind: 'join' }): View {
  if (view.fingerprint !== '' && fingerprint !== view.fingerprint) return view
  const predecessor = view.members.find((member) => member.name === name)
  if (predecessor?.incarnation === incarnation) return view
  if (predecessor === undefined && view.members.length >= limits.workersMax) return view
  const others = view.members.filter((member) => member !== predecessor)
  const members = [...others, { name, incarnation, phase: 'joining' } as const].sort(byName)
  return next({
    ...view,
    fingerprint,
    members,
    owners: predecessor === undefined ? view.owners : orphaned(view.owners, name, others),
  })
}

function ready(view: View, change: MembershipChange & { readonly kind: 'ready' }): View {
  const member = memberOf(view, change)
  if (member === undefined || member.phase === 'leaving') return view
  const members = view.members.map((other) => (other === member ? { ...member, phase: 'ready' as const } : other))
  const targets = targetsOf(view)
  const named = new Set(change.partitions)
  const owners = view.owners.map((owner, partition) =>
    named.has(partition) && targets[partition] === member.name ? member.name : owner,
  )
  const changed = member.phase !== 'ready' || owners.some((owner, partition) => owner !== view.owners[partition])
  return changed ? next({ ...view, members, owners }) : view
}

function leave(view: View, change: MembershipChange & { readonly kind: 'leave' }): View {
  const member = memberOf(view, change)
  if (member === undefined || member.phase === 'leaving') return view
  const members = view.members.map((other) => (other === member ? { ...member, phase: 'leaving' as const } : other))
  return next({ ...view, members })
}

function evict(view: View, change: MembershipChange & { readonly kind: 'evict' }): View {
  const member = memberOf(view, change)
  if (member === undefined || change.view !== view.number) return view
  const members = view.members.filter((other) => other !== member)
  return next({ ...view, members, owners: orphaned(view.owners, member.name, members) })
}

function upgrade(view: View, fingerprint: string): View {
  return next({ ...view, fingerprint, members: [], owners: view.owners.map(() => undefined) })
}

// A worker that leaves keeps a partition only for the sake of somebody who will be ready for it; with nothing to hand
// over it is gone.
function next(view: View): View {
  const leaving = new Set(view.members.filter(({ phase }) => phase === 'leaving').map(({ name }) => name))
  if (leaving.size === 0) return { ...view, number: view.number + 1 }
  const stays = view.members.length > leaving.size
  const owners = view.owners.map((owner) => (owner !== undefined && leaving.has(owner) && !stays ? undefined : owner))
  const members = view.members.filter(({ name, phase }) => phase !== 'leaving' || owners.includes(name))
  return { ...view, number: view.number + 1, members, owners }
}

// What belonged to a worker that is gone goes to those who are ready, if there are any (V4); and with it what belongs to
// nobody, for it may have been the one who was about to take it over.
function orphaned(owners: View['owners'], gone: string, members: readonly Member[]): readonly (string | undefined)[] {
  const names = members.filter(({ phase }) => phase === 'ready').map(({ name }) => name)
  return owners.map((owner, partition) => (owner === gone || owner === undefined ? pick(names, partition) : owner))
}

function pick(names: readonly string[], partition: PartitionId): string | undefined {
  let best: string | undefined
  let bestScore = -1
  for (const name of names) {
    const score = hashText(`${partition}/${name}`)
    if (score <= bestScore) continue
    best = name
    bestScore = score
  }
  return best
}

function byName(a: Member, b: Member): number {
  return a.name < b.name ? -1 : 1
}

const phases: readonly Member['phase'][] = ['joining', 'ready', 'leaving']
const kinds: readonly MembershipChange['kind'][] = ['join', 'ready', 'leave', 'evict', 'upgrade']

/** Appends the bytes of a view, as it stands in states and checkpoints. */
export function encodeView(out: ByteWriter, view: View): void {
  out.varint(view.number)
  out.string(view.fingerprint)
  out.varint(view.members.length)
  for (const { name, incarnation, phase } of view.members) {
    out.string(name)
    out.string(incarnation)
    out.u8(phases.indexOf(phase))
  }
  out.varint(view.owners.length)
  for (const owner of view.owners) out.string(owner ?? '')
}

/** Reads what {@link encodeView} wrote. */
export function decodeView(reader: ByteReader): View {
  const number = reader.varint()
  const fingerprint = reader.string()
  const members = reader.list((): Member => {
    const worker = readWorker(reader)
    const phase = phases[reader.u8()]
    if (phase === undefined) throw new MalformedBytes('the phase of a worker is unknown')
    return { ...worker, phase }
  })
  const owners = reader.list(() => reader.string()).map((owner) => (owner === '' ? undefined : owner))
  return { number, fingerprint, members, owners }
}

/** Appends the body of a control entry. */
export function encodeChange(out: ByteWriter, change: MembershipChange): void {
  out.u8(kinds.indexOf(change.kind))
  if (change.kind !== 'upgrade') {
    out.string(change.name)
    out.string(change.incarnation)
  }
  if (change.kind === 'join' || change.kind === 'upgrade') out.string(change.fingerprint)
  if (change.kind === 'evict') out.varint(change.view)
  if (change.kind !== 'ready') return
  out.varint(change.partitions.length)
  for (const partition of change.partitions) out.varint(partition)
}

/** Reads what {@link encodeChange} wrote. Throws {@link MalformedBytes} for what is no change of membership. */
export function decodeChange(reader: ByteReader): MembershipChange {
  const kind = kinds[reader.u8()]
  if (kind === undefined) throw new MalformedBytes('a change of membership has an unknown kind')
  const change = readChange(reader, kind)
  reader.finish()
  return change
}

function readChange(reader: ByteReader, kind: MembershipChange['kind']): MembershipChange {
  if (kind === 'upgrade') return { kind, fingerprint: reader.string() }
  const worker = readWorker(reader)
  switch (kind) {
    case 'join':
      return { kind, ...worker, fingerprint: reader.string() }
    case 'ready':
      return { kind, ...worker, partitions: reader.list(() => reader.varint()) }
    case 'evict':
      return { kind, ...worker, view: reader.varint() }
    case 'leave':
      return { kind, ...worker }
    default:
      return unreachable(kind)
  }
}

function readWorker(reader: ByteReader): WorkerIdentity {
  const worker = { name: reader.string(), incarnation: reader.string() }
  for (const text of [worker.name, worker.incarnation])
    if (Buffer.byteLength(text) > limits.nameBytesMax) throw new MalformedBytes('the name of a worker is too long')
  if (worker.name === '') throw new MalformedBytes('a worker has no name')
  return worker
}
