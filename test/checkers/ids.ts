// The checker for get-next-id: ids of a sequence start at 1 and are given out in ascending order, each once, none lost.
//
// I1 No id is given out twice.
// I2 Whoever asks after another was answered gets a higher id; whoever asks for the last id gets no lower one.
// I3 An id that nobody got was drawn by an operation with an unknown outcome, by each at most one, and one that was
//    invoked early enough: it is higher than all ids that were answered before that operation was invoked.

import { describe, type OkOperation } from './history.ts'
import { Findings, type Verdict } from './verdict.ts'
import type { IdsCall, IdsOperation } from './workloads.ts'

type Answered = OkOperation<IdsCall, number>

/** Judges a history of sequences. */
export function checkIds(operations: readonly IdsOperation[]): Verdict {
  const findings = new Findings()
  const sequences = new Map<string, IdsOperation[]>()
  for (const operation of operations) {
    const list = sequences.get(operation.call[1])
    if (list === undefined) sequences.set(operation.call[1], [operation])
    else list.push(operation)
  }
  for (const [sequence, ofSequence] of sequences) checkSequence(sequence, ofSequence, findings)
  return findings.verdict()
}

function checkSequence(sequence: string, operations: readonly IdsOperation[], findings: Findings): void {
  const answered = operations.filter((operation) => operation.outcome === 'ok')
  const drawn = new Map<number, Answered>()
  for (const operation of answered) {
    if (!isPossible(operation)) {
      findings.anomaly('impossible-id', () => `${describe(operation)} was answered ${operation.reply} by ${sequence}`)
      continue
    }
    if (operation.call[0] === 'last') continue
    const other = drawn.get(operation.reply)
    if (other !== undefined)
      findings.anomaly(
        'duplicate-id',
        () =>
          `id ${operation.reply} of ${sequence} was given out twice, by ${describe(other)} and ${describe(operation)}`,
      )
    drawn.set(operation.reply, operation)
  }
  checkGaps(sequence, drawn, checkRealTime(sequence, operations, answered, findings), answered, findings)
}

function isPossible({ call, reply }: Answered): boolean {
  return Number.isSafeInteger(reply) && reply >= (call[0] === 'next' ? 1 : 0)
}

// I2, by a sweep over invocations. Answers for each operation of unknown outcome that may have drawn an id the highest id
// that was answered before it was invoked.
function checkRealTime(
  sequence: string,
  operations: readonly IdsOperation[],
  answered: readonly Answered[],
  findings: Findings,
): readonly number[] {
  const completed = answered.toSorted((a, b) => a.completedUs - b.completedUs)
  const floors: number[] = []
  let next = 0
  let highest: Answered | undefined
  for (const operation of operations) {
    for (; next < completed.length && completed[next]!.completedUs < operation.invokedUs; next++)
      if (highest === undefined || completed[next]!.reply > highest.reply) highest = completed[next]!
    const before = highest
    if (operation.outcome === 'unknown' && operation.call[0] === 'next') floors.push(before?.reply ?? 0)
    if (operation.outcome !== 'ok' || before === undefined) continue
    const late = operation.call[0] === 'next' ? operation.reply > before.reply : operation.reply >= before.reply
    if (late) continue
    const kind = operation.call[0] === 'next' ? 'id-against-real-time' : 'lost-id'
    findings.anomaly(
      kind,
      () =>
        `${sequence} answered ${before.reply} to ${describe(before)}, and after that ${operation.reply} to ` +
        `${operation.call[0]}, ${describe(operation)}`,
    )
  }
  return floors
}

// I3. Gaps in ascending order against floors in ascending order: the n-th gap needs n operations whose floors are below.
// That is Hall's condition, for sets that contain each other.
function checkGaps(
  sequence: string,
  drawn: ReadonlyMap<number, Answered>,
  floors: readonly number[],
  answered: readonly Answered[],
  findings: Findings,
): void {
  const ascending = floors.toSorted((a, b) => a - b)
  const given = [...drawn.keys()].toSorted((a, b) => a - b)
  const highest = answered.reduce(
    (most, operation) => (isPossible(operation) ? Math.max(most, operation.reply) : most),
    0,
  )
  let [able, gaps, expected] = [0, 0, 1]
  for (const id of [...given, highest + 1]) {
    for (; expected < id; expected++) {
      while (able < ascending.length && ascending[able]! < expected) able++
      if (++gaps <= able) continue
      findings.anomaly(
        'unexplained-gap',
        () =>
          `id ${expected} of ${sequence} was given to nobody, and of ${gaps} missing ids up to it, unknown outcomes ` +
          `explain ${able}`,
      )
      return
    }
    expected = Math.max(expected, id + 1)
  }
}
