// The memory checkpoint store passes the conformance suite; and the names of objects sort as their checkpoints do.

import { expect, it } from 'vitest'
import { checkpointManifestName, checkpointOf, checkpointPartName, checkpointPrefix } from './checkpoint-store.ts'
import { MemoryCheckpointStore } from './memory-checkpoint-store.ts'
import { testCheckpointStoreConformance } from './testing/checkpoint-store-conformance.ts'

testCheckpointStoreConformance('MemoryCheckpointStore', async () => ({
  open: async () => new MemoryCheckpointStore(),
  discard: async () => {},
  durable: false,
}))

it('names objects so that they sort by checkpoint, then partition, and can be told apart', () => {
  const checkpoints = [0, 9, 10, 4096, Number.MAX_SAFE_INTEGER]
  const names: string[] = []
  for (const checkpoint of checkpoints) {
    names.push(checkpointManifestName(checkpoint))
    for (const partition of [0, 9, 10, 1023]) names.push(checkpointPartName(checkpoint, partition))
  }
  expect(names.toSorted()).toEqual(names)
  expect(names.map(checkpointOf)).toEqual(names.map((_, index) => checkpoints[Math.floor(index / 5)]))
  expect(names.filter((name) => name.startsWith(checkpointPrefix(10)))).toHaveLength(5)
  expect(checkpointOf('something/else')).toBeUndefined()
})
