// SimulatedProcess: one process of a simulated cluster, from its start to its end. Everything that reaches it, alarms,
// messages and answers, comes through here: nothing reaches one that is paused before it goes on, and nothing ever one that
// is dead. What runs in it is the real code; that of a dead one may go on for the rest of its turn, unheard.

import type { Dice } from '../../differential/dice.ts'
import type { Schedule } from './schedule.ts'
import type { Trace } from './trace.ts'

/** What a process is about to do, or has just done, at which it may be made to crash. */
export type CrashPoint =
  | 'before an append'
  | 'after an append'
  | 'before a flush'
  | 'after a flush'
  | 'before a checkpoint part'
  | 'after a checkpoint part'
  | 'before a manifest'
  | 'after a manifest'
  | 'before a trim'
  | 'after a message'
  | 'after a reply'

/** What all processes share. */
export interface Ground {
  readonly schedule: Schedule
  readonly trace: Trace
  readonly dice: Dice
}

/** A machine's clock goes on whatever becomes of its processes. */
export interface Machine {
  readonly name: string
  /** How far its clock is ahead of the true time. */
  clockOffsetUs: number
}

/** One process. */
export class SimulatedProcess {
  readonly machine: Machine
  readonly ground: Ground
  #state: 'running' | 'paused' | 'dead' = 'running'
  #held: (() => void)[] = []
  #crashAt: { readonly point: CrashPoint; readonly crash: () => void } | undefined

  constructor(machine: Machine, ground: Ground) {
    this.machine = machine
    this.ground = ground
  }

  get name(): string {
    return this.machine.name
  }

  get isDead(): boolean {
    return this.#state === 'dead'
  }

  get isPaused(): boolean {
    return this.#state === 'paused'
  }

  /** Something reaches the process: now, when it goes on, or never. */
  run(work: () => void): void {
    if (this.#state === 'running') work()
    else if (this.#state === 'paused') this.#held.push(work)
  }

  /** Something reaches it after a time; the returned function takes it back. */
  after(delayUs: number, work: () => void): () => void {
    let taken = false
    const cancel = this.ground.schedule.after(delayUs, () => this.run(() => (taken ? undefined : work())))
    return () => {
      taken = true
      cancel()
    }
  }

  wait(delayUs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayUs, resolve))
  }

  /** Nothing reaches it until it goes on. */
  pause(): void {
    if (this.#state === 'running') this.#state = 'paused'
  }

  /** What has come meanwhile reaches it at once, in order. */
  goOn(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    for (const work of this.#held.splice(0)) this.ground.schedule.after(0, () => this.run(work))
  }

  kill(): void {
    this.#state = 'dead'
    this.#held = []
    this.#crashAt = undefined
  }

  /** Lets `crash` happen when the process comes to a point the next time. */
  crashAt(point: CrashPoint, crash: () => void): void {
    this.#crashAt = { point, crash }
  }

  /** It has come to a point; true when it has crashed there. */
  reaches(point: CrashPoint): boolean {
    if (this.#crashAt?.point === point) {
      const { crash } = this.#crashAt
      this.#crashAt = undefined
      this.ground.trace.note(`${this.name} crashes ${point}`)
      crash()
    }
    return this.isDead
  }
}

/** What is awaited by a dead process. */
export const never: Promise<never> = new Promise<never>(() => {})
