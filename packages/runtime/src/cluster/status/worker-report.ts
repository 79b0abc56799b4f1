// What a worker says of itself when an operator asks, and the question. In JSON: it is for people and their tools, rarely
// asked, and grows with releases.

import type { View } from '@streamy-db/core'

/** How one worker stands. */
export interface WorkerReport {
  readonly name: string
  readonly incarnation: string
  readonly databaseId: string
  /** The workers and owners as it last read them. */
  readonly view: View | undefined
  /** Partitions that are its own. */
  readonly owned: number
  /** The last batch of the log that it has scanned, and up to which everything has resolved. */
  readonly scanned: number
  readonly resolved: number
  /** Its engines: more than one while it takes over partitions. */
  readonly replicas: number
  /** Seconds since it started. */
  readonly uptime: number
  /** Things that went wrong since then, by kind. */
  readonly incidents: Readonly<Record<string, number>>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The question: where the answers go. */
export function encodeStatusQuestion(session: string): Uint8Array {
  return encoder.encode(JSON.stringify({ session }))
}

/** The session of a question; undefined for bytes that are none. */
export function decodeStatusQuestion(bytes: Uint8Array): string | undefined {
  const question = parse(bytes) as { readonly session?: unknown } | undefined
  return typeof question?.session === 'string' ? question.session : undefined
}

export function encodeWorkerReport(report: WorkerReport): Uint8Array {
  return encoder.encode(JSON.stringify(report))
}

/** A report; undefined for bytes that are none. */
export function decodeWorkerReport(bytes: Uint8Array): WorkerReport | undefined {
  const report = parse(bytes) as Partial<WorkerReport> | undefined
  // The rest is shown as it is.
  return typeof report?.name === 'string' && typeof report.incarnation === 'string'
    ? (report as WorkerReport)
    : undefined
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    return undefined
  }
}
