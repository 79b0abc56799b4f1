// RecordFetcher: gets the record of an actor as of a position for a query that reached beyond its worker's partitions.

import {
  decodeActorRecord,
  partitionOf,
  StreamyError,
  type ActorRecord,
  type ActorRef,
  type MessageBus,
  type Position,
  type Program,
} from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import type { Ending } from '../ending.ts'
import type { Patience } from '../patience.ts'
import { addresses } from '../protocol/addresses.ts'
import { decodeClientMessage } from '../protocol/client-message.ts'
import type { Intake } from '../protocol/intake.ts'
import { encodeQuestion } from '../protocol/question.ts'
import { Questions } from '../questions.ts'
import type { FrontDeskHost } from './front-desk-host.ts'
import { frontDeskLimits } from './front-desk-limits.ts'

/** What a fetcher works with. */
export interface RecordFetcherOptions {
  readonly host: FrontDeskHost
  readonly bus: MessageBus
  readonly clock: Clock
  readonly intake: Intake
  readonly program: Program
  /** Where the answers go; no client's, no other worker's. */
  readonly session: string
  readonly patience: Patience
}

type Fetched = { readonly bytes: Uint8Array | undefined } | 'gone'

/** Fetches records from their owners. */
export class RecordFetcher {
  readonly #options: RecordFetcherOptions
  readonly #questions: Questions<Fetched>
  readonly #unlisten: () => void

  constructor(options: RecordFetcherOptions) {
    const { host, intake, session } = options
    this.#options = options
    this.#questions = new Questions(options)
    this.#unlisten = intake.listen(addresses.reply(host.databaseId, session), decodeClientMessage, (message) => {
      if (message.kind === 'record') this.#questions.answer(message.id, { bytes: message.bytes })
      else if (message.kind === 'snapshotGone') this.#questions.answer(message.id, 'gone')
    })
  }

  /** The record as of `at`; `gone` when it cannot be read any more. Rejects with DEADLINE_EXCEEDED. */
  async fetch(
    ref: ActorRef,
    at: Position,
    ending: Ending,
  ): Promise<{ readonly record: ActorRecord | undefined } | 'gone'> {
    const fetched = (await this.#own(ref, at, ending)) ?? (await this.#ask(ref, at))
    if (fetched === 'gone') return 'gone'
    const { bytes } = fetched
    return { record: bytes === undefined ? undefined : decodeActorRecord(this.#options.program, ref, bytes) }
  }

  /** Gives up what is being fetched. */
  close(error: Error): void {
    this.#unlisten()
    this.#questions.fail(error)
  }

  async #own(ref: ActorRef, at: Position, ending: Ending): Promise<Fetched | undefined> {
    const { host } = this.#options
    const partition = partitionOf(ref, host.partitions)
    if (host.current(partition) === undefined) return undefined
    return (await host.reader(partition, at, ending))?.record(ref, at)
  }

  #ask(ref: ActorRef, at: Position): Promise<Fetched> {
    const { host, clock, session } = this.#options
    return this.#questions.ask({
      address: addresses.record(host.databaseId, partitionOf(ref, host.partitions)),
      encode: (id) => encodeQuestion({ kind: 'record', session, id, ref, at }),
      deadline: clock.now() + frontDeskLimits.recordWaitUs,
      onDeadline: () =>
        new StreamyError('DEADLINE_EXCEEDED', `No worker answered with the record of ${ref.id} as of ${at}.`),
    })
  }
}
