// A short run of chaos, with every kind of fault that fits into it. Longer ones: npm run chaos -- --minutes M.

import { expect, test } from 'vitest'
import { totalOfAll } from '../workloads.ts'
import { runChaos } from './chaos.ts'

const seed = process.env['STREAMY_CHAOS_SEED'] ?? `${Math.floor(Math.random() * 1e9)}`
const seconds = Number(process.env['STREAMY_CHAOS_SECONDS'] ?? 20)

test(`nothing that was promised breaks in ${seconds} s of chaos`, { timeout: 180_000 + seconds * 2000 }, async () => {
  console.log(`Seed ${seed}; again: STREAMY_CHAOS_SEED=${seed} npm test -- test/cluster/chaos`)
  const log: string[] = []
  const say = (what: string): void => void log.push(what)
  const { judgements, total, calls, answered } = await runChaos({ seed, seconds, servers: 1, say })
  const broken = judgements.filter(({ verdict }) => verdict.result !== 'valid').map(({ explained }) => explained)
  if (broken.length > 0) console.log(log.join('\n'))
  expect(broken).toEqual([])
  expect(total).toBe(totalOfAll)
  expect(answered).toBeGreaterThanOrEqual(0.9 * calls)
})
