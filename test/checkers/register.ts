// The register checker: whether reads, writes and compare-and-sets of registers were linearizable. Linearizability is
// local (M. Herlihy, J. Wing, TOPLAS 12(3), 1990), so each key is judged for itself. What one key's search does is in
// linearization.ts; here is what a register does, and how a failure is explained.

import type { Operation } from './history.ts'
import { linearize, type Limits, type Linearization, type Step } from './linearization.ts'
import { Findings, type Verdict } from './verdict.ts'
import type { RegisterOperation, Value } from './workloads.ts'

const defaultLimits: Limits = { configurationsMax: 200_000, stepsMax: 10_000_000, narrowWidth: 64 }
const shownMax = 20

type Content = Value | null

/** Judges a history of registers, all null at first. */
export function checkRegisters(operations: readonly RegisterOperation[], limits: Limits = defaultLimits): Verdict {
  const findings = new Findings()
  const keys = new Map<string, RegisterOperation[]>()
  for (const operation of operations) {
    const list = keys.get(operation.call[1])
    if (list === undefined) keys.set(operation.call[1], [operation])
    else list.push(operation)
  }
  for (const [key, ofKey] of keys) {
    const result = linearize<RegisterOperation, Content>({ operations: relevant(ofKey), initial: null, apply, limits })
    if (result.kind === 'undecided')
      findings.undecided(
        `register ${key}: the search stopped at ${result.bound} when operation ${result.at.index} completed ` +
          `(${result.at.completedUs} µs)`,
      )
    if (result.kind === 'impossible') findings.anomaly('not-linearizable', () => explain(key, result))
  }
  return findings.verdict()
}

// What failed did not happen, and a read that nobody got an answer to makes no difference. Nor does a write of unknown
// outcome whose value no reply can tell, unless it may have made a compare-and-set miss.
function relevant(operations: readonly RegisterOperation[]): readonly RegisterOperation[] {
  const told = new Set<Content>()
  let missed = false
  for (const { call, outcome, reply } of operations) {
    if (outcome === 'failed') continue
    if (call[0] === 'cas') told.add(call[2])
    if (call[0] === 'cas' && outcome === 'ok' && reply === false) missed = true
    if (call[0] === 'read' && outcome === 'ok') told.add(contentOf(reply))
  }
  return operations.filter(({ call, outcome }) => {
    if (outcome !== 'unknown') return outcome === 'ok'
    if (call[0] === 'read') return false
    return missed || told.has(call[0] === 'write' ? call[2] : call[3])
  })
}

function apply({ call, outcome, reply }: RegisterOperation, content: Content): Step<Content> | undefined {
  if (call[0] === 'read') return content === contentOf(reply) ? { state: content, changes: false } : undefined
  if (call[0] === 'write') return { state: call[2], changes: true }
  const matches = content === call[2]
  if (outcome === 'ok' && matches !== reply) return undefined
  return matches ? { state: call[3], changes: true } : { state: content, changes: false }
}

function contentOf(reply: RegisterOperation['reply']): Content {
  return typeof reply === 'boolean' || reply === undefined ? null : reply
}

function explain(
  key: string,
  result: Extract<Linearization<RegisterOperation, Content>, { kind: 'impossible' }>,
): string {
  const { at, states, concurrent } = result
  const before = states.map((state) => (state === undefined ? '' : JSON.stringify(state))).slice(0, shownMax)
  const window = concurrent.slice(0, shownMax).map((operation) => `  ${inWords(operation)}`)
  const more = concurrent.length > shownMax ? [`  … and ${concurrent.length - shownMax} more`] : []
  return [
    `register ${key}: up to ${at.completedUs} µs the order of completions can be explained, with the register then holding ` +
      `${before.join(' or ')}; from there no order of these operations, which were under way, explains ${inWords(at)}:`,
    ...window,
    ...more,
  ].join('\n')
}

function inWords(operation: RegisterOperation): string {
  const [name, , ...rest] = operation.call
  const reply = operation.outcome === 'ok' ? ` → ${JSON.stringify(operation.reply)}` : ''
  const values = rest.map((value) => ` ${JSON.stringify(value)}`).join('')
  return `${name}${values}${reply}, ${timesOf(operation)}`
}

function timesOf({ index, process, invokedUs, completedUs, outcome }: Operation): string {
  const end = outcome === 'unknown' ? 'unknown' : `${completedUs} µs`
  return `operation ${index} (process ${process}, ${invokedUs} µs to ${end})`
}
