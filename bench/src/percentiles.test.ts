// Goal: percentiles are those of all samples, also when there are more than are kept.
import { expect, test } from 'vitest'
import { Latencies } from './percentiles.ts'
import { spreadOf } from './spread.ts'

test('percentiles are by nearest rank, whatever the order of the samples', () => {
  const latencies = new Latencies()
  for (const sample of [5, 1, 4, 2, 3]) latencies.record(sample)
  expect([0, 0.2, 0.21, 0.5, 0.99, 1].map((share) => latencies.percentile(share))).toEqual([1, 1, 2, 3, 5, 5])
})

test('there is no percentile of nothing', () => {
  expect(new Latencies().percentile(0.5)).toBeNaN()
})

test('what does not fit is thinned evenly', () => {
  const latencies = new Latencies(64)
  for (let sample = 1; sample <= 10_000; sample++) latencies.record(sample)
  expect(Math.abs(latencies.percentile(0.5) - 5000)).toBeLessThan(400)
  expect(latencies.percentile(1)).toBeGreaterThan(9500)
})

test('a median lies between the two middle values of an even number', () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, low: 1, high: 4 })
  expect(spreadOf([7])).toEqual({ median: 7, low: 7, high: 7 })
})
