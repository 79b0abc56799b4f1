// Random transactions of documents compared with a plain list (testing/collection-model.ts): embedded, with crashes,
// index builds and drops in between. Every query is run through every index that can answer it. Nodes of indexes hold
// four items here, so a dozen documents make trees that split and merge all the time.
//
// `DOCUMENT_CASES=2000 npx vitest run packages/documents/src/collection-differential.test.ts` is a campaign.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { indexPool, queries, someOf, transactions, uniquePool } from './testing/document-arbitraries.ts'
import { ClusterRun } from './testing/cluster-run.ts'
import { EmbeddedRun } from './testing/embedded-run.ts'

vi.mock('../../kv/src/limits.ts', async (original) => {
  const module = await original<{ kvLimits: object }>()
  return { kvLimits: { ...module.kvLimits, indexNodeItemsMax: 4 } }
})
vi.mock(import('./limits.ts'), async (original) => {
  const module = await original()
  const small = { buildStepDocumentsMax: 3, clearStepKeysMax: 3, pageKeysMax: 5, pageDocumentsMax: 3 }
  return { documentLimits: { ...module.documentLimits, ...small } as unknown as typeof module.documentLimits }
})

const cases = Number(process.env['DOCUMENT_CASES'] ?? 20)

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamy-documents-'))
})
afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
})

const rounds = fc.array(
  fc.record({
    sent: fc.array(transactions, { minLength: 1, maxLength: 8 }),
    added: someOf(indexPool),
    dropped: fc.option(fc.constantFrom(...Object.keys(indexPool)), { nil: undefined }),
    asked: fc.array(queries, { minLength: 1, maxLength: 4 }),
    crashes: fc.option(fc.boolean(), { nil: undefined, freq: 3 }),
  }),
  { minLength: 1, maxLength: 6 },
)

test('embedded, it does what a list does, also across crashes', { timeout: 0 }, async () => {
  let opened = 0
  let answered = 0
  await fc.assert(
    fc.asyncProperty(rounds, someOf(uniquePool), async (life, unique) => {
      const run = new EmbeddedRun(join(directory, `${opened++}`), unique)
      await run.open()
      try {
        for (const { sent, added, dropped, asked, crashes } of life) {
          await run.round(sent, added, dropped)
          for (const query of asked) await run.query(query)
          if (crashes !== undefined) await run.reopen(crashes)
        }
        await run.checkAtRest()
      } finally {
        await run.close()
      }
      answered += run.answered
    }),
    { numRuns: cases, endOnFailure: true },
  )
  // Else the planner has hardly been asked.
  expect(answered).toBeGreaterThan(cases)
})

const clusterRounds = fc.array(
  fc.record({
    sent: fc.array(transactions, { minLength: 1, maxLength: 5 }),
    added: someOf(indexPool),
    asked: fc.array(queries, { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 5 },
)

test.each([{ placement: [0, 0, 0] }, { placement: [0, 1] }, { placement: [0, 1, 2, 0, 1] }])(
  'with partitions $placement, it does what a list does',
  { timeout: 0 },
  async ({ placement }) => {
    let attempts = 0
    await fc.assert(
      fc.asyncProperty(clusterRounds, someOf(uniquePool), fc.boolean(), async (life, unique, faulty) => {
        const run = new ClusterRun(placement, faulty ? { loss: 0.1, repeat: 0.1 } : undefined, unique)
        await run.declare(unique)
        for (const { sent, added, asked } of life) {
          await run.round(sent, added)
          for (const query of asked) await run.query(query)
        }
        await run.checkAtRest()
        attempts = Math.max(attempts, ...run.attempts())
      }),
      { numRuns: Math.ceil(cases / 2), endOnFailure: true },
    )
    // Else nothing was missed, and the test has shown little.
    expect(attempts).toBe(4)
  },
)
