// Sessions (DESIGN §9), by the numbers of their invariants: the table by itself, and through engines where it takes a
// log to say what happens.

import { describe, expect, it } from 'vitest'
import { limits } from './limits.ts'
import { MemoryStateStore } from './memory-state-store.ts'
import type { Outcome } from './outcome.ts'
import { endOfBatch, positionOf, type Position } from './position.ts'
import { Sessions, expiredMessage, refusal, type Decision } from './sessions.ts'
import { MemoryCluster } from './testing/memory-cluster.ts'
import { scriptCall, toyRef, type Script } from './testing/toy-script.ts'
import { keyIn, request, toyTransaction } from './testing/toy-transactions.ts'
import type { Call, Transaction } from './transaction.ts'

const add: Script = [['add', 1]]
const addTo = (key: string): Call => scriptCall(key, add)
const committed = (...results: number[]): Outcome => ({ kind: 'committed', results })

describe.each([
  ['P = 1', [0]],
  ['three workers', [0, 1, 2]],
] as const)('a request on %s', (_, placement) => {
  it('that comes again is answered as the first time and runs no second time', () => {
    const cluster = new MemoryCluster({ placement })
    cluster.append(toyTransaction(1, [addTo('a')]), toyTransaction(1, [addTo('a')]))
    cluster.append(toyTransaction(2, [addTo('a')]))
    cluster.append(toyTransaction(1, [addTo('a')]))
    cluster.settle()
    expect(outcomes(cluster)).toEqual([committed(1), committed(1), committed(2), committed(1)])
    const first = positionOf(1, 1)
    const counted = [...cluster.replies].toSorted(([a], [b]) => a - b).map(([, reply]) => reply.counted)
    expect(counted).toEqual([first, first, positionOf(2, 1), first])
    expect(cluster.countOf('a')).toBe(2)
  })

  it('that aborted stays aborted', () => {
    const cluster = new MemoryCluster({ placement })
    const failing = toyTransaction(1, [
      scriptCall('a', [
        ['ifOdd', []],
        ['throw', 'no'],
      ]),
    ])
    cluster.append(failing, toyTransaction(2, [addTo('a')]), failing)
    cluster.settle()
    const [first, , again] = outcomes(cluster)
    expect(first?.kind).toBe('aborted')
    expect(again).toEqual(first)
  })

  it('is told apart by session, sequence and suffix', () => {
    const cluster = new MemoryCluster({ placement })
    cluster.append(
      toyTransaction(request(1), [addTo('a')]),
      toyTransaction(request(1, { session: 'other' }), [addTo('a')]),
      toyTransaction(request(1, { suffix: 'x' }), [addTo('a')]),
      toyTransaction(request(2), [addTo('a')]),
    )
    cluster.settle()
    expect(cluster.countOf('a')).toBe(4)
  })

  it('below what the client has answers to is not run, and its record is gone', () => {
    const cluster = new MemoryCluster({ placement })
    cluster.append(toyTransaction(1, [addTo('a')]), toyTransaction(2, [addTo('a')]))
    cluster.append(toyTransaction(request(3, { answeredBelow: 3 }), [addTo('a')]))
    cluster.append(toyTransaction(1, [addTo('a')]), toyTransaction(3, [addTo('a')]))
    cluster.settle()
    expect([...cluster.replies.keys()].sort((x, y) => x - y)).toEqual([
      positionOf(1, 1),
      positionOf(1, 2),
      positionOf(2, 1),
      positionOf(3, 2),
    ])
    expect(cluster.countOf('a')).toBe(3)
  })

  it('whose own entry says it is answered runs, and leaves no record', () => {
    const cluster = new MemoryCluster({ placement })
    const answered = toyTransaction(request(5, { answeredBelow: 5 }), [addTo('a')])
    cluster.append(answered, toyTransaction(request(5, { answeredBelow: 6 }), [addTo('a')]))
    cluster.append(answered)
    cluster.settle()
    expect(outcomes(cluster)).toEqual([committed(1)])
  })

  it('that arrives too long after it was sent is refused, and may then be refused again', () => {
    const cluster = new MemoryCluster({ placement })
    const seenTime = cluster.clock
    cluster.tick(limits.requestRetentionUs)
    cluster.append(toyTransaction(request(1, { seenTime: seenTime + 2000 }), [addTo('a')]))
    cluster.append(toyTransaction(request(2, { seenTime }), [addTo('a')]))
    cluster.append(toyTransaction(request(2, { seenTime }), [addTo('a')]))
    cluster.settle()
    const refused = refusal('REQUEST_EXPIRED', expiredMessage)
    expect(outcomes(cluster)).toEqual([committed(1), refused, refused])
    expect(cluster.countOf('a')).toBe(1)
  })

  it('of a session that fell silent for too long begins anew; no other session ends with it', () => {
    const cluster = new MemoryCluster({ placement })
    cluster.append(toyTransaction(request(1, { session: 'silent' }), [addTo('a')]))
    cluster.append(toyTransaction(request(1, { session: 'awake' }), [addTo('a')]))
    cluster.clock += limits.sessionRetentionUs - 1500
    cluster.append(toyTransaction(request(2, { session: 'awake' }), [addTo('a')]))
    // Again the very requests; the clients of both claim to have sent them just now.
    cluster.append(toyTransaction(request(1, { session: 'silent' }), [addTo('a')]))
    cluster.append(toyTransaction(request(1, { session: 'awake' }), [addTo('a')]))
    cluster.settle()
    expect(outcomes(cluster)).toEqual([committed(1), committed(2), committed(3), committed(4), committed(2)])
  })

  it('keeps its answer through a restart at any batch', async () => {
    const cluster = new MemoryCluster({ placement })
    const transactions = [1, 2, 1, 3, 2, 1].map((sequence) => toyTransaction(sequence, [addTo('a')]))
    for (const transaction of transactions) {
      cluster.append(transaction)
      cluster.settle()
      for (const worker of new Set(placement)) {
        await cluster.flush(worker)
        cluster.restart(worker)
      }
    }
    expect(outcomes(cluster)).toEqual([1, 2, 1, 3, 2, 1].map((result) => committed(result)))
  })

  it('keeps its session alive through a restart, and lets it expire when it is time', async () => {
    const cluster = new MemoryCluster({ placement })
    cluster.append(toyTransaction(request(1, { session: 'early' }), [addTo('a')]), toyTransaction(1, [addTo('b')]))
    cluster.clock += limits.sessionRetentionUs / 2
    cluster.append(toyTransaction(2, [addTo('b')]), toyTransaction(2, [addTo('c')]))
    cluster.settle()
    for (const worker of new Set(placement)) {
      await cluster.flush(worker)
      cluster.restart(worker)
    }
    cluster.tick(limits.sessionRetentionUs / 2 + 10_000)
    cluster.append(toyTransaction(request(1, { session: 'early' }), [addTo('a')]), toyTransaction(1, [addTo('b')]))
    cluster.settle()
    expect(cluster.countOf('a')).toBe(2)
    expect(cluster.countOf('b')).toBe(2)
  })
})

describe('an embedded call without a session', () => {
  it('runs each time and leaves nothing behind', async () => {
    const cluster = new MemoryCluster({ placement: [0] })
    cluster.append(toyTransaction(undefined, [addTo('a')]), toyTransaction(undefined, [addTo('a')]))
    cluster.settle()
    expect(outcomes(cluster)).toEqual([committed(1), committed(2)])
    const keys = [...cluster.engine(0).captureState()!.changes()].map(({ key }) => key)
    expect(keys).toEqual(['a0000/toy/a', 'meta'])
  })
})

describe('Sessions', () => {
  it('S1: an entry counts if its attempt is the stored one + 1, or 1 when none is', () => {
    const desk = new Desk()
    expect([1, 2, 3, 4].map((attempt) => desk.decide(1, { attempt }))).toEqual([
      'counts',
      'ignored',
      'ignored',
      'ignored',
    ])
    desk.miss(1, { attempt: 1 })
    expect([1, 2, 3].map((attempt) => desk.decide(1, { attempt }))).toEqual(['ignored', 'counts', 'ignored'])
    desk.miss(1, { attempt: 2 })
    expect([1, 2, 3].map((attempt) => desk.decide(1, { attempt }))).toEqual(['ignored', 'ignored', 'counts'])
    desk.finish(1, { attempt: 3 })
    expect([1, 3, 4].map((attempt) => desk.decide(1, { attempt }))).toEqual(['answered', 'answered', 'answered'])
  })

  it('S2: a record below what an entry says is answered is as good as gone, before it is taken out', async () => {
    const desk = new Desk()
    desk.finish(1)
    desk.finish(2)
    const { position } = desk
    expect(desk.decide(1, { answeredBelow: 2 })).toBe('ignored')
    expect(desk.decide(2)).toBe('answered')
    expect(await desk.storedAt(position)).toHaveLength(2)
    desk.maintain()
    expect(desk.keys()).toHaveLength(1)
  })

  it('S2: a pending retry stays until it ends, however much is answered, and then leaves no record', () => {
    const desk = new Desk()
    desk.miss(1)
    desk.decide(9, { answeredBelow: 9 })
    desk.maintain()
    expect(desk.pending()).toEqual([1])
    expect(desk.decide(1, { attempt: 2 })).toBe('counts')
    desk.finish(1, { attempt: 2 })
    expect(desk.keys()).toEqual([])
    expect(desk.decide(1)).toBe('ignored')
  })

  it('S3: records of an earlier generation of the session are as good as gone', () => {
    const desk = new Desk()
    desk.finish(1)
    desk.miss(2)
    desk.wait(limits.sessionRetentionUs)
    expect(desk.decide(1)).toBe('counts')
    expect(desk.decide(2)).toBe('counts')
    desk.finish(1)
    expect(desk.decide(1)).toBe('answered')
    desk.maintain()
    expect(desk.keys()).toHaveLength(1)
    expect(desk.pending()).toEqual([])
  })

  it('S3: an entry of before the expiry that ends after it leaves its record with its own generation', async () => {
    const desk = new Desk()
    const early = desk.admit(1)
    const { position } = desk
    desk.wait(limits.sessionRetentionUs)
    desk.record(early, committed(1))
    expect(await desk.storedAt(position)).toHaveLength(1)
    expect(desk.decide(1)).toBe('counts')
    desk.maintain()
    expect(desk.keys()).toEqual([])
  })

  it('S4: records leave the state only when everything before what ended them has resolved', async () => {
    const desk = new Desk()
    desk.finish(1)
    const position = desk.position
    desk.decide(5, { answeredBelow: 5 })
    desk.maintain(position)
    expect(desk.keys()).toHaveLength(1)
    expect(await desk.storedAt(position)).toHaveLength(1)
    desk.maintain(desk.position)
    expect(desk.keys()).toEqual([])
  })

  it('tells neither expire nor grow too old', () => {
    const desk = new Desk('~3')
    desk.finish(1)
    desk.wait(10 * limits.sessionRetentionUs)
    expect(desk.decide(1)).toBe('answered')
    expect(desk.decide(2, { seenTime: 0 })).toBe('counts')
    desk.decide(3, { answeredBelow: 2 })
    desk.maintain()
    expect(desk.keys()).toEqual([])
  })

  it('a retry is pending until its attempt is seen, or the request has ended', () => {
    const desk = new Desk()
    desk.miss(1)
    expect(desk.pending()).toEqual([1])
    const next = desk.admit(1, { attempt: 2 })
    expect(desk.pending()).toEqual([])
    // As in a replay: the second attempt was scanned before the first was known to have missed.
    desk.miss(2)
    const other = desk.admit(3)
    const seen = desk.admit(3, { attempt: 2 })
    desk.recordMiss(other)
    desk.record(seen, committed(1))
    desk.record(next, committed(1))
    expect(desk.pending()).toEqual([2])
  })

  it('finds everything again in a store', async () => {
    const desk = new Desk()
    desk.finish(1)
    desk.miss(2)
    desk.finish(3)
    await desk.reopen()
    expect([1, 3].map((sequence) => desk.decide(sequence))).toEqual(['answered', 'answered'])
    expect(desk.pending()).toEqual([2])
    desk.decide(4, { answeredBelow: 3 })
    desk.maintain()
    expect(desk.decide(3)).toBe('answered')
    expect(desk.decide(1)).toBe('ignored')
    desk.wait(limits.sessionRetentionUs)
    desk.maintain()
    expect(desk.keys()).toEqual([])
    expect(desk.pending()).toEqual([])
  })
})

describe('retries and duplicates across workers', () => {
  it('a duplicate that waits for a retry is answered by how that ends', () => {
    const cluster = new MemoryCluster({ placement: [0, 1] })
    const [a, b] = [keyIn(0, 2), keyIn(1, 2)]
    const missing = toyTransaction(1, [scriptCall(a, [['call', b, add]])])
    cluster.append(missing, missing)
    cluster.settle()
    cluster.append(missing)
    cluster.settle()
    expect([...cluster.replies.keys()]).toEqual([positionOf(2, 1), positionOf(3, 1)])
    expect(outcomes(cluster)[0]).toEqual(outcomes(cluster)[1])
    expect(cluster.engine(1).version(toyRef(b))).toBe(positionOf(2, 1))
  })
})

interface Changes {
  readonly attempt?: number
  readonly answeredBelow?: number
  readonly seenTime?: number
}

type Admission = ReturnType<Sessions['admit']>

// The sessions of one partition, driven as an engine drives them: each entry at a position of its own, in log order.
class Desk {
  readonly #store = new MemoryStateStore()
  readonly #session: string
  readonly #positions = new Map<Admission, Position>()
  #sessions = new Sessions(this.#store, [0], false)
  #batch = 0
  #logTime = 1_000_000

  constructor(session = 'client') {
    this.#session = session
  }

  get position(): Position {
    return positionOf(this.#batch, 1)
  }

  wait(byUs: number): void {
    this.#logTime += byUs
    this.#batch += 1
    this.#sessions.expire(positionOf(this.#batch, 0), this.#logTime)
  }

  admit(sequence: number, { attempt = 1, answeredBelow = 0, seenTime = this.#logTime }: Changes = {}): Admission {
    this.#batch += 1
    const transaction = this.#transaction(sequence, { attempt, answeredBelow, seenTime })
    const admission = this.#sessions.admit(0, transaction, this.position, this.#logTime)
    this.#positions.set(admission, this.position)
    return admission
  }

  decide(sequence: number, changes: Changes = {}): Decision['kind'] {
    return this.#sessions.decide(this.admit(sequence, changes), changes.attempt ?? 1, this.#logTime).kind
  }

  record(admission: Admission, outcome: Outcome): void {
    const { generation } = admission
    this.#sessions.record(
      admission,
      { kind: 'done', generation, position: this.#positions.get(admission)!, outcome },
      this.#positions.get(admission)!,
    )
  }

  recordMiss(admission: Admission, attempt = 1): void {
    const { generation, request: missed } = admission
    const next = { ...this.#transaction(missed.sequence, { attempt: attempt + 1 }), request: missed }
    this.#sessions.record(admission, { kind: 'retry', generation, next }, this.#positions.get(admission)!)
  }

  finish(sequence: number, changes: Changes = {}): void {
    this.record(this.admit(sequence, changes), committed(sequence))
  }

  miss(sequence: number, changes: Changes = {}): void {
    this.recordMiss(this.admit(sequence, changes), changes.attempt)
  }

  maintain(resolved: Position = this.position): void {
    this.#sessions.maintain(resolved)
  }

  /** The sequences of the requests whose retries are pending. */
  pending(): number[] {
    return [...this.#sessions.pendingRetries].map((next) => next.request!.sequence)
  }

  /** The requests recorded as of now. */
  keys(): string[] {
    const stored = new Map([...this.#store.scan('r')].map(({ key, value }) => [key, value as Uint8Array | undefined]))
    for (const { key, value } of this.#sessions.unflushed()) if (key.startsWith('r')) stored.set(key, value)
    return [...stored].flatMap(([key, value]) => (value === undefined ? [] : [key]))
  }

  async storedAt(position: Position): Promise<string[]> {
    for (const changes of this.#sessions.capture(endOfBatch(Math.floor(position / 4096))))
      await this.#store.advance(changes)
    this.#sessions.flushed()
    return [...this.#store.scan('r')].map(({ key }) => key)
  }

  async reopen(): Promise<void> {
    await this.storedAt(this.position)
    this.#sessions = new Sessions(this.#store, [0], false)
  }

  #transaction(sequence: number, { attempt = 1, ...changes }: Changes): Transaction {
    return toyTransaction(request(sequence, { session: this.#session, ...changes }), [addTo('a')], { attempt })
  }
}

function outcomes(cluster: MemoryCluster): Outcome[] {
  const replies = [...cluster.replies.values()]
  return replies.sort((a, b) => a.position - b.position).map(({ outcome }) => outcome)
}
