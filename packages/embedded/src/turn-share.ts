// TurnShare: lets long work of a process that is busy with other things take its share of the time and no more. It works a
// slice, gives way for one turn of the event loop, and works on. Slices of a fixed size would leave a busy process with work
// that hardly gets on, and with all that is held for it meanwhile: a turn may take a hundred times as long as the slice.

/** Milliseconds of a slice at least: below that, giving way costs more than it gives. */
const SLICE_MS_MIN = 8
/** The part of what the others took in the last turn that the next slice takes. */
const SHARE = 0.25

/** The slices of one piece of work. */
export class TurnShare {
  readonly #now: () => number
  #sliceMs = SLICE_MS_MIN
  #since: number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#since = now()
  }

  /** Whether the slice is used up. */
  get isOver(): boolean {
    return this.#now() - this.#since >= this.#sliceMs
  }

  /** Resolves when the others had their turn: the next slice begins. */
  async giveWay(): Promise<void> {
    const from = this.#now()
    await new Promise((resolve) => setImmediate(resolve))
    this.#since = this.#now()
    this.#sliceMs = Math.max(SLICE_MS_MIN, (this.#since - from) * SHARE)
  }
}
