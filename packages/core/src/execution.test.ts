// Execution: savepoints, the depth limit, misses that stick, and what a commit would do. The program is the toy one,
// whose actors register how to take back whatever they change.

import { describe, expect, it } from 'vitest'
import type { ActorRecord, ActorValue } from './actor-record.ts'
import { thaw, type Datum } from './datum.ts'
import { Execution, FootprintMiss, type ExecutionOptions } from './execution.ts'
import { limits } from './limits.ts'
import { positionOf } from './position.ts'
import { ToyProgram } from './testing/toy-program.ts'
import { itemsCall, lookCall, scriptCall, toyRef, type Script } from './testing/toy-script.ts'

const position = positionOf(9, 1)
const add: Script = [['add', 1]]

describe('a call that throws', () => {
  it('has undone all that it did, and all that it called, when its caller catches', () => {
    const execution = run('a', [
      ['add', 1],
      [
        'try',
        'b',
        [
          ['add', 5],
          ['tell', 'x', add, []],
          ['timer', 5, add, []],
          ['call', 'c', add],
          ['call', 'a', [['add', 100]]],
          ['destroy'],
          ['throw', 'no'],
        ],
      ],
    ])
    expect(effectsOf(execution)).toEqual({ a: { count: 1, items: ['caught no'], timers: 0 } })
    expect(execution.tells).toEqual([])
  })

  it('leaves alone what others did before and do after it', () => {
    const execution = run('a', [
      [
        'call',
        'b',
        [
          ['add', 1],
          ['timer', 5, add, []],
        ],
      ],
      ['tell', 'x', add, []],
      [
        'try',
        'b',
        [
          ['add', 10],
          ['cancel', 0],
          ['tell', 'y', add, []],
          ['throw', 'no'],
        ],
      ],
      ['call', 'b', [['add', 100]]],
      ['tell', 'z', add, []],
    ])
    expect(effectsOf(execution)['b']).toEqual({ count: 101, items: [], timers: 1 })
    expect(execution.tells.map(({ call }) => call.ref.key)).toEqual(['x', 'z'])
    expect(new Set(execution.tells.map(({ ordinal }) => ordinal)).size).toBe(2)
  })

  it('brings back what it destroyed, with its timers', () => {
    const timer = { position: 5, ordinal: 0, due: 7, message: 'run', args: [] }
    const before = { b: record(3, [], [timer]) }
    const execution = run('a', [['try', 'b', [['destroy'], ['add', 1], ['throw', 'no']]]], before)
    expect(effectsOf(execution)).toEqual({ a: { count: 0, items: ['caught no'], timers: 0 } })
    expect(execution.slots.find(({ ref }) => ref.key === 'b')?.timers).toEqual([timer])
  })
})

describe('calls across actors', () => {
  it(`lie at most ${limits.callDepthMax} deep within each other; one more is an error like any other`, () => {
    const deep = (levels: number): Script => (levels === 0 ? add : [['call', `k${levels % 3}`, deep(levels - 1)]])
    // One level is the first call itself. Scripts that deep are no value, so they are made as they are needed.
    const descending = new DescendingProgram()
    expect(descending.descend(limits.callDepthMax)).toBe(limits.callDepthMax)
    expect(() => descending.descend(limits.callDepthMax + 1)).toThrow(
      expect.objectContaining({ code: 'CALL_DEPTH_EXCEEDED' }),
    )
    expect(effectsOf(run('a', deep(5)))).toMatchObject({ k1: { count: 1 } })
  })

  it('see what the others have written so far', () => {
    const execution = run('a', [
      ['call', 'b', [['add', 3]]],
      ['look', 'b'],
      [
        'call',
        'b',
        [
          ['look', 'a'],
          ['add', 1],
        ],
      ],
      ['look', 'b'],
    ])
    const looks = effectsOf(execution)['a']!.items.map((item) => thaw(item as Datum))
    expect((looks[1] as unknown[]).slice(0, 2)).toEqual([3, 0])
    expect((looks[3] as unknown[]).slice(0, 2)).toEqual([4, 1])
  })
})

describe('a miss', () => {
  const onlyA: ExecutionOptions['space']['load'] = (ref, mode) => {
    if (ref.key !== 'a') throw new FootprintMiss(ref, mode)
    return undefined
  }

  it('is remembered, the first of several, whatever the handler catches', () => {
    const execution = new Execution(new ToyProgram(), options({ load: onlyA }))
    execution.runCall(
      scriptCall('a', [
        ['try', 'b', add],
        ['try', 'c', add],
        ['add', 1],
      ]),
      0,
    )
    expect(execution.missed).toMatchObject({ ref: toyRef('b'), mode: 'write' })
  })

  it('of a confined call is every other actor, also one that another call uses', () => {
    const execution = new Execution(new ToyProgram(), { ...options({ load: () => undefined }), confined: true })
    execution.runCall(scriptCall('a', add), 0)
    execution.runCall(scriptCall('b', add), 1)
    expect(execution.missed).toBeUndefined()
    expect(() => execution.runCall(scriptCall('b', [['look', 'a']]), 2)).toThrow(FootprintMiss)
    expect(execution.missed).toMatchObject({ ref: toyRef('a'), mode: 'read' })
  })

  it('comes when a reader turns out to write', () => {
    const load: typeof onlyA = (ref, mode) => {
      if (mode === 'write' && ref.key === 'b') throw new FootprintMiss(ref, mode)
      return undefined
    }
    const execution = new Execution(new ToyProgram(), options({ load }))
    expect(() =>
      execution.runCall(
        scriptCall('a', [
          ['look', 'b'],
          ['call', 'b', add],
        ]),
        0,
      ),
    ).toThrow(FootprintMiss)
    expect(execution.missed).toMatchObject({ ref: toyRef('b'), mode: 'write' })
  })
})

describe('a commit', () => {
  it('writes what changed, in the order in which it was first touched, and nothing else', () => {
    const unchanged = record(1, [])
    const execution = run(
      'a',
      [
        ['call', 'c', add],
        ['look', 'b'],
        ['call', 'd', []],
        ['add', 1],
      ],
      { d: unchanged, b: unchanged },
    )
    const writes = execution.finish()
    expect(writes.map(({ ref }) => ref.key)).toEqual(['a', 'c'])
    for (const { after } of writes) expect(after?.version).toBe(position)
  })

  it('ends a destroyed actor, and begins one that lives again as new', () => {
    const before = { a: record(7, []), b: record(7, []) }
    const ended = run('a', [['destroy']], before).finish()
    expect(ended).toHaveLength(1)
    expect(ended[0]).toMatchObject({ ref: toyRef('a'), after: undefined })
    const reborn = run('b', [['destroy'], ['call', 'b', [['add', 7]]]], before).finish()
    expect(reborn).toHaveLength(1)
    expect(reborn[0]!.after?.version).toBe(position)
    expect(run('c', [['destroy']]).finish()).toEqual([])
  })
})

describe('what one call draws and numbers', () => {
  it('depends on its seed and its index, not on the calls before it', () => {
    const drawn = (index: number, before: readonly number[]): unknown => {
      const execution = new Execution(new ToyProgram(), options({ load: () => undefined }))
      for (const earlier of before) execution.runCall(scriptCall('x', [['random'], ['random']]), earlier)
      execution.runCall(scriptCall('a', [['random'], ['random']]), index)
      return effectsOf(execution)['a']!.items
    }
    expect(drawn(1, [])).toEqual(drawn(1, [0]))
    expect(drawn(1, [])).not.toEqual(drawn(0, []))
    expect(new Set(drawn(1, []) as unknown[]).size).toBe(2)
  })

  it('gives tells and timers of all calls numbers of their own', () => {
    const execution = new Execution(new ToyProgram(), options({ load: () => undefined }))
    for (let index = 0; index < 3; index++)
      execution.runCall(
        scriptCall('a', [
          ['tell', 'b', add, []],
          ['timer', 5, add, []],
          ['tell', 'b', add, []],
        ]),
        index,
      )
    const timers = execution.finish()[0]!.after!.timers
    const ordinals = [...execution.tells, ...timers].map(({ ordinal }) => ordinal)
    expect(new Set(ordinals).size).toBe(9)
  })

  it('ends with an error when a handler has used up its numbers, before they meet those of the next call', () => {
    const execution = new Execution(new ToyProgram(), options({ load: () => undefined }))
    const slot = execution.slot(toyRef('a'), 'write')
    const setAndCancel = (): void => {
      const { ordinal } = execution.setTimer(slot, 1, 'run', [])
      execution.cancelTimer(slot, position, ordinal)
    }
    for (let count = 0; count < 65_535; count++) setAndCancel()
    expect(setAndCancel).toThrow(expect.objectContaining({ code: 'TRANSACTION_INVALID' }))
  })
})

describe('limits', () => {
  it(`at most ${limits.tellsPerTransactionMax} tells`, () => {
    const execution = new Execution(new ToyProgram(), options({ load: () => undefined }))
    for (let count = 0; count < limits.tellsPerTransactionMax; count++) execution.tell(scriptCall('b', add))
    expect(() => execution.tell(scriptCall('b', add))).toThrow(expect.objectContaining({ code: 'TRANSACTION_INVALID' }))
  })

  it(`at most ${limits.timersPerActorMax} timers of one actor`, () => {
    const many: Script = [['timers', limits.timersPerActorMax, 5, add]]
    expect(effectsOf(run('a', many))['a']?.timers).toBe(limits.timersPerActorMax)
    expect(() => run('a', [...many, ['timer', 5, add, []]])).toThrow(
      expect.objectContaining({ code: 'TRANSACTION_INVALID' }),
    )
  })
})

describe('a query', () => {
  const query = (): Execution =>
    new Execution(new ToyProgram(), { ...options({ load: () => record(4, []) }), readOnly: true })

  it('writes, tells and sets nothing', () => {
    const execution = query()
    const writes = expect.objectContaining({ code: 'QUERY_WRITES' })
    const slot = execution.slot(toyRef('a'), 'read')
    expect(() => execution.enter(scriptCall('a', add), 'write')).toThrow(writes)
    expect(() => execution.tell(scriptCall('a', add))).toThrow(writes)
    expect(() => execution.setTimer(slot, 1, 'run', [])).toThrow(writes)
    expect(() => execution.cancelTimer(slot, 1, 0)).toThrow(writes)
    expect(() => execution.destroy(slot)).toThrow(writes)
    expect(execution.finish()).toEqual([])
  })

  it('reads several actors, each once', () => {
    const execution = query()
    expect((thaw(execution.runQuery(lookCall('a', ['b', 'c', 'b']))) as unknown[])[0]).toBe(4)
    expect(thaw(execution.runQuery(itemsCall('a')))).toEqual([])
    expect(execution.slots.map(({ ref }) => ref.key)).toEqual(['a', 'b', 'c'])
  })
})

// Calls itself on other actors, as deep as it is told.
class DescendingProgram extends ToyProgram {
  #left = 0

  descend(levels: number): number {
    this.#left = levels
    const execution = new Execution(this, options({ load: () => undefined }))
    return execution.runCall(scriptCall('a', []), 0) as number
  }

  override runMessage(...[call, , execution]: Parameters<ToyProgram['runMessage']>): Datum {
    this.#left -= 1
    if (this.#left === 0) return execution.depth
    return execution.enter(scriptCall(`${call.ref.key}.`, []), 'write')
  }
}

interface Effects {
  readonly count: number
  readonly items: readonly unknown[]
  readonly timers: number
}

function options(space: ExecutionOptions['space']): ExecutionOptions {
  return { position, logTime: 1_000_000, seed: 'seed', space }
}

function run(key: string, script: Script, records: Readonly<Record<string, ActorRecord>> = {}): Execution {
  const execution = new Execution(new ToyProgram(), options({ load: (ref) => records[ref.key] }))
  execution.runCall(scriptCall(key, script), 0)
  return execution
}

function record(count: number, items: readonly Datum[], timers: ActorRecord['timers'] = []): ActorRecord {
  return { version: 5, value: { count, items } as unknown as ActorValue, timers }
}

// What a commit would write, by key.
function effectsOf(execution: Execution): Record<string, Effects> {
  return Object.fromEntries(
    execution.finish().map(({ ref, after }) => {
      const { count, items } = after!.value as unknown as Omit<Effects, 'timers'>
      return [ref.key, { count, items, timers: after!.timers.length }]
    }),
  )
}
