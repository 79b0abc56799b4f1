// What tests of whole clusters use: the parts of workers and clients, so that a test can put them on ports of its own, look
// at what they send each other, and break them.

export { clockOf } from '../clock.ts'
export { FrontDesk } from '../cluster/front-desk/front-desk.ts'
export { SharedBarrier } from '../cluster/front-desk/shared-barrier.ts'
export { findDatabase } from '../cluster/find-database.ts'
export { decodeClientMessage, type ClientMessage } from '../cluster/protocol/client-message.ts'
export { addresses } from '../cluster/protocol/addresses.ts'
export { assembleWorker, type WorkerGround } from '../cluster/worker/assemble-worker.ts'
export { decodePartition } from '../cluster/worker/checkpoint-format.ts'
export { Checkpoints } from '../cluster/worker/checkpoints.ts'
export { ReplicaState } from '../cluster/worker/replica-state.ts'
export { WorkerDesk } from '../cluster/worker/worker-desk.ts'
export type { ShelvedStore, StateShelf } from '../cluster/worker/state-shelf.ts'
export type { Turns } from '../cluster/worker/turns.ts'
export { testStateShelfConformance, type StateShelfFixture } from './state-shelf-conformance.ts'
