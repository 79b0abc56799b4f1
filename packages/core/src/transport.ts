// The transport port: how workers tell each other about transactions in flight. Best effort only; everything that
// rests on it asks again (K6). `testing/transport-conformance.ts` holds every implementation to this file, which is the
// contract alone.
//
// X1 A message reaches the workers that listen for its destination (`destinationOf`), and no others.
// X2 What arrives was sent, whole and unchanged, and shares no memory with what the sender holds.
// X3 Messages may be lost, repeated, late and out of order; what is sent again and again arrives at last.
// X4 A handler is never called from within `send`: a worker is never entered twice.
// X5 After `close` nothing arrives and `send` does nothing: a worker that stops has nobody left to tell.

import type { PeerMessage } from './peer-message.ts'
import type { PartitionId } from './position.ts'

/** One worker's end of the transport; see X1 to X5 above. */
export interface Transport {
  /** Sends a message on its way; returns before it has arrived, if it does. */
  send(message: PeerMessage): void
  /** Listens for the messages of exactly these partitions from now on; of none at first. Changes with the view. */
  listen(partitions: readonly PartitionId[]): void
  /** Says who takes what arrives; the last one said takes it all. What arrives before is lost. */
  onMessage(handler: (message: PeerMessage) => void): void
  /** Stops listening and lets go of what it holds; may be repeated. */
  close(): Promise<void>
}
