// Metrics of one gateway, for Prometheus. Each gateway has a registry of its own, so that several fit one process.

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** What metrics ask when they are looked at. */
export interface MetricSources {
  readonly connections: () => number
  readonly streams: () => number
  readonly position: () => number
}

// Seconds. A local read takes tenths of a millisecond; a deadline is half a minute.
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Counts what a gateway does. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #durations: Histogram<'method' | 'route' | 'status'>
  readonly #refusals: Counter<'code'>
  #inFlight = 0

  constructor(sources: MetricSources) {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    this.#durations = new Histogram({
      name: 'streamy_http_request_duration_seconds',
      help: 'Time from a request to its response, or to the beginning of a stream.',
      labelNames: ['method', 'route', 'status'],
      buckets,
      registers,
    })
    this.#refusals = new Counter({
      name: 'streamy_http_problems_total',
      help: 'Requests answered with a problem, by its code.',
      labelNames: ['code'],
      registers,
    })
    const gauges: readonly [name: string, help: string, value: () => number][] = [
      ['streamy_http_requests_in_flight', 'Requests without an answer.', () => this.#inFlight],
      ['streamy_http_connections', 'Open connections.', sources.connections],
      ['streamy_http_streams', 'Open streams: events, watches, long lists.', sources.streams],
      ['streamy_position', 'Position of the last thing that this server has seen.', sources.position],
    ]
    for (const [name, help, value] of gauges) this.#registry.registerMetric(gaugeOf(name, help, value))
  }

  /** Requests without an answer. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** A request has come. */
  begin(): void {
    this.#inFlight += 1
  }

  /** A request was answered. */
  end(labels: { readonly method: string; readonly route: string; readonly status: number }, seconds: number): void {
    this.#inFlight -= 1
    this.#durations.observe(labels, seconds)
  }

  /** A request was refused with a code. */
  refused(code: string): void {
    this.#refusals.inc({ code })
  }

  /** What Prometheus reads. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() }
  }
}

// Asks for its value when it is looked at.
function gaugeOf(name: string, help: string, value: () => number): Gauge {
  return new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(value())
    },
  })
}
