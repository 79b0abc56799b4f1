// Random transactions compared with a plain sorted map (testing/kv-model.ts): embedded, with a driven clock and crashes
// in between, and on engines with one to eight partitions, where footprints are missed, votes are cast and index nodes
// redirect. Nodes hold four items here, so forty keys make a tree of three levels that splits and merges all the time.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { kvLimits } from './limits.ts'
import { ClusterRun } from './testing/cluster-run.ts'
import { EmbeddedRun } from './testing/embedded-run.ts'
import { rounds, runs } from './testing/kv-arbitraries.ts'

vi.mock(import('./limits.ts'), async (original) => {
  const module = await original()
  return { kvLimits: { ...module.kvLimits, indexNodeItemsMax: 4 } as unknown as typeof kvLimits }
})

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamy-kv-'))
})
afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
})

let opened = 0

test('embedded, it does what a sorted map does, also across crashes', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(rounds, fc.boolean()), { minLength: 1, maxLength: 3 }), async (lives) => {
      const run = new EmbeddedRun(join(directory, `${opened++}`))
      await run.open()
      for (const [life, crashes] of lives) {
        for (const { sent, tens } of life) await run.round(sent, tens)
        await run.reopen(crashes)
      }
      await run.checkAtRest()
      await run.close()
    }),
    runs(25),
  )
  expect(opened).toBe(25)
})

test.each([
  { placement: [0] },
  { placement: [0, 0, 0] },
  { placement: [0, 1] },
  { placement: [0, 1, 2, 0, 1] },
  { placement: [0, 1, 2, 3, 0, 1, 2, 3] },
])('with partitions $placement, it does what a sorted map does', { timeout: 240_000 }, async ({ placement }) => {
  let attempts = 0
  await fc.assert(
    fc.asyncProperty(rounds, fc.boolean(), async (life, faulty) => {
      const faults = faulty ? { loss: 0.1, repeat: 0.1 } : undefined
      const run = new ClusterRun(placement, faults)
      for (const { sent, tens } of life) await run.round(sent, tens)
      await run.checkAtRest()
      attempts = Math.max(attempts, ...run.attempts())
    }),
    runs(placement.length === 1 ? 10 : 25),
  )
  // Else nothing was missed, and the test has shown little: ranges are missed up to the attempt that runs alone.
  expect(attempts).toBe(placement.length === 1 ? 1 : 4)
})
