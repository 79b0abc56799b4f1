// The memory state store passes the conformance suite.

import { MemoryStateStore } from './memory-state-store.ts'
import { testStateStoreConformance } from './testing/state-store-conformance.ts'

testStateStoreConformance('MemoryStateStore', async () => ({
  open: async () => new MemoryStateStore(),
  discard: async () => {},
  durable: false,
}))
