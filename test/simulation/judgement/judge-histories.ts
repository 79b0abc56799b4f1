// What the checkers of histories say of everything that clients recorded.

import { checkHistory, report } from '../../checkers/check-history.ts'
import type { Operation } from '../../checkers/history.ts'
import { requireShape } from '../../checkers/workloads.ts'
import type { Recorder } from '../load/recorder.ts'
import { judged, type JudgedName } from '../load/workloads.ts'
import type { JudgedRun } from './judge-run.ts'

/** Judges each workload's history. */
export function judgeHistories(recorder: Recorder): JudgedRun {
  const verdicts = (Object.keys(judged) as JudgedName[]).map((name) => judgeHistory(name, recorder.operations(name)))
  return {
    violations: verdicts.flatMap(({ violations }) => violations),
    undecided: verdicts.flatMap(({ undecided }) => undecided),
  }
}

function judgeHistory(name: JudgedName, operations: readonly Operation[]): JudgedRun {
  if (!operations.some(({ outcome }) => outcome === 'ok')) return { violations: [], undecided: [] }
  const history = { workload: judged[name], operations }
  requireShape(history.workload, operations)
  const verdict = checkHistory(history)
  if (verdict.result !== 'violated')
    return { violations: [], undecided: verdict.undecided.map((why) => `${name}: ${why}`) }
  return { violations: [{ kind: `history of ${name}`, explanation: report(history, verdict) }], undecided: [] }
}
