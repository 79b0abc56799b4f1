// The state shelves: one contract, in a directory and in memory.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testStateShelfConformance } from '../../testing/state-shelf-conformance.ts'
import { DirectoryStateShelf } from './directory-state-shelf.ts'
import { MemoryStateShelf } from './state-shelf.ts'

testStateShelfConformance('a directory', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streamy-shelf-'))
  let shelf: DirectoryStateShelf | undefined
  return {
    durable: true,
    open: async () => {
      await shelf?.close()
      return (shelf = await DirectoryStateShelf.open(directory))
    },
    discard: async () => {
      await shelf?.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
})

testStateShelfConformance('memory', async () => ({
  durable: false,
  open: async () => new MemoryStateShelf(),
  discard: async () => {},
}))
