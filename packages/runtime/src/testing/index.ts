// What tests of whole clusters use: the parts of workers and clients, so that a test can put them on ports of its own, look
// at what they send each other, and break them.

export { clockOf } from '../clock.ts'
export { findDatabase } from '../cluster/find-database.ts'
export { addresses } from '../cluster/protocol/addresses.ts'
export { decodeClientMessage } from '../cluster/protocol/client-message.ts'
export { assembleWorker } from '../cluster/worker/assemble-worker.ts'
export { decodePartition } from '../cluster/worker/checkpoint-format.ts'
export { Checkpoints } from '../cluster/worker/checkpoints.ts'
export type { ShelvedStore, StateShelf } from '../cluster/worker/state-shelf.ts'
export type { Turns } from '../cluster/worker/turns.ts'
export { testStateShelfConformance, type StateShelfFixture } from './state-shelf-conformance.ts'

// What tests break, to see that it is noticed.
export { ClusterClient } from '../cluster/client/cluster-client.ts'
export { RequestDesk } from '../cluster/client/request-desk.ts'
export { SequenceWindow } from '../cluster/client/sequence-window.ts'
export { ClusterWorker } from '../cluster/worker/cluster-worker.ts'
export { TransactionDraft } from '../transaction-draft.ts'
