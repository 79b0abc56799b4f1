// Where this process spends its time: V8's sampling profiler around a suite, and its functions by the time in themselves. Not the
// servers' processes, and not what native threads do; a function that was compiled into its caller counts as its caller.

import { Session, type Profiler } from 'node:inspector/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tableLines } from './table.ts'

const SAMPLE_EVERY_US = 500
const FUNCTIONS = 25

/** A profile that is being taken. */
export class Profile {
  readonly #session: Session

  private constructor(session: Session) {
    this.#session = session
  }

  static async start(): Promise<Profile> {
    const session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US })
    await session.post('Profiler.start')
    return new Profile(session)
  }

  /** Resolves with the lines of a summary. */
  async stop(): Promise<readonly string[]> {
    const { profile } = await this.#session.post('Profiler.stop')
    this.#session.disconnect()
    return summaryLines(profile)
  }
}

/** The functions with the most time in themselves. */
export function summaryLines({ nodes, samples = [] }: Profiler.Profile): readonly string[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const counts = new Map<string, number>()
  for (const sample of samples) {
    const name = names.get(sample) ?? '?'
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const idle = counts.get('(idle)') ?? 0
  counts.delete('(idle)')
  const busy = samples.length - idle
  const share = (count: number, of: number): string => `${((100 * count) / Math.max(1, of)).toFixed(1)} %`
  const rows = [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, FUNCTIONS)
    .map(([name, count]) => [name, share(count, busy)])
  return [
    `PROFILE  of the time that this process was not idle, which was ${share(busy, samples.length)}`,
    ...tableLines(['function', 'self'], rows),
  ]
}

function nameOf({ functionName, url, lineNumber }: Profiler.Profile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  return `${name}  ${basename(url.startsWith('file:') ? fileURLToPath(url) : url)}:${lineNumber + 1}`
}
