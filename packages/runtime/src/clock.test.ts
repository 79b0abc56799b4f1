// The machine's clock when the machine is set: found by seed 10 of the simulation, where workers slept for hours.

import { expect, test } from 'vitest'
import { clockOf } from './clock.ts'

class Machine {
  setUs = 1_700_000_000_000_000
  steadyUs = 5
  #waiting: { readonly at: number; readonly wake: () => void }[] = []

  readonly clock = clockOf({
    wall: () => this.setUs,
    steady: () => this.steadyUs,
    after: (delayUs, wake) => {
      const waiting = { at: this.steadyUs + delayUs, wake }
      this.#waiting.push(waiting)
      return () => (this.#waiting = this.#waiting.filter((other) => other !== waiting))
    },
  })

  pass(us: number): void {
    this.setUs += us
    this.steadyUs += us
    const due = this.#waiting.filter(({ at }) => at <= this.steadyUs)
    this.#waiting = this.#waiting.filter(({ at }) => at > this.steadyUs)
    for (const { wake } of due) wake()
  }
}

const HOUR = 3_600_000_000

test('tells the time of the machine', () => {
  const { clock, setUs } = new Machine()
  expect(clock.now()).toBe(setUs)
})

test('goes on when the machine is set back, and no alarm is late', () => {
  const machine = new Machine()
  const { clock } = machine
  const start = clock.now()
  let woken = 0
  clock.alarm(start + 1000, () => woken++)
  machine.setUs -= HOUR
  machine.pass(999)
  expect([clock.now(), woken]).toEqual([start + 999, 0])
  machine.pass(1)
  expect([clock.now(), woken]).toEqual([start + 1000, 1])
})

test('follows when the machine is set forward; alarms come no later than they would have', () => {
  const machine = new Machine()
  const { clock } = machine
  const start = clock.now()
  let woken = 0
  clock.alarm(start + 1000, () => woken++)
  machine.setUs += HOUR
  expect(clock.now()).toBe(start + HOUR)
  machine.pass(1000)
  expect(woken).toBe(1)
})

test('an alarm that is taken back does not come', () => {
  const machine = new Machine()
  let woken = 0
  machine.clock.alarm(machine.clock.now() + 1000, () => woken++)()
  machine.pass(5000)
  expect(woken).toBe(0)
})

test('an alarm at a fraction of a microsecond comes after it', () => {
  const machine = new Machine()
  const at = machine.clock.now() + 10.5
  let woken = 0
  machine.clock.alarm(at, () => woken++)
  for (let passed = 0; passed < 11; passed++) machine.pass(1)
  expect(woken).toBe(1)
})
