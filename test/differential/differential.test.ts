// The differential proof: whatever engines do with a log, on any layout and under any faults, comes to what the
// sequential reference executor comes to (DESIGN §2). Each case makes up a log and a schedule; see simulation.ts.
//
//   STREAMY_SEED=123 npx vitest run test/differential    replays the campaigns of one seed; a failure prints this line
//   STREAMY_RUNS=20000 npx vitest run test/differential  makes every campaign that long

import { Engine, type EngineOptions } from '@streamy-db/core'
import { expect, test } from 'vitest'
import { bankVocabulary } from './bank-vocabulary.ts'
import { replayCommand, runCampaign } from './campaign.ts'
import { Simulation } from './simulation.ts'
import { toyVocabulary } from './toy-vocabulary.ts'
import type { Vocabulary } from './vocabulary.ts'

const file = 'differential.test.ts'
const runs = Number(process.env['STREAMY_RUNS'] ?? 100)
const path = process.env['STREAMY_PATH']
const asked = process.env['STREAMY_SEED']
const seeds = asked === undefined ? [1, Math.floor(Math.random() * 0x7fffffff)] : [Number(asked)]
const timeout = 60_000 + runs * 1000

test.each(seeds)('engines run toy actors as the reference does: seed %i', { timeout }, async (seed) => {
  expect(await differences(toyVocabulary, seed)).toBe('none')
})

test.each(seeds)('engines run decorated actors as the reference does: seed %i', { timeout }, async (seed) => {
  expect(await differences(bankVocabulary, seed)).toBe('none')
})

async function differences<Saying>(vocabulary: Vocabulary<Saying>, seed: number): Promise<string> {
  console.log(replayCommand(file, seed, runs))
  const make = (engine: EngineOptions): Engine => new Engine(engine)
  const start = (...given: ConstructorParameters<typeof Simulation<Saying>>): Simulation<Saying> =>
    new Simulation(...given)
  const options = { vocabulary, make, start, file, seed, runs }
  return (await runCampaign(path === undefined ? options : { ...options, path })) ?? 'none'
}
