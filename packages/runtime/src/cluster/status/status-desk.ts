// StatusDesk: where a worker answers operators who ask how it stands.

import type { Incident, MessageBus } from '@streamy-db/core'
import { addresses, isSession } from '../protocol/addresses.ts'
import { decodeStatusQuestion, encodeWorkerReport } from './worker-report.ts'
import type { WorkerReport } from './worker-report.ts'

/** Answers for one worker. */
export class StatusDesk {
  readonly #incidents: Record<string, number> = {}
  readonly #unlisten: () => void

  /** `report` is asked for everything but the incidents. */
  constructor(bus: MessageBus, databaseId: string, report: () => Omit<WorkerReport, 'incidents'>) {
    this.#unlisten = bus.listen(addresses.status(databaseId), (bytes) => {
      const session = decodeStatusQuestion(bytes)
      if (session === undefined || !isSession(session)) return
      bus.send(addresses.reply(databaseId, session), encodeWorkerReport({ ...report(), incidents: this.#incidents }))
    })
  }

  /** Counts an incident. */
  count({ kind }: Incident): void {
    this.#incidents[kind] = (this.#incidents[kind] ?? 0) + 1
  }

  close(): void {
    this.#unlisten()
  }
}
