// ContestantProcess: a contestant with its client in a process of its own, as a user's would be. What the client of one
// system leaves compiled, polymorphic or on the heap costs no other anything. It is told what to measure and answers with
// figures; it measures by itself, so nothing of what passes between the processes is in them.

import { Companion } from './companion.ts'
import type { Load, Measurement } from './closed-loop.ts'
import type { Arrivals, OpenMeasurement } from './open-loop.ts'
import type { SpecName } from './spec-names.ts'
import { Unsupported, type Port } from './systems/system.ts'
import type { ContestantName } from './systems/system-names.ts'
import { CheckFailed, type CheckResult } from './workloads/workload.ts'

/** What a contestant's process may be asked, in this order: what takes a workload takes the one that was opened last. */
export interface ContestantQuestions {
  start(input: StartInput): Promise<Introduction>
  open(name: SpecName): Promise<OpenedWorkload>
  measure(load: Load): Promise<Measurement>
  measureOpen(arrivals: Arrivals): Promise<OpenMeasurement>
  profile(load: Load): Promise<readonly string[]>
  check(): Promise<CheckResult>
  /** Ends it in good order. */
  close(): Promise<void>
}

/** Which contestant. */
export interface StartInput<Name extends ContestantName = ContestantName> {
  readonly name: Name
  readonly directory: string
}

/** What a contestant is. */
export interface Introduction {
  readonly title: string
  readonly durability: string
}

/** A workload that it can do. */
export interface OpenedWorkload extends Port {
  readonly title: string
}

/** A question on its way to the process. */
export interface Question<Name extends keyof ContestantQuestions = keyof ContestantQuestions> {
  readonly name: Name
  readonly input: Parameters<ContestantQuestions[Name]>[0]
}

/** An answer on its way back. */
export type Answer = { readonly result: unknown } | { readonly failure: Failure }

/** Why there is none. */
export interface Failure {
  readonly kind: 'unsupported' | 'wrong' | 'broken'
  /** Of the workload, where the answers were wrong. */
  readonly title: string
  readonly message: string
}

const hostModule = new URL('./companions/contestant-host.js', import.meta.url)

/** One that was started. */
export class ContestantProcess<Name extends ContestantName = ContestantName> implements Introduction {
  readonly name: Name
  readonly title: string
  readonly durability: string
  readonly #companion: Companion<object>

  private constructor(name: Name, companion: Companion<object>, { title, durability }: Introduction) {
    this.name = name
    this.title = title
    this.durability = durability
    this.#companion = companion
  }

  /** Rejects with the reason why it cannot be started. */
  static async start<Name extends ContestantName>(input: StartInput<Name>): Promise<ContestantProcess<Name>> {
    const companion = await Companion.start<object>(hostModule, undefined)
    try {
      return new ContestantProcess(input.name, companion, await ask(companion, 'start', input))
    } catch (error) {
      await companion.stop()
      throw error
    }
  }

  /** Loads a workload. Rejects with `Unsupported` where it cannot do it. */
  open(name: SpecName): Promise<OpenedWorkload> {
    return ask(this.#companion, 'open', name)
  }

  /** A closed loop; processor time is that of the client and of all servers. */
  measure(load: Load): Promise<Measurement> {
    return ask(this.#companion, 'measure', load)
  }

  /** An open loop. */
  measureOpen(arrivals: Arrivals): Promise<OpenMeasurement> {
    return ask(this.#companion, 'measureOpen', arrivals)
  }

  /** Where its client spends its time in a closed loop, measured apart because that slows it down: lines of a summary. */
  profile(load: Load): Promise<readonly string[]> {
    return ask(this.#companion, 'profile', load)
  }

  /** Rejects with `CheckFailed` when what is stored is not what was answered. */
  check(): Promise<CheckResult> {
    return ask(this.#companion, 'check', undefined)
  }

  async close(): Promise<void> {
    try {
      await ask(this.#companion, 'close', undefined)
    } finally {
      await this.#companion.stop()
    }
  }
}

async function ask<Name extends keyof ContestantQuestions>(
  companion: Companion<object>,
  name: Name,
  input: Question<Name>['input'],
): Promise<Awaited<ReturnType<ContestantQuestions[Name]>>> {
  const question: Question<Name> = { name, input }
  // The host answers with what the question of that name resolves with.
  const answer = (await companion.ask(question)) as
    | { readonly result: Awaited<ReturnType<ContestantQuestions[Name]>> }
    | { readonly failure: Failure }
  if ('result' in answer) return answer.result
  throw errorOf(answer.failure)
}

function errorOf({ kind, title, message }: Failure): Error {
  if (kind === 'wrong') return new CheckFailed(title, message)
  return kind === 'unsupported' ? new Unsupported(message) : new Error(message)
}
