// The live board: one line each second that says how the cluster does, with what happens in between. Colours only where a
// person looks on.

import type { Fleet, ReportedView } from '@streamy-db/system-tests/testing'

const colours = [36, 33, 35, 32, 34, 31]
const header = 'time   calls/s     p50     p99   errors   who owns each partition'

/** Prints how a fleet does. */
export class LiveBoard {
  readonly #fleet: Fleet
  readonly #startedAt = performance.now()
  readonly #inColour = process.stdout.isTTY
  #completed: number
  #printing: NodeJS.Timeout | undefined

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.#completed = fleet.completed
    fleet.takeLatencies()
  }

  /** Seconds since the board was made. */
  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }

  start(): void {
    console.log(`\n${this.#paint(header, 2)}`)
    this.#printing = setInterval(() => this.#printLine(), 1000)
  }

  stop(): void {
    clearInterval(this.#printing)
  }

  /** Says what happens now. */
  announce(what: string): void {
    console.log(`${this.#time()}  ${this.#paint(what, 1)}`)
  }

  #printLine(): void {
    const fleet = this.#fleet
    const rate = fleet.completed - this.#completed
    this.#completed = fleet.completed
    const latencies = [...fleet.takeLatencies()].sort((a, b) => a - b)
    const errors = String(fleet.errors.length).padStart(6)
    console.log(
      [
        this.#time(),
        rate.toLocaleString('en').padStart(7),
        inMilliseconds(latencies, 0.5).padStart(8),
        inMilliseconds(latencies, 0.99).padStart(8),
        fleet.errors.length > 0 ? this.#paint(errors, 31) : errors,
        `  ${this.#owners(fleet.view)}`,
      ].join(' '),
    )
  }

  #time(): string {
    return `${this.seconds.toFixed(0).padStart(3)} s`
  }

  // One sign a partition: the number of its owner. And what it comes to.
  #owners({ members, owners }: ReportedView): string {
    const signs = owners.map((owner) => (owner === null ? '·' : this.#paint(numberOf(owner), this.#colourOf(owner))))
    const counts = [...members]
      .sort((a, b) => a.name.localeCompare(b.name))
      .map(({ name, phase }) => {
        const count = owners.filter((owner) => owner === name).length
        return `${this.#paint(name, this.#colourOf(name))} ${phase === 'ready' ? count : `${count} (${phase})`}`
      })
    return `${signs.join('')}  ${counts.join(', ')}`
  }

  #colourOf(worker: string): number {
    return colours[(Number(numberOf(worker)) - 1) % colours.length] ?? 0
  }

  #paint(text: string, code: number): string {
    return this.#inColour ? `\u001B[${code}m${text}\u001B[0m` : text
  }
}

function numberOf(worker: string): string {
  return worker.replace(/\D/g, '')
}

function inMilliseconds(sorted: readonly number[], quantile: number): string {
  const us = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))]
  if (us === undefined) return '–'
  return us < 10_000 ? `${(us / 1000).toFixed(1)} ms` : `${Math.round(us / 1000)} ms`
}
