// Holds the walls between the packages and the shape of the files, so that the picture in ARCHITECTURE.md stays true.
// Reads sources as text. What the compiler and the linter say themselves is not repeated here.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

interface SourceFile {
  readonly path: string
  readonly text: string
  readonly imports: readonly Import[]
}

interface Import {
  readonly specifier: string
  /** `import type`, which leaves no trace in the compiled file. */
  readonly typeOnly: boolean
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const fileLinesMax = 450
const bannedNames = /^(utils?|helpers?|commons?|misc|managers?)$/
const programs = ['bench', 'examples', 'scripts', 'test']

// A package imports packages of a lower rank only. A new package gets its rank here and its line in ARCHITECTURE.md.
const ranks: Readonly<Record<string, number>> = {
  '@streamy-db/core': 0,
  '@streamy-db/actors': 1,
  '@streamy-db/embedded': 1,
  '@streamy-db/jetstream': 1,
  '@streamy-db/runtime': 2,
  '@streamy-db/kv': 3,
  '@streamy-db/documents': 4,
  '@streamy-db/server': 5,
  'streamy-db': 6,
}

const packages = readdirSync(join(root, 'packages')).map((folder) => ({
  name: manifestName(join(root, 'packages', folder)),
  files: sourceFiles(join(root, 'packages', folder, 'src')),
}))
const packageFiles = packages.flatMap(({ files }) => files)
const allFiles = [...packageFiles, ...programs.flatMap((folder) => sourceFiles(join(root, folder)))]

test('imports are seen however they are written', () => {
  const text = [
    "import a, { type B } from './a.ts'",
    'import {\n  c,\n  d,\n} from "./c.ts"',
    "import type { E } from './e.ts'",
    "import './f.ts'",
    "export { g } from './g.ts'",
    "const h = await import('./h.ts')",
    "// import i from './i.ts'",
    " * import j from './j.ts'",
    "const k = 'https://k.example' + from './k.ts'",
  ].join('\n')
  expect(importsIn(text).map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? ' (type)' : ''}`)).toEqual([
    './a.ts',
    './c.ts',
    './e.ts (type)',
    './f.ts',
    './g.ts',
    './h.ts',
  ])
})

test('every package has a rank', () => {
  expect(packages.map(({ name }) => name).toSorted()).toEqual(Object.keys(ranks).toSorted())
})

test('a package imports packages of a lower rank only', () => {
  const offences = packages.flatMap(({ name, files }) =>
    importsWhere(files, (specifier) => {
      const target = packageOf(specifier)
      return target !== undefined && target !== name && rankOf(target) >= rankOf(name)
    }),
  )
  expect(offences).toEqual([])
})

test('nobody reaches into another package', () => {
  const leavesItsPackage = (specifier: string, file: SourceFile): boolean =>
    specifier.startsWith('.') && homeOf(join(dirname(file.path), specifier)) !== homeOf(file.path)
  const isDeep = (specifier: string): boolean =>
    packageOf(specifier) !== undefined && specifier !== packageOf(specifier) && !specifier.endsWith('/testing')
  expect(importsWhere(allFiles, (specifier, file) => isDeep(specifier) || leavesItsPackage(specifier, file))).toEqual(
    [],
  )
})

test('the checkers of recorded histories import nothing of the packages', () => {
  const checkers = allFiles.filter(({ path }) => path.startsWith(join('test', 'checkers')))
  expect(checkers.length).toBeGreaterThan(0)
  expect(importsWhere(checkers, (specifier) => packageOf(specifier) !== undefined)).toEqual([])
})

test('only tests import what is for testing', () => {
  const published = packageFiles.filter((file) => !isForTests(file))
  expect(importsWhere(published, (specifier) => /\/testing(\/|$)/.test(specifier))).toEqual([])
})

test('an index lists its exports by name, and no file of its own package imports it', () => {
  const wildcard = packageFiles.filter((file) => basename(file.path) === 'index.ts' && /^export \* /m.test(file.text))
  expect(wildcard.map(({ path }) => path)).toEqual([])
  const published = packageFiles.filter((file) => !isForTests(file))
  expect(importsWhere(published, (specifier) => /^\.(?:.*\/)?index\.[jt]s$/.test(specifier))).toEqual([])
})

// Types may name each other in a circle: they are not there when the program runs.
test('no files import each other in a circle', () => {
  expect(findCircle(packageFiles)).toBeUndefined()
})

test('every file opens with a comment that says what it is', () => {
  const offences = allFiles.filter(({ text }) => !/^(#!.*\n)?\s*(\/\/|\/\*)/.test(text))
  expect(offences.map(({ path }) => path)).toEqual([])
})

test(`no file is longer than ${fileLinesMax} lines`, () => {
  const offences = allFiles.filter(({ text }) => text.split('\n').length > fileLinesMax + 1)
  expect(offences.map(({ path, text }) => `${path}: ${text.split('\n').length - 1} lines`)).toEqual([])
})

test('no file is named after nothing in particular', () => {
  const offences = allFiles.filter(({ path }) => path.split(/[/.]/).some((part) => bannedNames.test(part)))
  expect(offences.map(({ path }) => path)).toEqual([])
})

function manifestName(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly name: string }
  return manifest.name
}

function sourceFiles(folder: string): readonly SourceFile[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.m?[jt]s$/.test(path) && !/(^|\/)(dist|node_modules|fixtures)\//.test(path))
    .toSorted()
    .map((path) => readSource(join(folder, path)))
}

function readSource(file: string): SourceFile {
  const text = readFileSync(file, 'utf8')
  return { path: relative(root, file), text, imports: importsIn(text) }
}

// Comments are dropped first, since documentation shows imports too. A URL's slashes are no comment.
function importsIn(text: string): readonly Import[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|[^:'"`])\/\/.*$/gm, '$1')
  const statement = /^\s*(?:import|export)\s(type\s)?(?:[\w\s{},*$]*?\sfrom\s*)?['"]([^'"]+)['"]/gm
  const call = /\bimport\(\s*['"]([^'"]+)['"]/g
  return [
    ...[...code.matchAll(statement)].map(([, type, specifier = '']) => ({ specifier, typeOnly: type !== undefined })),
    ...[...code.matchAll(call)].map(([, specifier = '']) => ({ specifier, typeOnly: false })),
  ]
}

function importsWhere(
  files: readonly SourceFile[],
  isOffence: (specifier: string, file: SourceFile) => boolean,
): readonly string[] {
  return files.flatMap((file) =>
    file.imports
      .filter(({ specifier }) => isOffence(specifier, file))
      .map(({ specifier }) => `${file.path} imports ${specifier}`),
  )
}

function packageOf(specifier: string): string | undefined {
  return /^(@streamy-db\/[^/]+|streamy-db)(?=\/|$)/.exec(specifier)?.[1]
}

function rankOf(name: string): number {
  return ranks[name] ?? Number.NaN
}

/** The package or program folder that a path from the root lies in: `packages/core`, `test`. */
function homeOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  return first === 'packages' ? `${first}/${second}` : first
}

function isForTests(file: SourceFile): boolean {
  return /\.(test|test-d|bench|standard|metadata)\.ts$/.test(file.path) || file.path.includes('/src/testing/')
}

// Depth first, by name, with the path walked so far: the first file met again on its own path closes a circle.
function findCircle(files: readonly SourceFile[]): readonly string[] | undefined {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const finished = new Set<string>()
  const visit = (path: string, walked: readonly string[]): readonly string[] | undefined => {
    if (walked.includes(path)) return [...walked.slice(walked.indexOf(path)), path]
    if (finished.has(path)) return undefined
    for (const { specifier, typeOnly } of byPath.get(path)?.imports ?? []) {
      if (typeOnly || !specifier.startsWith('.')) continue
      const circle = visit(join(dirname(path), specifier), [...walked, path])
      if (circle) return circle
    }
    finished.add(path)
    return undefined
  }
  for (const { path } of files) {
    const circle = visit(path, [])
    if (circle) return circle
  }
  return undefined
}
