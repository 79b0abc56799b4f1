// The determinism guard: handlers get the execution's clock and randomness or an error, everybody else gets the real
// thing, and afterwards everything is as it was.

import { spawn } from 'node:child_process'
import crypto, { randomUUID } from 'node:crypto'
import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { setTimeout as namedSetTimeout } from 'node:timers'
import { describe, expect, test, vi } from 'vitest'
import { Actor, actor, isolate, message } from './index.ts'
import { ActorWorld } from './testing/actor-world.ts'
import { codeOf } from './testing/code-of.ts'

let body: () => unknown = () => undefined

@actor()
class Runner extends Actor {
  @message()
  run(): unknown {
    return body()
  }
}

/** What `code` comes to inside a handler at log time 2,000 ms. */
function inHandler(code: () => unknown): unknown {
  body = code
  const world = new ActorWorld(Runner)
  world.logTime = 2_000_500
  return world.actor(Runner, 'a').run()
}

describe('in a handler', () => {
  test('clocks answer the log time', () => {
    expect(
      inHandler(() => [
        Date.now(),
        new Date().getTime(),
        Date(),
        performance.now(),
        new Date(1234).getTime(),
        new Date(2020, 1).getFullYear(),
        Date.UTC(2020),
        Date.parse('2020-01-01T00:00:00Z'),
        new Date() instanceof Date,
        structuredClone(new Date(5)) instanceof Date,
        Object.prototype.toString.call(new Date()),
        Date.name,
        Date.length,
      ]),
    ).toEqual([
      2000,
      2000,
      new Date(2000).toString(),
      2000,
      1234,
      2020,
      Date.UTC(2020),
      Date.UTC(2020),
      true,
      true,
      '[object Date]',
      'Date',
      7,
    ])
  })

  test('classes that extend Date work', () => {
    expect(
      inHandler(() => {
        class Day extends Date {
          override toString(): string {
            return `day ${this.getTime()}`
          }
        }
        const day = new Day()
        return [String(day), day instanceof Day, day instanceof Date, String(new Day(7))]
      }),
    ).toEqual(['day 2000', true, true, 'day 7'])
  })

  test('randomness is drawn from the execution, the same every time, imported by name or not', () => {
    const draw = (): unknown =>
      inHandler(() => [
        Math.random(),
        globalThis.crypto.randomUUID(),
        [...globalThis.crypto.getRandomValues(new Uint16Array(3))],
        crypto.randomUUID(),
        randomUUID(),
        crypto.randomBytes(4).toString('hex'),
        crypto.randomInt(5, 6),
        crypto.randomInt(10),
      ])
    const first = draw() as unknown[]
    expect(draw()).toEqual(first)
    expect(first[1]).not.toBe(first[3])
    expect(first[6]).toBe(5)
  })

  test.each<[string, () => unknown]>([
    ['setTimeout', () => setTimeout(() => undefined, 0)],
    ['setInterval', () => setInterval(() => undefined, 1)],
    ['setImmediate', () => setImmediate(() => undefined)],
    ['queueMicrotask', () => queueMicrotask(() => undefined)],
    ['process.nextTick', () => process.nextTick(() => undefined)],
    ['process.hrtime', () => process.hrtime()],
    ['process.hrtime', () => process.hrtime.bigint()],
    ['setTimeout', () => namedSetTimeout(() => undefined, 0)],
    ['a callback', () => crypto.randomBytes(1, () => undefined)],
    ['a callback', () => crypto.randomInt(5, () => undefined)],
    ['randomFillSync with a range', () => crypto.randomFillSync(Buffer.alloc(4), 1)],
    ['fetch', () => fetch('http://localhost')],
    ['new Promise', () => new Promise(() => undefined)],
    ['Promise.resolve', () => Promise.resolve(1)],
    ['Promise.all', () => Promise.all([])],
    ['the network', () => net.connect(1)],
    ['the network', () => http.get('http://localhost:1')],
    ['dns.lookup', () => dns.lookup('localhost', () => undefined)],
    ['a child process', () => spawn('true')],
    ['fs.readFileSync', () => readFileSync('/etc/hostname')],
  ])('%s is refused by name, with what to do instead', (what, code) => {
    expect(codeOf(() => inHandler(code))).toBe('HANDLER_NOT_DETERMINISTIC')
    expect(() => inHandler(code)).toThrow(`Runner.run used ${what}, but every replay`)
  })

  test('a promise of elsewhere is still a Promise', () => {
    const promise = Promise.resolve(1)
    expect(inHandler(() => promise instanceof Promise)).toBe(true)
  })
})

describe('between handlers', () => {
  test('everything works as ever, even inside isolate', async () => {
    const before = Date.now()
    const [now, random, resolved, constructed] = isolate(() => [
      Date.now(),
      Math.random(),
      Promise.resolve(5),
      new Promise<number>((resolve) => resolve(6)),
    ])
    expect(now).toBeGreaterThanOrEqual(before)
    expect(random).not.toBe(isolate(() => Math.random()))
    expect(await resolved).toBe(5)
    expect(await constructed).toBe(6)
    expect(isolate(() => process.hrtime.bigint())).toBeTypeOf('bigint')
    expect(isolate(() => new Date(1) instanceof Date)).toBe(true)
    await new Promise((resolve) => isolate(() => setImmediate(resolve)))
    expect(readFileSync('/etc/hostname')).toBeInstanceOf(Buffer)
    expect(randomUUID()).not.toBe(randomUUID())
  })

  test('fake timers that were installed later are what isolate passes on to', () => {
    vi.useFakeTimers({ now: 77 })
    try {
      expect(isolate(() => Date.now())).toBe(77)
      expect(isolate(() => new Date().getTime())).toBe(77)
      expect(inHandler(() => Date.now())).toBe(2000)
      expect(Date.now()).toBe(77)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('isolate', () => {
  const properties: [object, string][] = [
    [globalThis, 'Date'],
    [globalThis, 'Promise'],
    [globalThis, 'setTimeout'],
    [globalThis, 'fetch'],
    [Math, 'random'],
    [Date, 'now'],
    [process, 'nextTick'],
    [process, 'hrtime'],
    [net.Socket.prototype, 'connect'],
  ]
  const look = (): unknown[] => properties.map(([target, name]) => (target as Record<string, unknown>)[name])

  test('restores exactly what was there, also when it throws, also when nested', () => {
    const before = look()
    const descriptors = properties.map(([target, name]) => Object.getOwnPropertyDescriptor(target, name))
    isolate(() => isolate(() => expect(look()).not.toEqual(before)))
    expect(look()).toEqual(before)
    expect(() =>
      isolate(() => {
        isolate(() => 1)
        expect(globalThis.Date).not.toBe(before[0])
        throw new Error('out')
      }),
    ).toThrow('out')
    expect(look()).toEqual(before)
    expect(properties.map(([target, name]) => Object.getOwnPropertyDescriptor(target, name))).toEqual(descriptors)
  })

  test('returns what its body returns', () => {
    expect(isolate(() => 5)).toBe(5)
  })
})
