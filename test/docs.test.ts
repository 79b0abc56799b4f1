// The programs in docs/: each `ts` block is compiled, with its types, against the built packages, run, and must print the
// `text` block behind it. Build first; `npm test` does.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

interface Program {
  readonly name: string
  readonly source: string
  readonly output: string
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const typescript = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const documents = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const programs = documents.flatMap(programsOf)
const compileTimeoutMs = 120_000
let folder = ''

beforeAll(() => {
  mkdirSync(join(root, 'test', 'dist'), { recursive: true })
  // Inside the workspace, where `streamy-db` is found.
  folder = mkdtempSync(join(root, 'test', 'dist', 'docs-'))
  for (const { name, source } of programs) writeFileSync(join(folder, `${name}.mts`), source)
  const compilerOptions = {
    target: 'ES2023',
    module: 'NodeNext',
    strict: true,
    types: ['node'],
    experimentalDecorators: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  run(process.execPath, [typescript, '-p', folder])
}, compileTimeoutMs)

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

test.each(programs)('$name prints what the page says', ({ name, output }) => {
  expect(run(process.execPath, [join(folder, `${name}.mjs`)]).trim()).toBe(output.trim())
})

// Pages on running a cluster show commands, and programs that need a server.
test('the page on the key-value layer has programs', () => {
  expect(programsOf('kv.md')).not.toEqual([])
})

function programsOf(document: string): readonly Program[] {
  const text = readFileSync(join(root, 'docs', document), 'utf8')
  const blocks = text.matchAll(/^```ts\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/gm)
  const page = document.replace('.md', '')
  return [...blocks].map(([, source = '', output = ''], index) => ({ name: `${page}-${index + 1}`, source, output }))
}

function run(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string }
    throw new Error(`${args.join(' ')} failed:\n${stdout ?? ''}${stderr ?? ''}`, { cause: error })
  }
}
