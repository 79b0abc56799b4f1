// Timers (DESIGN §11), through engines: when they run, in which order, how many, and what stops them.

import { describe, expect, it } from 'vitest'
import { limits } from './limits.ts'
import { positionOf } from './position.ts'
import { poisonedMessage } from './run-transaction.ts'
import { MemoryCluster } from './testing/memory-cluster.ts'
import { scriptCall, toyRef, type Script } from './testing/toy-script.ts'
import { keyIn, toyTransaction } from './testing/toy-transactions.ts'

const ms = 1000
const layouts = [
  ['P = 1', [0]],
  ['P = 2 on one worker', [0, 0]],
  ['P = 2 on two workers', [0, 1]],
] as const

describe.each(layouts)('timers where %s', (_, placement) => {
  it('run in the first batch that reaches them and comes after the one that set them, as of its time', () => {
    const cluster = new MemoryCluster({ placement })
    cluster.append(
      toyTransaction(1, [
        scriptCall('a', [
          ['timer', 0, [['clock']], []],
          ['timer', 5 * ms, [['clock']], []],
        ]),
      ]),
    )
    cluster.append(toyTransaction(2, [scriptCall('b', [['add', 1]])]))
    cluster.tick(3 * ms)
    cluster.tick(20 * ms)
    cluster.settle()
    const at = (sequence: number): number => Math.floor(cluster.log[sequence - 1]!.appendTime / 1000)
    expect(cluster.itemsOf('a')).toEqual([at(2), positionOf(2, 0), at(3), positionOf(3, 0)])
    expect(cluster.engine(0).nextTimerDue).toBeUndefined()
  })

  it('run before the messages of their batch', () => {
    const cluster = new MemoryCluster({ placement })
    cluster.append(toyTransaction(1, [scriptCall('a', [['timer', 0, [['append', 'timer']], []]])]))
    cluster.append(toyTransaction(2, [scriptCall('a', [['append', 'message']])]))
    cluster.settle()
    expect(cluster.itemsOf('a')).toEqual(['timer', 'message'])
  })

  it('of one actor run by due time, then in the order in which they were set', () => {
    const cluster = new MemoryCluster({ placement })
    const timer = (delay: number, name: string): Script[number] => ['timer', delay, [['append', name]], []]
    cluster.append(toyTransaction(1, [scriptCall('a', [timer(5 * ms, 'c'), timer(4 * ms, 'b'), timer(5 * ms, 'd')])]))
    cluster.append(toyTransaction(2, [scriptCall('a', [timer(4 * ms, 'e'), timer(1 * ms, 'a')])]))
    cluster.tick(50 * ms)
    cluster.settle()
    expect(cluster.itemsOf('a')).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('that timers set wait for the next batch, however due they are', () => {
    const cluster = new MemoryCluster({ placement })
    const again: Script = [
      ['add', 1],
      [
        'timer',
        0,
        [
          ['add', 10],
          ['timer', 0, [['add', 100]], []],
        ],
        [],
      ],
    ]
    cluster.append(toyTransaction(1, [scriptCall('a', [['timer', 0, again, []]])]))
    for (const expected of [1, 11, 111, 111]) {
      cluster.tick()
      cluster.settle()
      expect(cluster.countOf('a')).toBe(expected)
    }
  })

  it(`of one actor run at most ${limits.timerRunsPerActorMax} times in a batch`, () => {
    const cluster = new MemoryCluster({ placement })
    cluster.append(toyTransaction(1, [scriptCall('a', [['timers', 150, 0, [['add', 1]]]])]))
    for (const expected of [64, 128, 150, 150]) {
      cluster.tick()
      cluster.settle()
      expect(cluster.countOf('a')).toBe(expected)
    }
  })

  it('can be cancelled, also by a timer of the same batch', () => {
    const cluster = new MemoryCluster({ placement })
    const timers: Script = [
      [
        'timer',
        1 * ms,
        [
          ['append', 'first'],
          ['cancel', 0],
        ],
        [],
      ],
      ['timer', 2 * ms, [['append', 'second']], []],
      ['timer', 3 * ms, [['append', 'third']], []],
    ]
    cluster.append(toyTransaction(1, [scriptCall('a', timers)]))
    cluster.append(toyTransaction(2, [scriptCall('b', [...timers, ['cancel', 2]])]))
    cluster.tick(50 * ms)
    cluster.settle()
    expect(cluster.itemsOf('a')).toEqual(['first', 'third'])
    expect(cluster.itemsOf('b')).toEqual(['first'])
  })

  it('go with their actor when it is destroyed, and do not come back with it', () => {
    const cluster = new MemoryCluster({ placement })
    cluster.append(toyTransaction(1, [scriptCall('a', [['timers', 3, 2 * ms, [['add', 1]]]])]))
    cluster.append(toyTransaction(2, [scriptCall('a', [['destroy']])]))
    cluster.append(toyTransaction(3, [scriptCall('a', [['add', 100]])]))
    cluster.tick(50 * ms)
    cluster.settle()
    expect(cluster.countOf('a')).toBe(100)
  })

  it('that fail are gone, leave nothing else behind, and are reported', () => {
    const cluster = new MemoryCluster({ placement })
    const failing: Script = [
      ['add', 1],
      ['timer', 0, [['add', 10]], []],
      ['throw', 'no'],
    ]
    cluster.append(
      toyTransaction(1, [
        scriptCall('a', [
          ['timer', 0, failing, []],
          ['add', 5],
        ]),
      ]),
    )
    cluster.tick()
    cluster.tick()
    cluster.settle()
    expect(cluster.countOf('a')).toBe(5)
    expect(cluster.engine(placement[placement.length - 1]!).nextTimerDue).toBeUndefined()
    expect(cluster.incidents).toEqual([
      { kind: 'timer-failed', position: positionOf(2, 0), reason: 'The timer run of toy/a failed: no' },
    ])
  })

  it('that an operator skipped are gone without having run, and are reported', () => {
    const cluster = new MemoryCluster({ placement, skip: new Set([positionOf(2, 0)]) })
    const setting: Script = [
      ['timer', 0, [['add', 1]], []],
      ['timer', 9 * ms, [['add', 10]], []],
    ]
    cluster.append(
      toyTransaction(1, [scriptCall('a', setting), scriptCall('b', [['timer', 0, [['add', 1]], [['a', 'write']]]])]),
    )
    cluster.append(toyTransaction(2, [scriptCall('a', [['add', 100]])]))
    cluster.tick(50 * ms)
    cluster.settle()
    expect(cluster.countOf('a')).toBe(110)
    expect(cluster.countOf('b')).toBe(0)
    const reason = (key: string): string => `The timer run of toy/${key} failed: ${poisonedMessage}`
    expect(cluster.incidents.toSorted((a, b) => (a.reason < b.reason ? -1 : 1))).toEqual([
      { kind: 'timer-failed', position: positionOf(2, 0), reason: reason('a') },
      { kind: 'timer-failed', position: positionOf(2, 0), reason: reason('b') },
    ])
    // As after a failure, the record was written at the position of the timers.
    expect(cluster.engine(cluster.ownerOf('b')).version(toyRef('b'))).toBe(positionOf(2, 0))
  })

  it('survive a restart, and run once', async () => {
    const cluster = new MemoryCluster({ placement })
    cluster.append(
      toyTransaction(1, [
        scriptCall('a', [
          ['timer', 5 * ms, [['add', 1]], []],
          ['timer', 500 * ms, [['add', 10]], []],
        ]),
      ]),
    )
    cluster.settle()
    for (let batch = 0; batch < 4; batch++) {
      for (const worker of new Set(placement)) {
        await cluster.flush(worker)
        cluster.restart(worker)
      }
      cluster.tick(20 * ms)
      cluster.settle()
    }
    expect(cluster.countOf('a')).toBe(1)
    const due = cluster.engine(cluster.ownerOf('a')).nextTimerDue
    expect(due).toBe(cluster.log[0]!.appendTime + 500 * ms)
    cluster.tick(1_000_000 * ms)
    cluster.settle()
    expect(cluster.countOf('a')).toBe(11)
  })

  it('say when the next one may be due', () => {
    const cluster = new MemoryCluster({ placement })
    const owner = cluster.ownerOf('a')
    expect(cluster.engine(owner).nextTimerDue).toBeUndefined()
    cluster.append(
      toyTransaction(1, [
        scriptCall('a', [
          ['timer', 7 * ms, [['add', 1]], []],
          ['timer', 5 * ms, [], []],
        ]),
      ]),
    )
    cluster.settle()
    expect(cluster.engine(owner).nextTimerDue).toBe(cluster.log[0]!.appendTime + 5 * ms)
  })
})

describe('timers where P = 1', () => {
  it('of all actors run by due time, then by identity', () => {
    const cluster = new MemoryCluster({ placement: [0] })
    const timer = (delay: number, name: string): Script[number] => [
      'timer',
      delay,
      [['call', 'journal', [['append', name]]]],
      [],
    ]
    cluster.append(
      toyTransaction(1, [scriptCall('z', [timer(5 * ms, 'second'), timer(3 * ms, 'first')])]),
      toyTransaction(2, [scriptCall('a', [timer(5 * ms, 'third')])]),
    )
    cluster.tick(50 * ms)
    cluster.settle()
    expect(cluster.itemsOf('journal')).toEqual(['first', 'second', 'third'])
  })

  it('do not run once another timer of the batch has destroyed their actor', () => {
    const cluster = new MemoryCluster({ placement: [0] })
    cluster.append(
      toyTransaction(1, [scriptCall('a', [['timer', 1 * ms, [['call', 'b', [['destroy']]]], []]])]),
      toyTransaction(2, [scriptCall('b', [['timer', 1 * ms, [['call', 'c', [['add', 1]]]], []]])]),
    )
    cluster.tick(50 * ms)
    cluster.settle()
    expect(cluster.countOf('c')).toBe(0)
  })
})

describe('timers where P > 1', () => {
  const [a, b] = [keyIn(0, 2), keyIn(1, 2)]

  it.each([
    ['declares others', [[b, 'write']] as const],
    ['misses others', []],
  ])('become a tell when their message %s', (_, declared) => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    const script: Script = [
      ['add', 1],
      ['call', b, [['add', 1]]],
    ]
    cluster.append(toyTransaction(1, [scriptCall(a, [['timer', 0, script, declared]])]))
    cluster.tick()
    cluster.settle()
    expect([cluster.countOf(a), cluster.countOf(b)]).toEqual([1, 1])
    expect(cluster.log).toHaveLength(3)
    const { request } = [...cluster.replies.values()].at(-1)!
    expect(request).toMatchObject({ session: '~0', sequence: positionOf(2, 0) })
    expect(request?.suffix).toContain(`toy/${a}`)
  })

  it.each([1, 150])('that become known late, %i at once, run in the batches that had reached them', (count) => {
    // Prompt: everything is settled after each entry. Late: worker 0 has read the whole log before it hears of worker 1.
    const run = (late: boolean): MemoryCluster => {
      const cluster = new MemoryCluster({ placement: [0, 1] })
      const setting: Script = [['timers', count, 2 * ms, [['add', 1], ['clock']]]]
      cluster.append(toyTransaction(1, [scriptCall(a, setting), scriptCall(b, [['add', 1]])]))
      for (let round = 2; round < 8; round++) {
        if (!late) cluster.settle()
        cluster.append(toyTransaction(round, [scriptCall(a, [['add', 1000]])]))
      }
      cluster.settle()
      return cluster
    }
    const [late, prompt] = [run(true), run(false)]
    expect(late.itemsOf(a)).toEqual(prompt.itemsOf(a))
    expect(late.countOf(a)).toBe(6000 + count)
    expect(late.hashes()).toEqual(prompt.hashes())
  })
})
