// YCSB: records are read, written whole, or read and modified in one transaction, keys drawn by Zipf's law. Whatever is read
// must be a record of its key; at the end every record is, and their modifications add up to those that were answered.

import { belongsTo, modifications, recordValue } from '../systems/record-value.ts'
import type { Records } from '../systems/system.ts'
import { whole } from '../table.ts'
import { seededRandom } from '../seeded-random.ts'
import { zipfSampler } from '../zipf.ts'
import { inGroups } from './in-groups.ts'
import { CheckFailed, passed, type CheckResult, type Workload } from './workload.ts'

/** How a workload of YCSB divides its calls; the rest are reads. */
export interface RecordMix {
  readonly writes: number
  readonly modifications: number
}

type Operation = 'read' | 'write' | 'modify'

const PICKS = 2 ** 16

/** Keys of so many records, with what each starts with. */
export function initialRecords(prefix: string, count: number): readonly (readonly [key: string, value: string])[] {
  return Array.from({ length: count }, (_, index) => [`${prefix}${index}`, recordValue(`${prefix}${index}`, index)])
}

/** Works on records that have been loaded. */
export class RecordCalls implements Workload {
  readonly title: string
  readonly #records: Records
  readonly #keys: readonly string[]
  readonly #picks: readonly (readonly [Operation, string])[]
  #next = 0
  #calls = 0
  #modifications = 0

  constructor(records: Records, title: string, keys: readonly string[], mix: RecordMix, zipfExponent: number) {
    this.#records = records
    this.title = title
    this.#keys = keys
    const random = seededRandom(keys.length)
    const sample = zipfSampler(keys.length, zipfExponent, random)
    this.#picks = Array.from({ length: PICKS }, () => [operationAt(random(), mix), keys[sample()]!])
  }

  pick(): number {
    return this.#next++ % PICKS
  }

  call(pick: number): Promise<unknown> {
    const [operation, key] = this.#picks[pick]!
    switch (operation) {
      case 'read':
        return this.#records.read(key)
      case 'write':
        return this.#records.write(key, recordValue(key, pick))
      case 'modify':
        return this.#records.modify(key)
      default:
        throw new Error(`There is no operation ${String(operation satisfies never)}.`)
    }
  }

  accept(pick: number, reply: unknown): void {
    const [operation, key] = this.#picks[pick]!
    this.#calls += 1
    if (operation === 'modify') this.#modifications += 1
    if (operation === 'read') this.#expectRecord(key, reply)
  }

  async check(): Promise<CheckResult> {
    let found = 0
    await inGroups(
      this.#keys.length,
      (index) => this.#records.read(this.#keys[index]!),
      (value, index) => (found += modifications(this.#expectRecord(this.#keys[index]!, value))),
    )
    const summary = `${whole(this.#calls)} calls; ${whole(this.#keys.length)} records of their keys, modified ${whole(found)} times`
    return passed(this.title, { calls: this.#calls, found, expected: this.#modifications, summary })
  }

  #expectRecord(key: string, value: unknown): string {
    if (typeof value === 'string' && belongsTo(value, key)) return value
    throw new CheckFailed(this.title, `${key} holds ${String(value).slice(0, 40)}, which is none of its records`)
  }
}

function operationAt(point: number, { writes, modifications: modifies }: RecordMix): Operation {
  if (point < writes) return 'write'
  return point < writes + modifies ? 'modify' : 'read'
}
