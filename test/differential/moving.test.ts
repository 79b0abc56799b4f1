// The differential proof where partitions move: whoever executes a partition, from which checkpoint on, and however
// often it changed hands, it comes to what the sequential reference comes to, and every request is answered once.
//
//   STREAMY_SEED=123 npx vitest run test/differential/moving.test.ts    replays the campaigns of one seed
//   STREAMY_RUNS=20000 npx vitest run test/differential/moving.test.ts  makes every campaign that long

import { Engine, type EngineOptions } from '@streamy-db/core'
import { expect, test } from 'vitest'
import { bankVocabulary } from './bank-vocabulary.ts'
import { replayCommand, runCampaign } from './campaign.ts'
import { MovingSimulation } from './moving-simulation.ts'
import { toyVocabulary } from './toy-vocabulary.ts'
import type { Vocabulary } from './vocabulary.ts'

const file = 'moving.test.ts'
const runs = Number(process.env['STREAMY_RUNS'] ?? 100)
const path = process.env['STREAMY_PATH']
const asked = process.env['STREAMY_SEED']
const seeds = asked === undefined ? [1, Math.floor(Math.random() * 0x7fffffff)] : [Number(asked)]
const timeout = 60_000 + runs * 1000

test.each(seeds)('toy actors move between workers and nobody notices: seed %i', { timeout }, async (seed) => {
  expect(await differences(toyVocabulary, seed)).toBe('none')
})

test.each(seeds)('decorated actors move between workers and nobody notices: seed %i', { timeout }, async (seed) => {
  expect(await differences(bankVocabulary, seed)).toBe('none')
})

async function differences<Saying>(vocabulary: Vocabulary<Saying>, seed: number): Promise<string> {
  console.log(replayCommand(file, seed, runs))
  const make = (engine: EngineOptions): Engine => new Engine(engine)
  const start = (...given: ConstructorParameters<typeof MovingSimulation<Saying>>): MovingSimulation<Saying> =>
    new MovingSimulation(...given)
  const options = { vocabulary, make, start, file, seed, runs }
  return (await runCampaign(path === undefined ? options : { ...options, path })) ?? 'none'
}
