// IncidentReporter: hands incidents on, but says only once what every call of a handler would say again.

import { limits } from '@streamy-db/core'
import type { Incident } from '@streamy-db/core'

/** Reports to one listener. */
export class IncidentReporter {
  readonly #listener: (incident: Incident) => void
  readonly #said = new Set<string>()

  constructor(listener: (incident: Incident) => void) {
    this.#listener = listener
  }

  /** Hands an incident on, unless it is about a handler that was complained about before. */
  report(incident: Incident): void {
    const { kind, handler } = incident
    if (handler !== undefined) {
      const name = `${kind} ${handler}`
      if (this.#said.has(name)) return
      if (this.#said.size < limits.handlersReportedMax) this.#said.add(name)
    }
    this.#listener(incident)
  }
}
