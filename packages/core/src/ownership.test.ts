// The invariants of Ownership by their numbers, over views made by hand.

import { describe, expect, it } from 'vitest'
import type { View } from './membership.ts'
import { Ownership } from './ownership.ts'
import type { OwnershipOptions } from './ownership.ts'
import { endOfBatch, positionOf } from './position.ts'

const worker = { name: 'a', incarnation: '1' }

// The view in which these own the partitions, `.` for nobody; `a` is in its first incarnation unless stated.
function view(owners: string, incarnation = '1'): View {
  const members = [
    { name: 'a', incarnation, phase: 'ready' },
    { name: 'b', incarnation: '1', phase: 'ready' },
  ] as const
  return {
    number: 1,
    fingerprint: '',
    members,
    owners: owners.split('').map((owner) => (owner === '.' ? undefined : owner)),
  }
}

function create(owners: string, changes: Partial<OwnershipOptions> = {}): Ownership {
  return new Ownership({ worker, executed: [0, 1], view: view(owners), ...changes })
}

describe('Ownership', () => {
  it('without a worker executes everything for real, whatever the views say', () => {
    const ownership = new Ownership({ executed: [1, 0], view: view('bb') })
    expect(ownership.change(view('bb'), 1)).toEqual([])
    expect([ownership.executed, ownership.live]).toEqual([
      [0, 1],
      [0, 1],
    ])
    expect(ownership.isLive(0, 1)).toBe(true)
    expect(ownership.isLive(2, 1)).toBe(false)
  })

  it('O1: a new view changes what is executed behind its batch, and not before', () => {
    const ownership = create('ab')
    expect(ownership.change(view('bb'), 5)).toEqual([0])
    expect(ownership.executed).toEqual([1])
    expect([5, 6].map((batch) => ownership.executesAt(0, batch))).toEqual([true, false])
    expect([5, 6].map((batch) => ownership.executesAt(1, batch))).toEqual([true, true])
  })

  it('O1: what was left is executed no more, also when a view gives it back', () => {
    const ownership = create('ab')
    ownership.change(view('bb'), 5)
    expect(ownership.change(view('ab'), 6)).toEqual([])
    expect([ownership.executed, ownership.live]).toEqual([[1], []])
    expect(ownership.isLive(0, positionOf(7, 1))).toBe(false)
  })

  it('O2: a partition is live exactly from behind the batch that gives it to the batch that takes it', () => {
    const ownership = create('.b')
    ownership.change(view('ab'), 5)
    ownership.change(view('bb'), 8)
    const positions = [positionOf(5, 1), endOfBatch(5), positionOf(6, 0), endOfBatch(8), positionOf(9, 0)]
    expect(positions.map((position) => ownership.isLive(0, position))).toEqual([false, false, true, true, false])
  })

  it('O2: what another incarnation of the worker owns is not live', () => {
    expect(new Ownership({ worker, executed: [0, 1], view: view('ab', '2') }).live).toEqual([])
    const ownership = create('ab')
    expect(ownership.change(view('ab', '2'), 3)).toEqual([0])
    expect(ownership.isLive(0, positionOf(4, 1))).toBe(false)
  })

  it('O3: an engine that only catches up keeps what a view takes away, silently, until a view gives it back', () => {
    const ownership = create('ab', { catchUpTo: 7 })
    expect(ownership.change(view('bb'), 5)).toEqual([])
    expect([ownership.executed, ownership.live]).toEqual([[0, 1], []])
    ownership.change(view('ab'), 7)
    expect(ownership.live).toEqual([0])
    const positions = [positionOf(5, 1), positionOf(6, 1), endOfBatch(7), positionOf(8, 0)]
    expect(positions.map((position) => ownership.isLive(0, position))).toEqual([true, false, false, true])
    expect(ownership.change(view('bb'), 8)).toEqual([0])
  })

  it('leaves extra partitions behind the first batch at which all others are live', () => {
    const ownership = create('.b', { extra: new Set([1]) })
    expect(ownership.passed(4)).toEqual([])
    ownership.change(view('ab'), 5)
    expect(ownership.passed(5)).toEqual([1])
    expect([ownership.executed, ownership.executesAt(1, 5), ownership.executesAt(1, 6)]).toEqual([[0], true, false])
    expect(ownership.passed(6)).toEqual([])
  })

  it('O3: keeps extra partitions while it catches up, also when all others are live from the beginning', () => {
    const ownership = create('ab', { extra: new Set([1]), catchUpTo: 6 })
    ownership.change(view('ab'), 3)
    expect([3, 5].flatMap((batch) => ownership.passed(batch))).toEqual([])
    expect(ownership.executed).toEqual([0, 1])
    expect(ownership.passed(6)).toEqual([1])
  })

  it('keeps an extra partition that has become its own', () => {
    const ownership = create('ab', { extra: new Set([1]) })
    ownership.change(view('aa'), 3)
    expect(ownership.passed(3)).toEqual([])
    expect(ownership.live).toEqual([0, 1])
  })
})
