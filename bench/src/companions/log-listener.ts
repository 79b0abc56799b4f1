// A process that is sent every entry of every log on a server and sends an answer for each, without a look at it: what no worker
// can do without, whatever it owns.

import { connect } from 'nats'
import { serveCompanion, type Served } from '../companion.ts'

/** What it is told. */
export interface LogListenerInput {
  readonly servers: string
}

/** What it has seen. */
export interface LogListenerStatus {
  readonly entries: number
}

const ANSWER_BYTES = 256

serveCompanion(listenToLogs)

async function listenToLogs({ servers }: LogListenerInput): Promise<Served> {
  const connection = await connect({ servers, noAsyncTraces: true })
  const answer = new Uint8Array(ANSWER_BYTES)
  let entries = 0
  connection.subscribe('streamy.*.log.>', {
    callback: () => {
      entries += 1
      connection.publish('bench.answers', answer)
    },
  })
  await connection.flush()
  return { status: (): LogListenerStatus => ({ entries }) }
}
