// Snapshots: what they show while the state moves on, and when they give way.

import { expect, test } from 'vitest'
import type { ActorRecord, ActorValue } from './actor-record.ts'
import { limits } from './limits.ts'
import { StateSnapshots } from './state-snapshots.ts'
import { actorRef } from './transaction.ts'

const ref = actorRef('Account', 'a')

function record(version: number): ActorRecord {
  // Nobody looks into it here.
  return { version, value: {} as ActorValue, timers: [] }
}

function setUp(): { snapshots: StateSnapshots; put: (value: ActorRecord | undefined, of?: string) => void } {
  const table = new Map<string, ActorRecord | undefined>()
  const snapshots = new StateSnapshots(({ id }) => table.get(id))
  const put = (value: ActorRecord | undefined, of = 'a'): void => {
    const at = actorRef('Account', of)
    const before = table.get(at.id)
    table.set(at.id, value)
    snapshots.keep(at, before)
  }
  return { snapshots, put }
}

test('a snapshot shows each record as it was when it was opened, created and destroyed ones too', () => {
  const { snapshots, put } = setUp()
  const before = snapshots.open()
  put(record(1))
  const between = snapshots.open()
  put(record(2))
  put(undefined)
  const after = snapshots.open()
  expect(before.record(ref)).toBeUndefined()
  expect(between.record(ref)?.version).toBe(1)
  expect(after.record(ref)).toBeUndefined()
  put(record(3))
  expect(after.record(ref)).toBeUndefined()
})

test('a closed snapshot answers nothing any more, and closing twice is closing once', () => {
  const { snapshots } = setUp()
  const snapshot = snapshots.open()
  snapshot.close()
  snapshot.close()
  expect(snapshots.count).toBe(0)
  expect(() => snapshot.record(ref)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_EXPIRED' }))
})

test('the oldest snapshot gives way when there are too many', () => {
  const { snapshots } = setUp()
  const opened = Array.from({ length: limits.snapshotsOpenMax + 1 }, () => snapshots.open())
  expect(snapshots.count).toBe(limits.snapshotsOpenMax)
  expect(() => opened[0]!.record(ref)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_EXPIRED' }))
  expect(opened[1]!.record(ref)).toBeUndefined()
})

test('a snapshot gives way when too much has changed since, and only that one', () => {
  const { snapshots, put } = setUp()
  const old = snapshots.open()
  for (let index = 0; index < limits.snapshotRecordsMax; index++) put(undefined, `${index}`)
  expect(old.record(ref)).toBeUndefined()
  const young = snapshots.open()
  put(record(1))
  expect(() => old.record(ref)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_EXPIRED' }))
  expect(young.record(ref)).toBeUndefined()
})
