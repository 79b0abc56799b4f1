// The invariants of membership by their numbers, every transition, any sequence of changes, and the bytes of changes and
// views, damaged ones included.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, MalformedBytes } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { unreachable } from './errors.ts'
import { limits } from './limits.ts'
import {
  changeView,
  decodeChange,
  decodeView,
  encodeChange,
  encodeView,
  firstView,
  memberOf,
  ownedBy,
  targetsOf,
} from './membership.ts'
import type { Member, MembershipChange, View } from './membership.ts'

const fingerprint = 'code'
const all = [0, 1, 2, 3, 4, 5, 6, 7]
const who = (name: string, incarnation = '1'): { name: string; incarnation: string } => ({ name, incarnation })
const join = (name: string, incarnation = '1'): MembershipChange => ({
  kind: 'join',
  ...who(name, incarnation),
  fingerprint,
})
const ready = (name: string, partitions: readonly number[] = all): MembershipChange => ({
  kind: 'ready',
  ...who(name),
  partitions,
})
const leave = (name: string): MembershipChange => ({ kind: 'leave', ...who(name) })
const evict = (name: string, view: number): MembershipChange => ({ kind: 'evict', ...who(name), view })

// The view after these changes, with 8 partitions.
function after(...changes: readonly MembershipChange[]): View {
  return changes.reduce(changeView, firstView(all.length, ''))
}

const phases = (view: View): string[] => view.members.map(({ name, phase }) => `${name} ${phase}`)

describe('membership', () => {
  it('lets a worker in, which owns nothing before it is ready, and then what is meant for it', () => {
    const joined = after(join('a'))
    expect([phases(joined), ownedBy(joined, 'a'), joined.number]).toEqual([['a joining'], [], 1])
    expect(joined.fingerprint).toBe(fingerprint)
    const serving = changeView(joined, ready('a', [1, 3]))
    expect([phases(serving), ownedBy(serving, 'a')]).toEqual([['a ready'], [1, 3]])
  })

  it('gives a worker only partitions that are meant for it, whatever it says', () => {
    const view = after(join('a'), join('b'), ready('a', [...all, 99]))
    expect(ownedBy(view, 'a')).toEqual(all.filter((partition) => targetsOf(view)[partition] === 'a'))
    expect(ownedBy(view, 'b')).toEqual([])
  })

  it('keeps what a worker owns that leaves until the others are ready for it', () => {
    const both = after(join('a'), ready('a'), join('b'), leave('a'))
    expect([phases(both), ownedBy(both, 'a')]).toEqual([['a leaving', 'b joining'], all])
    const half = changeView(both, ready('b', [0, 1]))
    expect([phases(half), ownedBy(half, 'a')]).toEqual([
      ['a leaving', 'b ready'],
      [2, 3, 4, 5, 6, 7],
    ])
    const rest = changeView(half, ready('b'))
    expect([phases(rest), ownedBy(rest, 'b')]).toEqual([['b ready'], all])
  })

  it('lets one go at once that leaves with nobody staying, and with it what was left to those before', () => {
    expect(after(join('a'), ready('a'), leave('a'))).toMatchObject({ members: [], owners: all.map(() => undefined) })
    const view = after(join('a'), ready('a'), join('b'), leave('a'), leave('b'))
    expect([view.members, view.owners]).toEqual([[], all.map(() => undefined)])
  })

  it('lets one go at once that leaves and owns nothing', () => {
    expect(phases(after(join('a'), ready('a'), join('b'), leave('b')))).toEqual(['a ready'])
  })

  it('takes a join of the same name for the end of the incarnation before', () => {
    const view = after(join('a'), ready('a'), join('a', '2'))
    expect([phases(view), view.owners]).toEqual([['a joining'], all.map(() => undefined)])
    expect(memberOf(view, who('a'))).toBeUndefined()
    expect(memberOf(view, who('a', '2'))?.phase).toBe('joining')
  })

  it('refuses other code, and takes it from the upgrade on, which ends all workers', () => {
    const old = after(join('a'), ready('a'))
    const other: MembershipChange = { kind: 'join', ...who('b'), fingerprint: 'new' }
    expect(changeView(old, other)).toBe(old)
    const upgraded = changeView(old, { kind: 'upgrade', fingerprint: 'new' })
    expect(upgraded).toMatchObject({ fingerprint: 'new', members: [], owners: all.map(() => undefined) })
    expect(phases(changeView(upgraded, other))).toEqual(['b joining'])
    expect(changeView(upgraded, { kind: 'upgrade', fingerprint: 'new' })).toBe(upgraded)
  })

  it('lets no more workers in than it may have, but a new incarnation of one of them', () => {
    const names = Array.from({ length: limits.workersMax }, (_, i) => `w${i}`)
    const full = after(...names.map((name) => join(name)))
    expect(full.members.length).toBe(limits.workersMax)
    expect(changeView(full, join('late'))).toBe(full)
    expect(changeView(full, join('w7', '2')).members.length).toBe(limits.workersMax)
  })

  it('V1: a change of an unknown or an earlier incarnation is no change', () => {
    const view = after(join('a', '2'))
    for (const change of [ready('a'), leave('a'), evict('a', view.number), ready('x'), leave('x')])
      expect(changeView(view, change)).toBe(view)
    expect(changeView(view, join('a', '2'))).toBe(view)
  })

  it('V1: saying once more what is so is no change', () => {
    const view = after(join('a'), ready('a'), join('b'), leave('a'))
    expect(changeView(view, leave('a'))).toBe(view)
    expect(changeView(view, ready('a'))).toBe(view)
    const served = after(join('a'), ready('a'))
    expect(changeView(served, ready('a', [2]))).toBe(served)
  })

  it('V2: a partition goes to one that is meant for it only when it says that it is ready', () => {
    const view = after(join('a'), ready('a'), join('b'))
    const moving = all.filter((partition) => targetsOf(view)[partition] === 'b')
    expect(moving.length).toBeGreaterThan(0)
    expect(ownedBy(view, 'a')).toEqual(all)
    expect(ownedBy(changeView(view, ready('b', moving.slice(0, 1))), 'b')).toEqual(moving.slice(0, 1))
  })

  it('V3: an eviction that names an old view is no change', () => {
    const view = after(join('a'), join('b'))
    expect(changeView(view, evict('a', view.number - 1))).toBe(view)
    expect(changeView(view, evict('a', view.number + 1))).toBe(view)
    expect(phases(changeView(view, evict('a', view.number)))).toEqual(['b joining'])
  })

  it('V4: what an evicted worker owned goes to those who are ready, at once', () => {
    const view = after(join('a'), ready('a'), join('b'), ready('b'), join('c'))
    const left = changeView(view, evict('a', view.number))
    expect(ownedBy(left, 'b')).toEqual(all)
    expect(phases(left)).toEqual(['b ready', 'c joining'])
  })

  it('V4: what an evicted worker was to take over goes to those who are ready too, if nobody owns it', () => {
    const view = after(join('a'), join('b'), ready('a'))
    expect(view.owners).toContain(undefined)
    expect(ownedBy(changeView(view, evict('b', view.number)), 'a')).toEqual(all)
    expect(ownedBy(changeView(view, join('b', '2')), 'a')).toEqual(all)
  })

  it('spreads partitions evenly: rendezvous hashing over 64 of them', () => {
    for (let workers = 2; workers <= 8; workers++) {
      const names = Array.from({ length: workers }, (_, i) => `worker-${i}`)
      const targets = targetsOf(names.map((name) => join(name)).reduce(changeView, firstView(64, '')))
      const counts = names.map((name) => targets.filter((target) => target === name).length)
      expect(Math.min(...counts)).toBeGreaterThan((64 / workers) * 0.35)
      expect(Math.max(...counts)).toBeLessThan((64 / workers) * 1.9)
    }
  })
})

// A change of any kind about any of a few workers; `lag` makes an eviction name an older view.
interface Step {
  readonly kind: MembershipChange['kind']
  readonly name: string
  readonly incarnation: string
  /** Whether it is about the incarnation that is a member, if any. */
  readonly current: boolean
  readonly partitions: readonly number[]
  readonly lag: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('join', 'join', 'ready', 'ready', 'leave', 'evict', 'evict', 'upgrade'),
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  incarnation: fc.constantFrom('1', '2'),
  current: fc.boolean(),
  partitions: fc.uniqueArray(fc.nat(9), { maxLength: 10 }),
  lag: fc.constantFrom(0, 0, 0, 1),
})

function changeOf(view: View, { kind, name, incarnation, current, partitions, lag }: Step): MembershipChange {
  const member = view.members.find((each) => each.name === name)
  const worker = current && member !== undefined ? who(name, member.incarnation) : who(name, incarnation)
  switch (kind) {
    case 'join':
      return { kind, ...worker, fingerprint: view.fingerprint === '' ? fingerprint : view.fingerprint }
    case 'ready':
      return { kind, ...worker, partitions }
    case 'leave':
      return { kind, ...worker }
    case 'evict':
      return { kind, ...worker, view: view.number - lag }
    case 'upgrade':
      return { kind, fingerprint: partitions.length === 7 ? `${view.fingerprint}+` : view.fingerprint }
    default:
      return unreachable(kind)
  }
}

describe('any sequence of changes', () => {
  it('keeps the invariants', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let view = firstView(all.length, '')
        for (const each of steps) {
          const change = changeOf(view, each)
          const next = changeView(view, change)
          expect(changeView(view, change)).toEqual(next)
          expect(next === view ? [] : wrongIn(view, change, next)).toEqual([])
          view = next
        }
      }),
      { numRuns: 500 },
    )
    expect.hasAssertions()
  })
})

// What is wrong with a change of the view, in words.
function wrongIn(before: View, change: MembershipChange, view: View): string[] {
  const names = view.members.map((member) => member.name)
  const wrong = [
    ...(view.number === before.number + 1 ? [] : ['the number']),
    ...(names.every((each, i) => i === 0 || names[i - 1]! < each) ? [] : ['members out of order']),
    ...view.owners.filter((owner) => owner !== undefined && !names.includes(owner)).map((owner) => `${owner} owns`),
    ...view.members
      .filter((member) => ownsSome(view, member.name) !== mustOwn(member.phase, ownsSome(view, member.name)))
      .map((member) => `${member.name} is ${member.phase}`),
  ]
  return [...wrong, ...wrongTargets(before, view), ...wrongOwners(before, change, view)]
}

function ownsSome(view: View, worker: string): boolean {
  return view.owners.includes(worker)
}

// Those who join own nothing yet, and those who leave have gone when they own nothing more.
function mustOwn(phase: Member['phase'], owns: boolean): boolean {
  return phase === 'ready' ? owns : phase === 'leaving'
}

// Placement moves only to one that comes, and only from one that goes.
function wrongTargets(before: View, view: View): string[] {
  const staying = (each: View): (string | undefined)[] =>
    each.members.filter(({ phase }) => phase !== 'leaving').map((member) => member.name)
  const [was, is] = [staying(before), staying(view)]
  const targets = targetsOf(view)
  return targetsOf(before).flatMap((old, partition) => {
    const target = targets[partition]
    const comes = target !== undefined && !was.includes(target)
    const goes = old === undefined || !is.includes(old)
    return target === old || comes || goes ? [] : [`the target of ${partition} moves from ${old} to ${target}`]
  })
}

function wrongOwners(before: View, change: MembershipChange, view: View): string[] {
  const left = before.members.filter((member) => memberOf(view, member) === undefined)
  const gone = new Set(left.map((member) => member.name))
  const evicts = change.kind === 'evict' || (change.kind === 'join' && gone.has(change.name))
  const readyRemain = view.members.some(({ phase }) => phase === 'ready')
  const targets = targetsOf(before)
  return view.owners.flatMap((owner, partition) => {
    const old = before.owners[partition]
    const orphaned = old === undefined || gone.has(old)
    const taken = change.kind === 'ready' && owner === change.name && targets[partition] === owner
    const v2 = owner === old || orphaned || taken ? [] : [`V2: ${partition} goes from ${old} to ${owner}`]
    return evicts && readyRemain && owner === undefined ? [...v2, `V4: nobody owns ${partition}`] : v2
  })
}

describe('the bytes', () => {
  const change: fc.Arbitrary<MembershipChange> = fc.oneof(
    fc.record({
      kind: fc.constant('join' as const),
      name: anyName(),
      incarnation: fc.string({ maxLength: 12 }),
      fingerprint: fc.string(),
    }),
    fc.record({
      kind: fc.constant('ready' as const),
      name: anyName(),
      incarnation: fc.string({ maxLength: 12 }),
      partitions: fc.array(fc.nat(5000)),
    }),
    fc.record({ kind: fc.constant('leave' as const), name: anyName(), incarnation: fc.string({ maxLength: 12 }) }),
    fc.record({
      kind: fc.constant('evict' as const),
      name: anyName(),
      incarnation: fc.string({ maxLength: 12 }),
      view: fc.nat(),
    }),
    fc.record({ kind: fc.constant('upgrade' as const), fingerprint: fc.string() }),
  )

  it('of a change read as it was written', () => {
    fc.assert(
      fc.property(change, (given) => {
        expect(decodeChange(new ByteReader(bytesOf(given)))).toEqual(given)
      }),
    )
  })

  it('of a view read as it was written', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const view = steps.reduce((each, next) => changeView(each, changeOf(each, next)), firstView(all.length, ''))
        const out = new ByteWriter()
        encodeView(out, view)
        expect(decodeView(new ByteReader(out.take()))).toEqual(view)
      }),
    )
  })

  it('that are damaged or made up are a change or are refused, and nothing else', () => {
    const damaged = fc.tuple(change, fc.nat(), fc.nat(255)).map(([given, at, byte]) => {
      const bytes = bytesOf(given)
      return Uint8Array.from(bytes, (each, i) => (i === at % bytes.length ? byte : each))
    })
    const cut = fc.tuple(change, fc.nat()).map(([given, at]) => bytesOf(given).subarray(0, at % bytesOf(given).length))
    const bytes = fc.oneof(damaged, cut, fc.uint8Array({ maxLength: 40 }))
    fc.assert(
      fc.property(bytes, (given) => {
        expect(readOrRefused(given)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['an unknown kind', Uint8Array.of(9)],
    ['nothing', new Uint8Array(0)],
    ['no name', bytesOf(leave(''))],
    ['a name that is too long', bytesOf(leave('n'.repeat(limits.nameBytesMax + 1)))],
    ['a name of too many bytes', bytesOf(leave('ü'.repeat(limits.nameBytesMax)))],
    [
      'an incarnation that is too long',
      bytesOf({ kind: 'leave', name: 'a', incarnation: 'n'.repeat(limits.nameBytesMax + 1) }),
    ],
    ['more behind it', Uint8Array.of(...bytesOf(leave('a')), 0)],
  ])('of a change with %s are refused', (_, bytes) => {
    expect(() => decodeChange(new ByteReader(bytes))).toThrow(MalformedBytes)
  })

  it('of a view with an unknown phase are refused', () => {
    const out = new ByteWriter()
    encodeView(out, { ...after(join('a')), members: [{ ...who('a'), phase: 'gone' as 'ready' }] })
    expect(() => decodeView(new ByteReader(out.take()))).toThrow(MalformedBytes)
  })
})

function anyName(): fc.Arbitrary<string> {
  return fc.string({ minLength: 1, maxLength: 12 })
}

function bytesOf(change: MembershipChange): Uint8Array {
  const out = new ByteWriter()
  encodeChange(out, change)
  return out.take()
}

// What is refused must be refused as malformed; what is read must be a change that can be made.
function readOrRefused(bytes: Uint8Array): boolean {
  try {
    return changeView(after(join('a')), decodeChange(new ByteReader(bytes))).members.length <= 2
  } catch (error) {
    return error instanceof MalformedBytes
  }
}
