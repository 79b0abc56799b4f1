// Goal: the command line says what it means, and what makes no sense is refused by name.
import { expect, test } from 'vitest'
import { UsageError, readOptions } from './options.ts'

test('nothing given means the embedded suite in full', () => {
  expect(readOptions([])).toMatchObject({ suites: ['embedded'], callers: [1, 64, 256, 1024, 4096], rounds: 5 })
})

test('what is given counts, also beside --quick', () => {
  const options = readOptions(['recovery', 'memory', '--quick', '--callers', '1,256', '--seconds', '0.5'])
  expect(options).toMatchObject({ suites: ['memory', 'recovery'], callers: [1, 256], seconds: 0.5, rounds: 2 })
})

test('all names every suite', () => {
  expect(readOptions(['all'])?.suites).toEqual([
    'embedded',
    'cluster',
    'multi-partition',
    'workloads',
    'kv',
    'documents',
    'http',
    'memory',
    'scale',
    'recovery',
    'state',
  ])
})

test('--help is no run', () => {
  expect(readOptions(['--help'])).toBeUndefined()
})

test.each([
  [['embeded'], 'embeded'],
  [['--workloads', 'ids,cold'], 'cold'],
  [['--callers', '1,x'], 'x'],
  [['--callers', '1.5'], '1.5'],
  [['--seconds', '0'], '0'],
  [['--rounds', '-1'], 'rounds'],
  [['--fast'], '--fast'],
])('%j is refused', (args, named) => {
  expect(() => readOptions(args)).toThrow(UsageError)
  expect(() => readOptions(args)).toThrow(named)
})

test('--peers means the workloads suite, beside all of them', () => {
  expect(readOptions(['--peers'])).toMatchObject({ suites: ['workloads'], specCallers: undefined })
  expect(readOptions(['--peers'])?.peers).toContain('redis')
  expect(readOptions(['cluster', '--peer', 'redis,etcd'])).toMatchObject({
    suites: ['cluster'],
    peers: ['redis', 'etcd'],
  })
  expect(() => readOptions(['--peer', 'oracle'])).toThrow('oracle')
})

test('workloads are named for both kinds of suites', () => {
  const options = readOptions(['--workloads', 'ids,ycsb-a,floor-ids', '--callers', '7'])
  expect(options).toMatchObject({ workloads: ['floor-ids', 'ids'], specs: ['ids', 'ycsb-a'], specCallers: [7] })
})
