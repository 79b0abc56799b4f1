// Processor time that processes have used so far, each with all below it, because servers fork. Read from /proc; where there is
// none, only this process's own is known.

import { existsSync, readFileSync, readdirSync } from 'node:fs'

interface ProcessStat {
  readonly pid: number
  readonly parent: number
  readonly cpuTicks: number
}

const US_PER_TICK = 10_000
const hasProc = existsSync('/proc/self/stat')

/** Microseconds of this process and of the trees below `roots`. */
export function cpuUsOf(roots: readonly number[]): number {
  const { user, system } = process.cpuUsage()
  const others = hasProc && roots.length > 0 ? treesBelow(roots) : []
  return others.reduce((sum, { cpuTicks }) => sum + cpuTicks * US_PER_TICK, user + system)
}

function treesBelow(roots: readonly number[]): readonly ProcessStat[] {
  const stats = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? statOf(Number(name)) : []))
  const parents = new Map(stats.map(({ pid, parent }) => [pid, parent]))
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && (roots.includes(pid) || isBelow(parents.get(pid)))
  return stats.filter(({ pid }) => isBelow(pid))
}

// The name in brackets may hold anything, so fields are counted from its end. Children that were waited for are included.
function statOf(pid: number): readonly ProcessStat[] {
  const text = readIfThere(`/proc/${pid}/stat`)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const field = (number: number): number => Number(fields[number - 3])
  if (fields.length < 20) return []
  return [{ pid, parent: field(4), cpuTicks: field(14) + field(15) + field(16) + field(17) }]
}

// Processes end while they are looked at.
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
