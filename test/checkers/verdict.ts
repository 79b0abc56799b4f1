// Verdicts: what every checker answers, and the list on which it gathers what it found. A verdict claims a violation only
// where one is proven, and validity only where everything was looked at; what lies between is undecided, with its reason.

/** One thing that cannot have happened if the promise holds. */
export interface Anomaly {
  /** The name the literature gives it, or ours: `G-single-realtime`, `lost-append`. */
  readonly kind: string
  /** In words, with the operations that prove it. */
  readonly explanation: string
}

/** What a checker says of a history. */
export interface Verdict {
  readonly result: 'valid' | 'violated' | 'undecided'
  /** The first of each kind, at most `explainedMax`. */
  readonly anomalies: readonly Anomaly[]
  /** How many there are of each kind, the ones that are not explained included. */
  readonly counts: ReadonlyMap<string, number>
  /** What could not be decided, and which bound stopped the checker. */
  readonly undecided: readonly string[]
}

/** A broken history has the same anomaly thousands of times; as many of each kind are explained. */
const explainedMax = 5

/** What a checker has found so far. */
export class Findings {
  readonly #anomalies: Anomaly[] = []
  readonly #counts = new Map<string, number>()
  readonly #undecided: string[] = []

  /** Notes an anomaly; `explain` is called only when its words are wanted. */
  anomaly(kind: string, explain: () => string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, count)
    if (count <= explainedMax) this.#anomalies.push({ kind, explanation: explain() })
  }

  /** Notes that something could not be decided. */
  undecided(reason: string): void {
    this.#undecided.push(reason)
  }

  verdict(): Verdict {
    return verdictOf(this.#anomalies, this.#counts, this.#undecided)
  }
}

/** One verdict out of several on the same history: violated if any is, valid only if all are. */
export function combine(verdicts: readonly Verdict[]): Verdict {
  const counts = new Map<string, number>()
  for (const verdict of verdicts)
    for (const [kind, count] of verdict.counts) counts.set(kind, (counts.get(kind) ?? 0) + count)
  return verdictOf(
    verdicts.flatMap(({ anomalies }) => anomalies),
    counts,
    verdicts.flatMap(({ undecided }) => undecided),
  )
}

function verdictOf(
  anomalies: readonly Anomaly[],
  counts: ReadonlyMap<string, number>,
  undecided: readonly string[],
): Verdict {
  const otherwise = undecided.length > 0 ? 'undecided' : 'valid'
  return { result: anomalies.length > 0 ? 'violated' : otherwise, anomalies, counts, undecided }
}
