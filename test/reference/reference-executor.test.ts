// The reference itself, against expectations worked out by hand: it can only prove the engine if it is right.

import { actorRef, limits, positionOf } from '@streamy-db/core'
import { scriptCall, toyRef } from '@streamy-db/core/testing'
import { expect, test } from 'vitest'
import { outcomes, request, Story } from './story.ts'

const first = positionOf(1, 1)

test('a message changes its actor and answers', () => {
  const story = new Story(1)
  const { replies } = story.append(
    request(1, [
      scriptCall('a', [
        ['add', 2],
        ['append', 'x'],
      ]),
    ]),
  )
  expect(outcomes(replies)).toEqual(['committed 2'])
  expect(replies[0]!.position).toBe(first)
  expect(story.look('a')).toEqual([2, 1])
  expect(story.reference.versionOf(toyRef('a'))).toBe(first)
})

test('a repeated request is answered as recorded and not run again', () => {
  const story = new Story(1)
  const add = request(1, [scriptCall('a', [['add', 2]])])
  story.append(add)
  const { replies, finished } = story.append(request(2, [scriptCall('a', [['add', 1]])]), add)
  expect(outcomes(replies)).toEqual(['committed 3', 'committed 2'])
  expect(finished).toEqual(['0:client/00000000000002/'])
  expect(story.look('a')).toEqual([3, 0])
})

test('an answered request is forgotten, and its repeat has no effect', () => {
  const story = new Story(1)
  const add = request(1, [scriptCall('a', [['add', 2]])])
  story.append(add, request(2, [scriptCall('b', [])], { answeredBelow: 2 }))
  expect(story.append(add).replies).toEqual([])
  expect(story.look('a')).toEqual([2, 0])
})

test('a request that arrives too late is refused, also when its session is long gone', () => {
  const story = new Story(1)
  const add = request(1, [scriptCall('a', [['add', 2]])], { seenTime: story.now })
  story.append(add)
  story.wait(limits.sessionRetentionUs)
  expect(outcomes(story.append(add).replies)).toEqual(['aborted at 0: REQUEST_EXPIRED'])
  expect(story.look('a')).toEqual([2, 0])
})

test('an abort leaves nothing, and names the first operation that failed', () => {
  const story = new Story(8)
  const [a, b] = ['k0', story.keyApart('k0')]
  const { replies } = story.append(
    request(1, [
      scriptCall(a, [['add', 1]]),
      scriptCall(b, [['throw', 'second']]),
      scriptCall(a, [['throw', 'third']]),
    ]),
  )
  expect(outcomes(replies)).toEqual(['aborted at 1: second'])
  expect(story.look(a)).toEqual([0, 0])
})

test('what a caught callee did is undone', () => {
  const story = new Story(1)
  story.append(
    request(1, [
      scriptCall('a', [
        [
          'try',
          'b',
          [
            ['add', 5],
            ['call', 'c', [['add', 5]]],
            ['throw', 'no'],
          ],
        ],
        ['add', 1],
      ]),
    ]),
  )
  expect([story.look('a'), story.look('b'), story.look('c')]).toEqual([
    [1, 1],
    [0, 0],
    [0, 0],
  ])
  expect(story.reference.versionOf(toyRef('b'))).toBeUndefined()
})

test('an undeclared actor is a miss, and the next attempt declares it', () => {
  const story = new Story(8)
  const { replies } = story.append(
    request(1, [
      scriptCall('k0', [
        ['add', 1],
        ['try', 'k1', [['add', 7]]],
      ]),
    ]),
  )
  expect(replies).toEqual([])
  expect(story.look('k0')).toEqual([0, 0])
  expect(story.reference.pending()).toMatchObject([{ attempt: 2, touches: [{ ref: { key: 'k1' }, mode: 'write' }] }])
  expect(outcomes(story.settle())).toEqual(['committed 1'])
  expect([story.look('k0'), story.look('k1')]).toEqual([
    [1, 1],
    [7, 0],
  ])
})

test('the fourth attempt may use every actor', () => {
  const story = new Story(8)
  const chain = scriptCall('k0', [
    ['call', 'k1', [['add', 1]]],
    ['call', 'k2', [['add', 1]]],
    ['call', 'k3', [['add', 1]]],
    ['call', 'k4', [['add', 1]]],
  ])
  story.append(request(1, [chain]))
  const { replies } = story.append(...story.reference.pending())
  expect(replies).toEqual([])
  story.append(...story.reference.pending())
  expect(story.reference.pending()).toMatchObject([{ attempt: limits.exclusiveAttempt }])
  expect(outcomes(story.settle())).toEqual(['committed 0'])
  expect(story.look('k4')).toEqual([1, 0])
})

test('where there is one partition nothing misses', () => {
  const story = new Story(1)
  const { replies } = story.append(request(1, [scriptCall('a', [['call', 'b', [['add', 3]]]])]))
  expect(outcomes(replies)).toEqual(['committed 0'])
  expect(story.look('b')).toEqual([3, 0])
})

test('an assert compares the version as of the transaction', () => {
  const story = new Story(1)
  const assertion = (version: number | undefined) => ({ asserts: [{ ref: toyRef('a'), version }] })
  const create = { ...request(1, [scriptCall('a', [['add', 1]])]), ...assertion(undefined) }
  const stale = { ...request(2, [scriptCall('a', [['add', 1]])]), ...assertion(undefined) }
  const fresh = { ...request(3, [scriptCall('a', [['add', 1]])]), ...assertion(first) }
  expect(outcomes(story.append(create, stale, fresh).replies)).toEqual([
    'committed 1',
    'aborted at 0: ASSERT_FAILED',
    'committed 2',
  ])
})

test('a tell runs once, as a transaction of its own', () => {
  const story = new Story(8)
  const [a, b] = ['k0', story.keyApart('k0')]
  story.append(request(1, [scriptCall(a, [['tell', b, [['add', 4]], []]])]))
  const [tell] = story.reference.pending()
  expect(tell).toMatchObject({ request: { sequence: first, suffix: '0' }, attempt: 1 })
  expect(story.look(b)).toEqual([0, 0])
  story.append(tell!, tell!)
  expect(story.look(b)).toEqual([4, 0])
  expect(story.reference.pending()).toEqual([])
})

test('a timer runs at the start of the first later batch that reaches its time', () => {
  const story = new Story(1)
  story.append(request(1, [scriptCall('a', [['timer', 100, [['add', 1]], []]])]))
  story.tick()
  expect(story.look('a')).toEqual([0, 0])
  story.wait(100)
  story.tick()
  expect(story.look('a')).toEqual([1, 0])
  expect(story.reference.versionOf(toyRef('a'))).toBe(positionOf(3, 0))
  story.wait(1000)
  story.tick()
  expect(story.look('a')).toEqual([1, 0])
})

test('a timer that fails is gone all the same, and one that is cancelled does not run', () => {
  const story = new Story(1)
  story.append(
    request(1, [
      scriptCall('a', [
        [
          'timer',
          1,
          [
            ['add', 9],
            ['throw', 'no'],
          ],
          [],
        ],
        ['timer', 9, [['add', 5]], []],
      ]),
    ]),
  )
  story.wait(1)
  story.append(
    request(2, [
      scriptCall('a', [
        ['add', 1],
        ['cancel', 0],
      ]),
    ]),
  )
  story.wait(100)
  story.tick()
  expect(story.look('a')).toEqual([1, 0])
})

test('one actor runs so many timers a batch, and the rest in the next', () => {
  const story = new Story(1)
  story.append(request(1, [scriptCall('a', [['timers', limits.timerRunsPerActorMax + 6, 0, [['add', 1]]]])]))
  story.tick()
  expect(story.look('a')).toEqual([limits.timerRunsPerActorMax, 0])
  story.tick()
  expect(story.look('a')).toEqual([limits.timerRunsPerActorMax + 6, 0])
})

test('a timer that reaches beyond its actor becomes a tell where there are partitions', () => {
  const story = new Story(8)
  const [a, b] = ['k0', story.keyApart('k0')]
  story.append(request(1, [scriptCall(a, [['timer', 0, [['call', b, [['add', 3]]]], []]])]))
  story.tick()
  expect(story.reference.pending()).toMatchObject([{ touches: [{ ref: { key: b }, mode: 'write' }], attempt: 1 }])
  story.settle()
  expect(story.look(b)).toEqual([3, 0])
})

test('what is void moves log time on and does nothing else', () => {
  const story = new Story(8)
  const { replies, logTime } = story.appendBytes(Buffer.from('garbage'))
  expect(replies).toEqual([])
  const call = { ...scriptCall('a', [['add', 1]]), ref: actorRef('toy', '') }
  const after = story.append(request(1, [call]), { ...request(1, [scriptCall('a', [['add', 1]])]), request: undefined })
  expect(after.replies).toEqual([])
  expect(after.logTime).toBe(logTime + 1)
  expect(story.look('a')).toEqual([0, 0])
})

test('a skipped position aborts as poisoned', () => {
  const story = new Story(1, new Set([first]))
  const { replies } = story.append(
    request(1, [scriptCall('a', [['add', 1]])]),
    request(2, [scriptCall('a', [['add', 1]])]),
  )
  expect(outcomes(replies)).toEqual(['aborted at 0: TRANSACTION_POISONED', 'committed 1'])
})

test('equal states have equal hashes, and any difference shows', () => {
  const stories = [1, 1, 2].map((amount) => {
    const story = new Story(1)
    return story.append(request(1, [scriptCall('a', [['add', amount]])])).hashes[0]
  })
  expect(stories[0]).toBe(stories[1])
  expect(stories[0]).not.toBe(stories[2])
})
