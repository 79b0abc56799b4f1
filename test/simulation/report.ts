// Report: the figures of a campaign on a terminal.

import { faultNames } from './faults/fault-names.ts'
import type { CampaignResult } from './campaign.ts'

/** One line, while a campaign runs. */
export function progressLine({ seeds, seconds, failures, virtualHours, operations }: CampaignResult): string {
  const perMinute = ((seeds / seconds) * 60).toFixed(0)
  const calls = operations.ok + operations.failed + operations.unknown
  return `${seeds} seeds, ${perMinute} a minute, ${virtualHours.toFixed(1)} virtual hours, ${calls} calls, ${failures.length} failed seeds`
}

/** Everything, at the end. */
export function reportOf(result: CampaignResult): string {
  const { operations, faults, undecided, entries, events } = result
  const counted = Object.entries(faults)
  const others = counted.map(([name]) => name).filter((name) => !faultNames.some((known) => known === name))
  const lines = [...faultNames, ...others.toSorted()].map(
    (name) => `  ${String(faults[name] ?? 0).padStart(7)} × ${name}`,
  )
  return [
    'Faults, and what they brought about:',
    ...lines,
    `Calls: ${operations.ok} ok, ${operations.failed} failed, ${operations.unknown} unknown`,
    `${entries} log entries, ${events} events, ${undecided} questions that checkers left undecided`,
    progressLine(result),
  ].join('\n')
}
