// ReferenceRun: the reference executes the log of a run, entry by entry, and says what the states were and what the replies
// should have been. Whatever workers came and went, theirs must be the same.

import {
  ByteReader,
  checkpointPartName,
  decodeOutcome,
  openBatch,
  type LogEntry,
  type Sequence,
} from '@streamy-db/core'
import { decodePartition } from '@streamy-db/runtime/testing'
import { inOneLine } from '../../differential/in-one-line.ts'
import { differingEntries } from '../../differential/state-difference.ts'
import { ReferenceExecutor } from '../../reference/reference-executor.ts'
import type { SimulatedCluster, Violation } from '../simulated-cluster.ts'
import { OperationRecords } from './operation-records.ts'
import { outcomeText, type ReplyWitness } from './reply-witness.ts'

const explainedMax = 3

/** The reference's word on one run. */
export class ReferenceRun {
  /** Where operations came to their ends. */
  readonly records = new OperationRecords()
  readonly #cluster: SimulatedCluster
  readonly #reference: ReferenceExecutor
  /** By request, every outcome that it was or would be answered with. */
  readonly #outcomes = new Map<string, Set<string>>()
  /** By name of the object, the state of a partition as of a checkpoint's entry. */
  readonly #states = new Map<string, ReadonlyMap<string, Uint8Array>>()
  #executed: Sequence = 0

  constructor(cluster: SimulatedCluster) {
    const { program, partitions, databaseSeed } = cluster
    this.#cluster = cluster
    this.#reference = new ReferenceExecutor({ program, partitions, seed: databaseSeed, hashes: false })
  }

  /** Executes what is new in the log. */
  catchUp(): this {
    for (const entry of this.#cluster.server.entries.slice(this.#executed)) this.#execute(entry)
    return this
  }

  /** Whether nothing is left to be done: no tell, no timer, no other attempt. */
  get isAtRest(): boolean {
    return this.left.length === 0
  }

  /** What is left to be done, in words. */
  get left(): readonly string[] {
    const pending = this.#reference.pending().map((next) => `attempt ${next.attempt} of ${inOneLine(next)}`)
    const timers = Array.from({ length: this.#cluster.partitions }, (_, partition) => {
      const due = this.#reference.nextDueOf(partition)
      return due === undefined ? [] : [`a timer of partition ${partition} at ${due}`]
    })
    return [...pending, ...timers.flat()]
  }

  /** Nobody was told anything that the log does not say. */
  judgeReplies({ replies }: ReplyWitness): readonly Violation[] {
    const wrong = [...replies.values()].filter(({ request, outcome }) => !this.#outcomes.get(request)?.has(outcome))
    return wrong.slice(0, explainedMax).map(({ request, outcome, position, by }) => ({
      kind: 'wrong reply',
      explanation:
        `${by} answered request ${request} with ${decoded(outcome)} at position ${position}; by the log ` +
        `${[...(this.#outcomes.get(request) ?? ['nothing'])].map(decoded).join(' or ')} is right (${wrong.length} such replies)`,
    }))
  }

  /** Every partition that was ever saved was what it should have been there. */
  async judgeCheckpoints(): Promise<readonly Violation[]> {
    const violations: Violation[] = []
    for (const [name, chunks] of this.#cluster.checkpointObjects) {
      const expected = this.#states.get(name)
      if (expected === undefined) continue
      const difference = await this.#differenceOf(expected, chunks)
      if (difference !== undefined) violations.push({ kind: 'wrong checkpoint', explanation: `${name}: ${difference}` })
    }
    return violations.slice(0, explainedMax)
  }

  #execute(entry: LogEntry): void {
    const { logTime, replies } = this.#reference.execute(entry)
    this.records.note(entry, logTime, replies)
    for (const { request, outcome } of replies) {
      if (request === undefined || request.suffix !== '') continue
      const name = `${request.session}/${request.sequence}`
      this.#outcomes.set(name, (this.#outcomes.get(name) ?? new Set()).add(outcomeText(outcome)))
    }
    this.#executed = entry.sequence
    if (openBatch(entry.bytes).kind !== 'checkpoint') return
    for (let partition = 0; partition < this.#cluster.partitions; partition++)
      this.#states.set(checkpointPartName(entry.sequence, partition), this.#reference.entriesOf(partition))
  }

  async #differenceOf(
    expected: ReadonlyMap<string, Uint8Array>,
    chunks: readonly Uint8Array[],
  ): Promise<string | undefined> {
    const saved = new Map<string, Uint8Array>()
    const { head, changes } = await decodePartition(inTurn(chunks))
    for await (const some of changes) for (const { key, value } of some) if (value !== undefined) saved.set(key, value)
    const differing = differingEntries(saved, expected, head.partition, this.#cluster.program)
    return differing.length === 0 ? undefined : differing.slice(0, explainedMax).join('\n')
  }
}

async function* inTurn(chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* chunks
}

function decoded(outcome: string): string {
  if (outcome === 'nothing') return outcome
  return inOneLine(decodeOutcome(new ByteReader(Buffer.from(outcome, 'base64'))))
}
