// Goal: the summary names functions by their own time, and idle time counts for nobody. Method: a profile written by hand.
import type { Profiler } from 'node:inspector/promises'
import { expect, test } from 'vitest'
import { Profile, summaryLines } from './profile.ts'

const node = (id: number, functionName: string, url = ''): Profiler.ProfileNode => ({
  id,
  callFrame: { functionName, url, scriptId: '1', lineNumber: 9, columnNumber: 0 },
})

test('functions are listed by their own time, without what was idle', () => {
  const nodes = [
    node(1, '(idle)'),
    node(2, 'run', 'file:///a/engine.js'),
    node(3, ''),
    node(4, 'run', 'file:///a/engine.js'),
  ]
  const samples = [1, 1, 1, 1, 2, 4, 4, 3]
  const lines = summaryLines({ nodes, startTime: 0, endTime: 1, samples })
  expect(lines[0]).toContain('50.0 %')
  expect(lines.slice(3).map((line) => line.split(/\s{2,}/))).toEqual([
    ['run', 'engine.js:10', '75.0 %'],
    ['(anonymous)', '25.0 %'],
  ])
})

test('a profile names functions that ran', async () => {
  const profile = await Profile.start()
  expect((await profile.stop())[0]).toContain('PROFILE')
})
