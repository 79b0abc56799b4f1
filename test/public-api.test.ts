// The public face as its users' compiler sees it: every exported name with its declaration, compared with
// public-api.txt, so that no change of it happens by accident. Reads the compiled declarations, so build first; `npm test`
// does. A change that is meant: `npm test -- test/public-api.test.ts -u`, and a changeset.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { errorKinds } from '@streamy-db/core'
import * as face from 'streamy-db'

const packages = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages')

/** What is exported, and where it is declared. */
interface Export {
  readonly name: string
  readonly from: string
}

const exported = exportsOf(join(packages, 'streamy-db', 'dist', 'index.d.ts')).toSorted((a, b) =>
  a.name < b.name ? -1 : 1,
)

test('the names that exist when a program runs', () => {
  expect(Object.keys(face).toSorted()).toEqual([
    'Actor',
    'ActorError',
    'ArgumentsInvalid',
    'DocumentInvalid',
    'DuplicateKey',
    'FilterInvalid',
    'HistoryTrimmed',
    'IndexConflict',
    'IndexKeyInvalid',
    'KvRangeTooLarge',
    'KvTypeMismatch',
    'ManualClock',
    'ScanRefused',
    'StreamyError',
    'TooManyDocuments',
    'UpdateInvalid',
    'actor',
    'connect',
    'createDatabase',
    'databasePermissions',
    'defineCollection',
    'kvRef',
    'message',
    'open',
    'query',
    'reads',
    'registerActor',
    'startServer',
    'startWorker',
    'transient',
  ])
  for (const name of Object.keys(face)) expect(exported.map((each) => each.name)).toContain(name)
})

test('the declarations and the codes of errors', async () => {
  const declarations = exported.map(({ name, from }) => declarationOf(name, fileOf(from)))
  const codes = Object.entries(errorKinds).map(([code, kind]) => `${code} ${kind}\n`)
  await expect([...declarations, codes.join('')].join('\n')).toMatchFileSnapshot('public-api.txt')
})

test('every exported declaration has a description', () => {
  const bare = exported.filter(({ name, from }) => !isDescribed(name, fileOf(from)))
  expect(bare.map(({ name }) => name)).toEqual([])
})

function exportsOf(file: string): readonly Export[] {
  const statement = /export\s+(?:type\s+)?\{([^}]*)\}\s*from\s*'([^']+)'/g
  return [...readFileSync(file, 'utf8').matchAll(statement)].flatMap(([, names = '', from = '']) =>
    names
      .split(',')
      .map((name) => name.replace(/\btype\s/, '').trim())
      .filter((name) => name !== '')
      .map((name) => ({ name, from })),
  )
}

/** The file of declarations, or the index of a package's, that `from`, as written in streamy-db's index, stands for. */
function fileOf(from: string): string {
  if (from.startsWith('./')) return join(packages, 'streamy-db', 'dist', from.replace(/\.[jt]s$/, '.d.ts'))
  return join(packages, from.replace('@streamy-db/', ''), 'dist', 'index.d.ts')
}

/** The declaration of `name` without comments; follows re-exports from the index of its package. */
function declarationOf(name: string, index: string): string {
  return statementOf(name, sourceOf(name, index).replaceAll(/\/\*[\s\S]*?\*\/\n?\s*/g, ''))
}

function isDescribed(name: string, index: string): boolean {
  return new RegExp(`\\*/\\nexport [a-z ]*\\b${name}\\b`).test(sourceOf(name, index))
}

function sourceOf(name: string, index: string): string {
  const origin = exportsOf(index).find((each) => each.name === name)
  // It is no index: what it exports, it declares.
  if (origin === undefined) return readFileSync(index, 'utf8')
  return readFileSync(join(dirname(index), origin.from.replace(/\.[jt]s$/, '.d.ts')), 'utf8')
}

// All statements that declare it (overloads), each from its first line to the line where its brackets are closed.
function statementOf(name: string, source: string): string {
  const lines = source.split('\n')
  const starts = lines.flatMap((line, at) => (new RegExp(`^export [a-z ]*\\b${name}\\b`).test(line) ? [at] : []))
  if (starts.length === 0) throw new Error(`${name} is not declared where it is exported from`)
  return starts.map((start) => `${lines.slice(start, endOf(lines, start) + 1).join('\n')}\n`).join('')
}

function endOf(lines: readonly string[], start: number): number {
  let depth = 0
  for (let at = start; at < lines.length; at++) {
    for (const character of lines[at]!) depth += '{(['.includes(character) ? 1 : '})]'.includes(character) ? -1 : 0
    if (depth === 0 && /[;}]$/.test(lines[at]!)) return at
  }
  return lines.length
}
