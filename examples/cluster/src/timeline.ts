// The timeline: what was done to the cluster and when it was whole again, by the clock of the histories, so that what
// callers saw can be told apart by what was done.

import { historyNowUs, type Completions, type Stretch } from '@streamy-db/system-tests/testing'

/** Something that was done, and what callers saw from then to the next. */
export interface EventEffect {
  readonly name: string
  /** What the gap should stay below; undefined where nothing is promised. */
  readonly goalMs: number | undefined
  readonly stretch: Stretch
  /** From what was done to the cluster being whole again. */
  readonly settledUs: number | undefined
}

interface TimelineEvent {
  readonly name: string
  readonly goalMs: number | undefined
  readonly atUs: number
  settledAtUs: number | undefined
}

/** Notes what is done. */
export class Timeline {
  readonly #events: TimelineEvent[] = []

  /** Something is done now; what callers see from now on is its effect, until the next is. */
  begin(name: string, goalMs?: number): void {
    this.#events.push({ name, goalMs, atUs: historyNowUs(), settledAtUs: undefined })
  }

  /** The cluster is whole again. */
  settled(): void {
    const event = this.#events.at(-1)
    if (event !== undefined) event.settledAtUs = historyNowUs()
  }

  /** What callers saw of each. */
  effects(completions: Completions): readonly EventEffect[] {
    return this.#events.slice(0, -1).map(({ name, goalMs, atUs, settledAtUs }, index) => ({
      name,
      goalMs,
      stretch: completions.between(atUs, this.#events[index + 1]!.atUs),
      settledUs: settledAtUs === undefined ? undefined : settledAtUs - atUs,
    }))
  }
}
