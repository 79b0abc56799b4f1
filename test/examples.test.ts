// The examples run and print what they promise. They run as a newcomer runs them, by Node from the compiled files, so
// build first; `npm test` does.

import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const examples = join(dirname(dirname(fileURLToPath(import.meta.url))), 'examples')
const timeoutMs = 30_000

test('the bank loses nothing in a crash', { timeout: timeoutMs }, async () => {
  const output = await run('dist/bank/src/main.js', '0.5')
  expect(output).toContain('Then SIGKILL')
  const verdicts = output.split('\n').filter((line) => /^ {2}(yes|NO ) /.test(line))
  expect(verdicts).toHaveLength(4)
  for (const verdict of verdicts) expect(verdict).toMatch(/^ {2}yes /)
  expect(Number(/(\d+) acknowledged, 0 lost/.exec(output)?.[1])).toBeGreaterThan(0)
})

test('the counters count', { timeout: timeoutMs }, async () => {
  expect(await run('dist/counters/src/main.js')).toBe(
    [
      'visits: 1001',
      'order ids: 1, 2, 3',
      'first invoice id: 1',
      'visits after a restart: 1001',
      'next order id after a restart: 4',
      '',
    ].join('\n'),
  )
})

test('the timers survive a restart', { timeout: timeoutMs }, async () => {
  expect(await run('dist/timers/src/main.js')).toBe(
    [
      '12B is held for Bob',
      '12B is free because Bob did not pay',
      '12A is sold to Ada',
      'closed, with 12C held for Cleo',
      '12C is free again: its time was over while nothing ran',
      '12A is sold to Ada',
      '',
    ].join('\n'),
  )
})

test('the shop sells what it has', { timeout: timeoutMs }, async () => {
  expect(await run('dist/shop/src/main.js')).toBe(
    [
      'the e-mail is taken by ada',
      'orders 1 and 2',
      'refused: stock would be below 0',
      'open, the dearest first: 1 at 11, 2 at 6',
      'stock: 2 cola, 2 ice, 10 tea',
      'drinks: Cola, Tea',
      'totals: cancelled 11, open 6',
      '',
    ].join('\n'),
  )
})

test('plain JavaScript needs no decorators and no compiler', { timeout: timeoutMs }, async () => {
  expect(await run('plain-javascript/src/main.js')).toBe('cart-1: 2 tea, 1 cake: 11\n')
})

// Rejects when the example ends with anything but 0.
async function run(file: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(examples, file), ...args])
  return stdout
}
