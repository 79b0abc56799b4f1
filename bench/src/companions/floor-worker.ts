// The floor's worker: takes every message of a stream as it comes, reads how many calls it holds, and answers with that.

import { Packr } from 'msgpackr'
import { AckPolicy, DeliverPolicy, connect, createInbox } from 'nats'
import { serveCompanion, type Served } from '../companion.ts'
import { arrayLength } from '../floor.ts'

/** What it is told. */
export interface FloorWorkerInput {
  readonly servers: string
  readonly stream: string
  /** Where it answers. */
  readonly answers: string
}

/** What it has seen. */
export interface FloorWorkerStatus {
  readonly calls: number
}

serveCompanion(startFloorWorker)

async function startFloorWorker({ servers, stream, answers }: FloorWorkerInput): Promise<Served> {
  const connection = await connect({ servers })
  const manager = await connection.jetstreamManager()
  const packr = new Packr()
  const inbox = createInbox()
  let calls = 0
  connection.subscribe(inbox, {
    callback: (_, { data }) => {
      const count = arrayLength(data)
      calls += count
      connection.publish(answers, packr.pack(count))
    },
  })
  await manager.consumers.add(stream, {
    deliver_subject: inbox,
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
  })
  return { status: (): FloorWorkerStatus => ({ calls }) }
}
