// The checker for exactly-once: requests that are sent again, to the same or to another worker, and what effects they
// left. Requests are told apart by their ids; a client that sends one again records another operation with the same id.
//
// X1 All definite answers to a request are the same answer.
// X2 A request that was answered ok has its effect exactly once in whatever is read of the effects after that.
// X3 A request with unknown outcomes only has its effect at most once, and once it was seen it stays.
// X4 A request that failed has none, nor has one that nobody has sent yet.

import { describe, type OkOperation, type Operation } from './history.ts'
import { Findings, type Verdict } from './verdict.ts'
import type { RequestsCall, RequestsOperation } from './workloads.ts'

interface Request {
  /** When it was first sent. */
  readonly sentUs: number
  /** The first answers of either kind. */
  ok: OkOperation | undefined
  failed: Operation | undefined
  /** When it was first known to have had its effect, from its answer or from what was read, and by whom. */
  certain: Operation | undefined
}

/** Judges a history of requests and of reads of their effects. */
export function checkRequests(operations: readonly RequestsOperation[]): Verdict {
  const findings = new Findings()
  const requests = new Map<string, Request>()
  for (const operation of operations)
    if (operation.call[0] === 'send') noteAnswer(operation.call[1], operation, requests, findings)
  for (const operation of operations) {
    if (operation.call[0] !== 'effects' || operation.outcome !== 'ok') continue
    checkEffects(operation, requests, findings)
  }
  checkNothingLost(operations, requests, findings)
  return findings.verdict()
}

// X1
function noteAnswer(
  id: string,
  operation: RequestsOperation,
  requests: Map<string, Request>,
  findings: Findings,
): void {
  const request = requests.get(id) ?? {
    sentUs: operation.invokedUs,
    ok: undefined,
    failed: undefined,
    certain: undefined,
  }
  requests.set(id, request)
  if (operation.outcome === 'unknown') return
  const { ok, failed } = request
  if (operation.outcome === 'failed') request.failed ??= operation
  else {
    request.ok ??= operation
    request.certain = earlier(request.certain, operation)
    if (ok !== undefined && canonical(ok.reply) !== canonical(operation.reply))
      findings.anomaly(
        'two-replies',
        () =>
          `request ${id} was answered ${canonical(ok.reply)} to ${describe(ok)} and ${canonical(operation.reply)} to ` +
          describe(operation),
      )
  }
  const contrary = operation.outcome === 'ok' ? failed : ok
  if (contrary !== undefined)
    findings.anomaly(
      'two-outcomes',
      () =>
        `request ${id} was ${contrary.outcome} to ${describe(contrary)} and ${operation.outcome} to ${describe(operation)}`,
    )
}

// X2, X3 and X4, as far as effects are there that should not be.
function checkEffects(
  reading: OkOperation<RequestsCall>,
  requests: ReadonlyMap<string, Request>,
  findings: Findings,
): void {
  const times = new Map<string, number>()
  for (const id of effectsOf(reading)) times.set(id, (times.get(id) ?? 0) + 1)
  for (const [id, count] of times) {
    const request = requests.get(id)
    if (count > 1)
      findings.anomaly('repeated-effect', () => `request ${id} has its effect ${count} times in ${describe(reading)}`)
    if (request === undefined || request.sentUs > reading.completedUs)
      findings.anomaly('phantom-effect', () => `nobody had sent request ${id}, whose effect is in ${describe(reading)}`)
    else if (request.failed !== undefined && request.ok === undefined) {
      const { failed } = request
      findings.anomaly(
        'effect-of-failed',
        () => `request ${id} failed to ${describe(failed)}; its effect is in ${describe(reading)}`,
      )
    }
    if (request !== undefined) request.certain = earlier(request.certain, reading)
  }
}

// X2 and X3, as far as effects are missing: each reading must have all that was certain before it was invoked.
function checkNothingLost(
  operations: readonly RequestsOperation[],
  requests: ReadonlyMap<string, Request>,
  findings: Findings,
): void {
  const certain = [...requests]
    .flatMap(([id, { certain: by }]) => (by === undefined ? [] : [{ id, by }]))
    .sort((a, b) => a.by.completedUs - b.by.completedUs)
  for (const reading of operations) {
    if (reading.call[0] !== 'effects' || reading.outcome !== 'ok') continue
    const effects = new Set(effectsOf(reading))
    for (const { id, by } of certain) {
      if (by.completedUs >= reading.invokedUs) break
      if (!effects.has(id))
        findings.anomaly(
          'lost-effect',
          () => `the effect of request ${id}, certain since ${describe(by)}, is not in ${describe(reading)}`,
        )
    }
  }
}

function effectsOf(reading: OkOperation<RequestsCall>): readonly string[] {
  // The workload's shape was checked when the history was read: `effects` replies a list of ids.
  return reading.reply as readonly string[]
}

function earlier(known: Operation | undefined, operation: Operation): Operation {
  return known !== undefined && known.completedUs <= operation.completedUs ? known : operation
}

// The same text for the same JSON value, whatever the order of its properties.
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}
